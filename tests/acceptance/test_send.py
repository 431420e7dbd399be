"""`mailer send`, as people and scripts meet it: message, exit code, no traceback. Its troubles: `test_send_troubles`."""

import signal
from datetime import UTC, datetime

import pytest
import sqlalchemy as sa

from ledger_world import make_database, states
from mailer.domain.mailing import RowState
from mailer.storage import heartbeats
from mailer.storage.heartbeats import Role
from mailer.storage.tables import delivery
from sending_world import everybody, recipients, rename, write_letter
from waiting import until

QUEUED, SENT, FAILED = RowState.QUEUED, RowState.SENT, RowState.FAILED


def test_a_campaign_reaches_everybody_once(mailer, people, relay):
    run = mailer("send", "letter", "--yes", "--expect", people, "--json")
    assert run.code == 0
    assert run.json == {"mailing": 1, "campaign": "letter", "recipients": 12, "state": "finished"}
    assert recipients(relay) == everybody()
    assert relay.breaches == []
    status = mailer("status", "letter", "--json").json
    numbers = (
        "queued",
        "leased",
        "sending",
        "sent",
        "deferred",
        "failed",
        "uncertain",
        "suppressed",
        "cancelled",
        "expired",
    )
    assert status["total"] == sum(status[name] for name in numbers) == status["sent"] == 12
    assert (status["state"], status["waiting_for"]) == ("finished", None)


def test_what_is_shown_before_it_goes(mailer, people, database):
    rename(database, 4, first_name="")
    run = mailer("send", "letter", "--segment", "donors", "--yes", "--expect", "3")
    assert run.code == 0
    for line in (
        "3 people: donors on news",
        "Solidarity Network <news@example.org>",
        "We meet on Friday",
        "Queued as mailing 1",
    ):
        assert line in run.err
    assert run.out == ""


def test_a_second_send_is_refused_and_says_what_else_there_is(mailer, people, relay):
    assert mailer("send", "letter", "--segment", "donors", "--yes", "--expect", "3").code == 0
    again = mailer("send", "letter", "--yes", "--expect", people, "--json")
    assert again.code == 4
    assert again.error["code"] == "refused"
    assert again.error["message"] == "letter was sent: mailing 1 (finished) has reached 3 people."
    assert "--rest" in again.error["hint"]
    assert len(relay.accepted) == 3
    rest = mailer("send", "letter", "--rest", "--yes", "--expect", "9", "--json")
    assert (rest.code, rest.json["recipients"]) == (0, 9)
    assert recipients(relay) == everybody()
    assert mailer("send", "letter", "--rest", "--yes", "--expect", "0", "--json").json["state"] == "empty"
    everyone = mailer("send", "letter", "--again", "--yes", "--expect", "12", "--json")
    assert (everyone.code, everyone.json["recipients"]) == (0, 12)
    assert len(relay.accepted) == 24


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ((), "This would mail 12 people, and there is nobody to confirm it."),
        (("--yes",), "This would mail 12 people, and there is nobody to confirm it."),
        (("--expect", "12"), "This would mail 12 people, and there is nobody to confirm it."),
        (("--yes", "--expect", "13"), "12 people would be mailed, and 13 were expected."),
    ],
)
def test_without_a_terminal_it_takes_yes_and_the_right_number(mailer, people, relay, options, message):
    run = mailer("send", "letter", *options)
    assert run.code == 4
    assert message in run.err
    assert "--expect 12" in run.err
    assert mailer("status", "--json").json == {"mailings": []}
    assert relay.accepted == []


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("send", "no-such-letter", "--yes", "--expect", "1"), 1, 'There is no campaign "no-such-letter"'),
        (("send", "../letter", "--yes", "--expect", "1"), 1, "There is no campaign"),
        (("send", "letter", "--segment", "nobody", "--yes", "--expect", "1"), 1, 'no segment or list "nobody"'),
        (("send", "letter", "--list", "nobody", "--yes", "--expect", "1"), 1, 'There is no list "nobody"'),
        (("send", "letter", "--rest", "--again"), 2, "different people"),
        (("send", "letter", "--limit", "0"), 2, "--limit"),
        (("send", "letter", "--limit", "9" * 25), 2, "--limit"),
        (("send", "letter", "--at", "soon"), 2, '"soon" is not a time'),
        (("send", "letter", "--at", "2020-01-01 09:00"), 2, "has passed"),
        (("send",), 2, "SLUG"),
    ],
)
def test_what_cannot_be_meant(mailer, people, relay, arguments, code, message):
    run = mailer(*arguments)
    assert (run.code, run.out) == (code, "")
    assert message in run.err
    assert relay.accepted == []


