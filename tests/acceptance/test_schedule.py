"""`mailer schedule` and `mailer scheduler`: a campaign goes out when its time has come, once, as it was armed."""

import signal
from datetime import date

from ledger_world import email
from sending_world import write_letter
from waiting import until

#: The first of July of next year: in summer time, and never over.
JULY = date(date.today().year + 1, 7, 1)  # noqa: DTZ011 (a day either way changes nothing)


def state(mailer, which="letter"):
    return mailer("status", which, "--json").json["state"]


def test_from_arming_to_the_inbox(mailer, people, relay):
    armed = mailer("schedule", "add", "letter", "--at", "in 1s", "--yes", "--expect", people, "--json")
    assert armed.code == 0
    assert armed.json == {"mailing": 1, "campaign": "letter", "recipients": 12, "state": "scheduled"}
    assert "Europe/London" in armed.err, "the zone is echoed"
    scheduler = mailer.start("scheduler", "--json")
    try:
        until(lambda: state(mailer) == "sending")
    finally:
        scheduler.send_signal(signal.SIGTERM)
        ended = mailer.finish(scheduler)
    assert (ended.code, ended.json) == (0, {"fired": 1})
    assert "letter (1) is sending, 12 people." in ended.err
    assert mailer("worker", "--drain").code == 0
    assert sorted(one.recipient for one in relay.accepted) == sorted(email(one) for one in range(1, 13))
    assert mailer("schedule", "list", "--json").json == {"schedules": []}


def test_list_remove_and_cancel(mailer, people):
    run = mailer("schedule", "add", "letter", "--at", f"{JULY} 09:00", "--yes", "--expect", people)
    assert run.code == 0
    assert f"{JULY:%a} 1 Jul {JULY.year} 09:00 Europe/London ({JULY}T08:00:00Z)" in run.err
    expected = {
        "schedule": 1, "mailing": 1, "campaign": "letter", "kind": "once", "state": "armed", "rule": "once",
        "local": f"{JULY}T09:00", "utc": f"{JULY}T08:00:00Z", "key": "once", "timezone": "Europe/London",
        "until": None, "window": None, "catch_up": "latest", "proof_seconds": None, "people": 12,
        "file_differs": False, "differs": [], "held": False, "proof_at": None, "approval": None,
    }  # fmt: skip
    assert mailer("schedule", "list", "--json").json == {"schedules": [expected]}
    removed = mailer("schedule", "remove", "letter", "--json")
    assert (removed.code, removed.json["state"]) == (0, "cancelled")
    assert mailer("schedule", "list", "--json").json == {"schedules": []}
    assert mailer("schedule", "remove", "letter").code == 1
    again = mailer("send", "letter", "--at", f"{JULY} 09:00", "--yes", "--expect", people, "--json")
    assert (again.code, again.json["state"]) == (0, "scheduled"), "what never went out was no first time"
    assert mailer("cancel").code == 0
    assert mailer("schedule", "list", "--json").json == {"schedules": []}


def test_arming_passes_the_whole_gate_of_send(mailer, people, project):
    at = ("--at", f"{JULY} 09:00")
    for options, code, message in (
        (at, 4, "nobody to confirm it"),
        ((*at, "--yes", "--expect", "99"), 4, "99 were expected"),
        (("--at", "2020-01-01 09:00", "--yes", "--expect", "12"), 2, "has passed"),
        (("--yes", "--expect", "12"), 2, "--at"),
    ):
        run = mailer("schedule", "add", "letter", *options)
        assert (run.code, message in run.err) == (code, True), run.err
    write_letter(project, body="{{ subscriber.frist_name }}")
    assert mailer("schedule", "add", "letter", *at, "--yes", "--expect", "12").code == 3
    assert mailer("status", "--json").json == {"mailings": []}


def test_a_file_that_changed_is_said_everywhere_and_held_when_its_time_comes(mailer, people, project, relay):
    armed = mailer("schedule", "add", "letter", "--at", "in 5s", "--yes", "--expect", people)
    assert armed.code == 0
    write_letter(project, body="Something else, which nobody has looked at before it was to go out.")
    assert mailer("schedule", "list", "--json").json["schedules"][0]["file_differs"] is True
    assert mailer("status", "letter", "--json").json["file_differs"] is True
    assert "differs from what is armed" in mailer("schedule", "list").out
    scheduler = mailer.start("scheduler")
    try:
        until(lambda: state(mailer) == "held")
    finally:
        scheduler.send_signal(signal.SIGINT)
        ended = mailer.finish(scheduler)
    assert ended.code == 0
    assert "letter (1) is held" in ended.err
    for options in ((), ("--as-approved",)):
        resumed = mailer("resume", "letter", *options)
        assert resumed.code == 4, "there is nothing frozen that could go on"
        assert "mailer cancel 1" in resumed.err
    assert relay.accepted == []
