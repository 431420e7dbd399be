"""`mailer pause`, `resume`, `cancel`, `retry`, `status`: a person steps in."""

from smtpd import SmtpServer

import pytest
import sqlalchemy as sa

from ledger_world import email, states
from mailer.domain.mailing import RowState
from mailer.storage import events
from mailer.storage.tables import delivery
from sending_world import Commands, write_letter

QUEUED, SENT, FAILED, UNCERTAIN, CANCELLED = (
    RowState.QUEUED, RowState.SENT, RowState.FAILED, RowState.UNCERTAIN, RowState.CANCELLED,
)  # fmt: skip


@pytest.fixture
def queued(mailer, people):
    """A mailing that waits for a worker."""
    assert mailer("send", "letter", "--yes", "--expect", people, "--queue-only").code == 0
    return people


def settle(database, ids, state, **event):
    """As if these rows had been tried."""
    with database.writing() as connection:
        where = (delivery.c.mailing_id == 1, delivery.c.subscriber_id.in_(ids))
        connection.execute(sa.update(delivery).where(*where).values(state=state, attempts=1))
        code, enhanced = event.get("code", 250), event.get("enhanced", "")
        told = [(one, state, code, enhanced, "as the relay said", "main") for one in ids]
        events.write(connection, 1, told, at=1_800_000_000)


def test_pause_resume_cancel(mailer, queued, database, relay):
    settle(database, [1, 2], SENT)
    paused = mailer("pause", "letter", "--json")
    assert (paused.code, paused.json["state"]) == (0, "paused")
    assert paused.json["waiting_for"] == {"reason": "paused", "until": None}
    assert "2 were sent, 10 were not" in mailer("pause").err, "and once more, without a name: it is the only one"
    assert mailer("worker", "--drain").code == 0
    assert relay.accepted == []
    resumed = mailer("resume", "1", "--queue-only", "--json")
    assert (resumed.code, resumed.json["state"]) == (0, "sending")
    cancelled = mailer("cancel", "letter", "--json")
    assert (cancelled.code, cancelled.json["state"], cancelled.json["cancelled"]) == (0, "cancelled", 10)
    assert states(database, 1) == {SENT: [1, 2], CANCELLED: list(range(3, 13))}
    for command, message in (
        (("pause", "letter"), "letter (1) is cancelled: there is nothing to pause."),
        (("resume", "letter"), "letter (1) is cancelled: there is nothing to resume."),
        (("cancel", "letter"), "letter (1) is cancelled: there is nothing to cancel."),
        (("cancel",), "No mailing is running."),
        (("pause", "99"), "There is no mailing 99."),
        (("status", "nothing"), 'There is no mailing of "nothing".'),
    ):
        run = mailer(*command)
        assert (run.code, message in run.err) == (1, True), run.err


def test_pause_all(mailer, queued, project, relay):
    write_letter(project, slug="report")
    assert mailer("send", "report", "--yes", "--expect", queued, "--queue-only").code == 0
    unclear = mailer("pause")
    assert unclear.code == 1
    assert "2 mailings are running: letter (1), report (2)" in unclear.err
    paused = mailer("pause", "--all", "--json")
    assert [one["state"] for one in paused.json["mailings"]] == ["paused", "paused"]
    assert mailer("pause", "--all", "--json").json == {"mailings": []}
    assert mailer("pause", "letter", "--all").code == 2
    assert [one["state"] for one in mailer("status", "--json").json["mailings"]] == ["paused", "paused"]


def test_resume_works_the_rest_in_the_foreground(mailer, queued, relay):
    assert mailer("pause").code == 0
    run = mailer("resume", "--json")
    assert (run.code, run.json["state"], run.json["sent"]) == (0, "finished", 12)
    assert len(relay.accepted) == 12