def test_nobody_to_mail_is_no_error(mailer, people):
    run = mailer("send", "letter", "--list", "events", "--json")
    assert run.code == 0
    assert run.json == {"mailing": None, "campaign": "letter", "recipients": 0, "state": "empty"}


def test_findings_refuse_with_file_and_line(mailer, people, project, relay):
    write_letter(project, body="Yours, {{ subscriber.frist_name }}")
    run = mailer("send", "letter", "--yes", "--expect", people)
    assert run.code == 3
    assert "campaigns/letter.md:13" in run.err
    assert "first_name" in run.err
    assert relay.accepted == []


def test_a_dry_run_finds_out_and_writes_nothing(mailer, people, relay, database):
    run = mailer("send", "letter", "--dry-run", "--json")
    assert run.code == 0
    found = run.json
    assert (found["mailing"], found["recipients"], found["errors"]) == (None, 12, 0)
    assert 5_000 < found["largest_bytes"] < 102_400
    assert mailer("status", "--json").json == {"mailings": []}
    assert relay.accepted == []
    rename(database, 3, email="p@x@example.org")
    broken = mailer("send", "letter", "--dry-run", "--json")
    assert (broken.code, broken.json["errors"]) == (3, 1)
    assert broken.json["unbuildable"][0]["email"] == "p***@example.org"


def test_a_sample(mailer, people, relay):
    run = mailer("send", "letter", "--limit", "4", "--yes", "--expect", "4", "--json")
    assert (run.code, run.json["recipients"]) == (0, 4)
    assert len(set(recipients(relay))) == 4


def test_queue_only_leaves_it_to_a_worker(mailer, people, relay):
    run = mailer("send", "letter", "--yes", "--expect", people, "--queue-only", "--json")
    assert (run.code, run.json["state"]) == (0, "sending")
    assert relay.accepted == []
    assert mailer("status", "letter", "--json").json["waiting_for"] == {"reason": "no_worker", "until": None}
    assert mailer("worker", "--drain").code == 0
    assert recipients(relay) == everybody()


def test_while_a_worker_lives_it_only_watches(mailer, people, relay):
    worker = mailer.start("worker")
    try:
        until(lambda: alive(mailer))
        run = mailer("send", "letter", "--yes", "--expect", people)
        assert run.code == 0
        assert "A worker is running" in run.err
        assert recipients(relay) == everybody()
    finally:
        worker.send_signal(signal.SIGTERM)
        assert mailer.finish(worker).code == 0


def alive(mailer):
    database = make_database(f"sqlite:///{mailer.folder / 'mailer.db'}")
    try:
        with database.reading() as connection:
            return heartbeats.alive(connection, Role.WORKER, now=datetime.now(UTC))
    finally:
        database.dispose()


def test_what_is_queued_beside_a_worker_is_looked_at_and_without_one_worked(mailer, people, relay):
    assert mailer("send", "letter", "--yes", "--expect", people, "--queue-only").code == 0
    assert "Next: mailer worker --drain" in mailer("resume", "letter", "--queue-only").err
    assert mailer("pause", "letter").code == 0
    worker = mailer.start("worker")
    until(lambda: mailer("healthcheck", "worker").code == 0)
    assert "Next: mailer status 1" in mailer("resume", "letter", "--queue-only").err
    until(lambda: recipients(relay) == everybody())
    worker.send_signal(signal.SIGTERM)
    assert mailer.finish(worker).code == 0


def test_two_sends_at_once_mail_everybody_once(mailer, people, relay):
    both = [mailer.start("send", "letter", "--yes", "--expect", people) for _ in range(2)]
    runs = sorted((mailer.finish(one) for one in both), key=lambda run: run.code)
    assert [run.code for run in runs] == [0, 4]
    assert "letter" in runs[1].err
    assert recipients(relay) == everybody()


def test_rows_are_where_the_status_says(mailer, people, database, relay):
    mailer("send", "letter", "--yes", "--expect", people, "--queue-only")
    assert states(database, 1) == {QUEUED: list(range(1, 13))}
    with database.writing() as connection:
        connection.execute(sa.update(delivery).where(delivery.c.subscriber_id < 3).values(state=FAILED))
    status = mailer("status", "1", "--json").json
    assert (status["queued"], status["failed"], status["total"]) == (10, 2, 12)
