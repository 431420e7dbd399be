"""Every kind of alert says what happened and what to type, whether or not a mailing came of it."""

from datetime import UTC, datetime

import pytest

from mailer.alerts.wording import in_words
from mailer.storage.alerts import Alert, Channel, Kind

#: Nothing but a mailing comes to these.
OF_MAILINGS = {Kind.PAUSED, Kind.FAILURES}
AT = datetime(2026, 11, 22, 9, tzinfo=UTC)


def told(kind, *, slug="weekly", detail="because it rains"):
    alert = Alert(
        id=3,
        channel=Channel.MAIL,
        kind=kind,
        mailing_id=None,
        slug=slug,
        schedule_id=None,
        occurrence="",
        detail=detail,
        at=AT,
        attempts=1,
        told=0,
    )
    return in_words(alert, organisation="The Network", mailing=None, counts=None)


@pytest.mark.parametrize("kind", Kind)
@pytest.mark.parametrize("slug", ["weekly", ""])
def test_it_is_whole_without_a_mailing(kind, slug):
    said = told(kind, slug=slug)
    assert said.subject.startswith("The Network: ")
    assert "because it rains." in said.text
    assert "{" not in said.text
    assert (said.document["kind"], said.document["campaign"]) == (kind, slug or None)
    assert all(line.startswith("mailer ") for line in said.document["next"])
    if kind not in OF_MAILINGS:
        assert said.document["next"] or not slug, "there is something to type"


@pytest.mark.parametrize(
    ("kind", "subject"),
    [
        (Kind.EMPTY, "weekly had nothing to send"),
        (Kind.SKIPPED, "weekly was passed over"),
        (Kind.FEED, "weekly: a feed cannot be read"),
        (Kind.ITEM, "weekly goes out without an item"),
        (Kind.BROKEN, "weekly cannot be composed as it is now"),
        (Kind.SILENT, "weekly: nobody is at work"),
    ],
)
def test_the_subject_says_what_happened(kind, subject):
    assert told(kind).subject == f"The Network: {subject}"


def test_what_is_about_no_campaign_begins_as_a_sentence_does():
    assert told(Kind.RELAY, slug="").text.startswith("A relay is set aside: because it rains.")
