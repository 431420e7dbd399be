"""A digest that comes round holds what is new each time; what was held, passed over or empty loses nothing."""

from datetime import timedelta

import pytest
import sqlalchemy as sa

from mailer.domain.mailing import MailingState
from mailer.edition.format import load
from mailer.launch import NothingToSend, Order, fire_due, launch, run_now
from mailer.storage import mailings
from mailer.storage.tables import digest_item
from schedule_world import DAY, FIRST, SECOND, THIRD, alerts, all_mailings, arm_again, finish, outcomes, recorded
from sending_world import write_letter

DIGEST = """---
kind: digest
subject: "News: {{{{ items[0].headline }}}}"
preheader: What was written and asked since you last heard from us
headline: The week
collect:
  first_run: everything
  min_items: {least}
---
Dear {{{{ subscriber.first_name | default("friend") }}}}, this is what the week has brought.
"""


@pytest.fixture
def project(folder):
    for campaign in (folder / "campaigns").iterdir():
        campaign.unlink()
    write_digest(folder)
    return folder


def write_digest(project, least=1):
    (project / "campaigns" / "weekly.md").write_text(DIGEST.format(least=least))


def mail(desk, slug):
    write_letter(desk.settings.root, slug=slug, extra=f"kicker: about {slug}\n")
    finish(desk, launch(desk, Order(slug=slug), lambda *_: None))


def next_issue(desk):
    desk.clock.now += DAY
    (fired,) = fire_due(desk)
    return fired


def held(desk, issue):
    """The slugs of an issue, in its order."""
    of_it = (digest_item.c.mailing_id == issue.id, digest_item.c.place.is_not(None))
    with desk.database.reading() as connection:
        found = connection.scalars(sa.select(digest_item.c.item).where(*of_it).order_by(digest_item.c.place)).all()
    return [key.removeprefix("campaign:") for key in found]


def test_each_issue_holds_what_is_new_and_says_that_nobody_wrote_it(desk):
    mail(desk, "a")
    arm_again(desk, "weekly")
    first = next_issue(desk)
    assert held(desk, first) == ["a"]
    finish(desk, first)
    mail(desk, "b")
    mail(desk, "c")
    second = next_issue(desk)
    assert held(desk, second) == ["c", "b"]
    with desk.database.reading() as connection:
        assert load(mailings.edition_of(connection, second.id)).meta.automatic


def test_an_empty_one_makes_no_mailing_and_says_so_once(desk):
    arm_again(desk, "weekly")
    told = []
    for _ in range(2):
        desk.clock.now += DAY
        assert fire_due(desk, told=told.append) == []
    assert recorded(desk.database) == [
        (FIRST, "empty", "there is nothing new"),
        (SECOND, "empty", "there is nothing new"),
    ]
    assert told[0] == "weekly: nothing goes out for Mon 23 Nov 2026 09:00 UTC: there is nothing new."
    assert len(told) == 2
    assert [kind for kind, _ in alerts(desk.database)] == ["empty"], "a daily digest would nag"
    assert all_mailings(desk.database) == []
    mail(desk, "a")
    assert held(desk, next_issue(desk)) == ["a"]


def test_too_few_items_wait_for_the_next_one(desk):
    write_digest(desk.settings.root, least=2)
    mail(desk, "a")
    arm_again(desk, "weekly")
    desk.clock.now += DAY
    assert fire_due(desk) == []
    mail(desk, "b")
    assert held(desk, next_issue(desk)) == ["b", "a"]
    assert outcomes(desk.database) == [(FIRST, "empty"), (SECOND, "sent")]


def test_what_was_missed_and_what_was_held_is_all_in_the_next_one(desk):
    mail(desk, "a")
    arm_again(desk, "weekly")
    desk.clock.now += 2 * DAY + timedelta(hours=8)
    (late,) = fire_due(desk)
    assert (late.state, late.kind, late.title) == (MailingState.HELD, "digest", "The week")
    mail(desk, "b")
    desk.clock.now += timedelta(hours=16)
    (issue,) = fire_due(desk)
    assert held(desk, issue) == ["b", "a"]
    assert outcomes(desk.database) == [(FIRST, "skipped"), (SECOND, "held"), (THIRD, "sent")]


def test_what_was_held_holds_what_is_new_when_it_is_let_go(desk):
    mail(desk, "a")
    arm_again(desk, "weekly")
    desk.clock.now += DAY + timedelta(hours=8)
    fire_due(desk)
    mail(desk, "b")
    assert held(desk, run_now(desk, "weekly")) == ["b", "a"]


def test_an_extra_issue_leaves_the_next_one_only_what_is_new_since(desk):
    mail(desk, "a")
    arm_again(desk, "weekly")
    extra = run_now(desk, "weekly")
    assert held(desk, extra) == ["a"]
    finish(desk, extra)
    assert run_now(desk, "weekly") == NothingToSend("there is nothing new")
    mail(desk, "b")
    assert held(desk, next_issue(desk)) == ["b"]


def test_an_issue_that_is_sent_by_hand_at_that_moment_takes_its_items_and_the_rest_goes_out(desk, monkeypatch):
    """Two issues want the same item; one has it, and the other looks again."""
    mail(desk, "a")
    arm_again(desk, "weekly")
    from mailer.launch import composing

    real = composing.refuse_broken

    def meanwhile(*arguments):
        real(*arguments)
        monkeypatch.undo()
        launch(desk, Order(slug="weekly"), lambda *_: None)
        mail(desk, "b")

    monkeypatch.setattr(composing, "refuse_broken", meanwhile)
    desk.clock.now += DAY
    assert fire_due(desk) == [], "it was overtaken, and nothing of it is written"
    assert outcomes(desk.database) == []
    (issue,) = fire_due(desk)
    assert held(desk, issue) == ["b"]
