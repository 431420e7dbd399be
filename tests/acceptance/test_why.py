"""`mailer why`: one person, one campaign, rule by rule, and what became of it."""

from datetime import UTC, datetime
from smtpd import SmtpServer

import pytest

from ledger_world import email
from mailer.domain.subscriber import SuppressionReason
from mailer.storage import subscriptions, suppressions
from sending_world import Commands, write_letter


def rules(run):
    return {one["rule"]: one["ok"] for one in run.json["reasons"]}


def test_before_anything_was_sent_the_files_audience_decides(mailer, people, project):
    write_letter(project, extra="audience: donors\n")
    donor, other = mailer("why", email(2), "letter", "--json"), mailer("why", email(4), "letter", "--json")
    assert (donor.code, donor.json["would_receive"], donor.json["history"]) == (0, True, [])
    assert rules(donor) == {"list:news": True, "not suppressed": True, "tag:donor": True}
    assert (other.json["email"], other.json["campaign"], other.json["would_receive"]) == (email(4), "letter", False)
    assert rules(other)["tag:donor"] is False


def test_what_became_of_each_person(project, people, database):
    with SmtpServer(rcpt={email(7): "550 5.1.1 no such person"}) as relay:
        mailer = Commands(project, MAILER_SMTP_URL=f"smtp://127.0.0.1:{relay.port}")
        assert mailer("send", "letter", "--yes", "--expect", people).code == 5
    reached, refused = mailer("why", email(3), "letter", "--json").json, mailer("why", email(7), "1", "--json").json
    assert [step["state"] for step in reached["history"]] == ["queued", "sent"]
    assert reached["history"][0]["at"].endswith("Z")
    assert [step["state"] for step in refused["history"]] == ["queued", "failed"]
    assert "550 5.1.1" in refused["history"][1]["detail"]
    assert refused["would_receive"] is False, "the address is suppressed now"
    text = mailer("why", email(7), "letter")
    assert "would not get letter now" in text.out
    assert "550 5.1.1" in text.out


def test_what_somebody_waits_for(project, people):
    put_off = {email(7): "450 4.2.0 mailbox busy"}
    with SmtpServer(rcpt=put_off) as relay:
        mailer = Commands(project, MAILER_SMTP_URL=f"smtp://127.0.0.1:{relay.port}")
        assert mailer("send", "letter", "--yes", "--expect", people, "--queue-only").code == 0
        asked = mailer("why", email(7), "letter", "--json").json
        assert asked["waiting_for"] == {"reason": "no_worker", "until": None}
        assert mailer("worker", "--drain").code == 0
    asked, said = mailer("why", email(7), "letter", "--json").json, mailer("why", email(7), "letter").out
    assert [step["state"] for step in asked["history"]] == ["queued", "deferred"], "in the words of status"
    assert (asked["waiting_for"]["reason"], "It waits: retry, until " in said) == ("retry", True)
    assert mailer("why", email(3), "letter", "--json").json["waiting_for"] is None, "who got it waits for nothing"
    assert mailer("pause", "letter").code == 0
    assert "It waits: paused; to go on: mailer resume 1" in mailer("why", email(7), "letter").out


def test_why_a_mailing_that_paused_itself_keeps_somebody_waiting(project, people):
    with SmtpServer("refuses-at-mail") as relay:
        mailer = Commands(project, MAILER_SMTP_URL=f"smtp://127.0.0.1:{relay.port}")
        assert mailer("send", "letter", "--yes", "--expect", people).code == 1
    said = mailer("why", email(3), "letter").out
    assert (
        "It waits: paused; when that is seen to: mailer resume 1\n  The relay answered our sender address with: 550 5.7.1"
        in said
    )


def test_who_left_who_is_suppressed_and_who_was_cancelled(mailer, people, database):
    assert mailer("send", "letter", "--yes", "--expect", people, "--queue-only").code == 0
    now = datetime.now(UTC)
    with database.writing() as connection:
        subscriptions.leave(connection, 4, list_name="news", mailing_id=1, at=now)
        suppressions.suppress(connection, email(5), reason=SuppressionReason.MANUAL, detail="asked by phone", at=now)
    assert mailer("cancel", "letter").code == 0
    left, silent, other = (mailer("why", email(one), "letter", "--json") for one in (4, 5, 6))
    assert rules(left) == {"list:news": False, "not suppressed": True}
    assert rules(silent) == {"list:news": True, "not suppressed": False}
    assert other.json["would_receive"] is True
    assert [step["state"] for step in other.json["history"]] == ["queued", "cancelled"]
    rest = mailer("status", "letter", "--json").json
    assert rest["unsubscribed"] == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("why", "nobody@example.org", "letter"), "There is nobody with the address nobody@example.org"),
        (("why", "person1@example.org", "no-such"), 'There is no campaign "no-such"'),
        (("why", "person1@example.org", "77"), "There is no mailing 77"),
    ],
)
def test_unknown_names(mailer, people, arguments, message):
    run = mailer(*arguments)
    assert run.code == 1
    assert message in run.err