def test_a_changed_file_is_resumed_only_as_approved(mailer, queued, project, relay):
    assert mailer("pause").code == 0
    write_letter(project, body="Another text altogether, which nobody has approved so far.")
    refused = mailer("resume", "letter", "--json")
    assert refused.code == 4
    assert "has changed since mailing 1 was frozen" in refused.error["message"]
    assert "--as-approved" in refused.error["hint"]
    assert "send letter --rest" in refused.error["hint"]
    assert relay.accepted == []
    assert mailer("resume", "letter", "--as-approved").code == 0
    assert len(relay.accepted) == 12
    assert all(b"lift" in one.content and b"altogether" not in one.content for one in relay.accepted)


def test_stop_mend_and_send_to_the_rest(mailer, queued, project, database, relay):
    settle(database, [1, 2, 3], SENT)
    assert mailer("cancel").code == 0
    write_letter(project, body="The text as it should have been from the beginning, with all that was missing.")
    run = mailer("send", "letter", "--rest", "--yes", "--expect", "9")
    assert run.code == 0
    assert sorted(one.recipient for one in relay.accepted) == sorted(email(one) for one in range(4, 13))
    assert all(b"should have been" in one.content for one in relay.accepted)


def test_retry_tries_again_but_not_where_the_address_is_wrong(mailer, queued, database, relay):
    settle(database, [1, 2, 3, 4, 5, 6, 7, 8], SENT)
    settle(database, [9, 10], FAILED, code=554, enhanced="5.7.1")
    settle(database, [11], FAILED, code=550, enhanced="5.1.1")
    settle(database, [12], UNCERTAIN, code=0)
    assert mailer("worker", "--drain").code == 0
    run = mailer("retry", "letter", "--json")
    assert (run.code, run.json["sent"], run.json["failed"], run.json["uncertain"]) == (0, 10, 1, 1)
    assert sorted(one.recipient for one in relay.accepted) == [email(10), email(9)]
    doubt = mailer("retry", "letter", "--uncertain")
    assert doubt.code == 0
    assert relay.accepted[-1].recipient == email(12)
    nothing = mailer("retry", "letter", "--uncertain", "--json")
    assert (nothing.code, nothing.json["sent"]) == (0, 11)
    assert "nobody uncertain for whom another try would make sense" in nothing.err


def test_the_same_message_is_sent_again_under_the_same_id(project, people, database):
    """What failed for good and is retried is the same message to whoever keeps count."""
    seen = []
    for replies in ({email(5): "554 5.7.1 not now"}, {}):
        with SmtpServer(dot=replies) as relay:
            mailer = Commands(project, MAILER_SMTP_URL=f"smtp://127.0.0.1:{relay.port}")
            command = ("retry", "letter") if seen else ("send", "letter", "--yes", "--expect", people)
            assert mailer(*command).code == (0 if seen else 5)
            seen.append({one.recipient: message_id(one.content) for one in relay.accepted})
    assert email(5) not in seen[0]
    assert list(seen[1]) == [email(5)]
    assert len({*seen[0].values(), *seen[1].values()}) == 12


def message_id(content):
    return next(line for line in content.splitlines() if line.lower().startswith(b"message-id:"))


def test_a_cancelled_mailing_is_not_retried(mailer, queued, database):
    settle(database, [1], FAILED, code=554, enhanced="5.7.1")
    assert mailer("cancel").code == 0
    run = mailer("retry", "letter")
    assert run.code == 1
    assert "send letter --rest" in run.err
    assert states(database, 1)[FAILED] == [1], "nothing was changed"


def test_status_says_what_is_going_on(mailer, queued, database):
    settle(database, [1], FAILED, code=554, enhanced="5.7.1")
    run = mailer("status")
    assert run.code == 0
    assert "letter (1)  sending  queued 11  failed 1" in run.out
    assert "waits: no worker" in run.out
    assert "failed 1 at example.org: 554 5.7.1" in run.out


def test_watching_ends_with_the_mailing(mailer, queued):
    assert mailer("resume").code == 0
    run = mailer("status", "letter", "--watch", "--json")
    assert (run.code, run.json["state"]) == (0, "finished")
