"""`mailer approve`: somebody's word, which binds text, people and their number; and the code of a proof."""

import email
import email.policy
import re
import signal
from datetime import date, timedelta

import pytest

from sending_world import write_letter
from terminal import Terminal
from waiting import until

ALWAYS = {"MAILER_SENDING__REQUIRE_APPROVAL": "always"}
DIGEST = """---
kind: digest
subject: What the week has brought
preheader: What was written and asked since you last heard from us
headline: The week
collect:
  first_run: everything
---
Dear {{ subscriber.first_name | default("friend") }}, this is what the week has brought.
"""


@pytest.fixture
def strict(mailer):
    mailer.environment |= ALWAYS
    return mailer


def test_without_an_approval_nothing_leaves_where_one_is_required(strict, people, relay):
    refused = strict("send", "letter", "--yes", "--expect", people, "--json")
    assert (refused.code, refused.error["code"]) == (4, "refused")
    assert "`mailer approve letter`" in refused.error["hint"]
    assert strict("schedule", "add", "letter", "--at", "in 1h", "--yes", "--expect", people).code == 4
    assert strict("approve", "letter").code == 4, "nobody is there to be asked"
    approved = strict("approve", "letter", "--by", "Ana Souza", "--json")
    assert approved.code == 0
    assert {name: approved.json[name] for name in ("campaign", "by", "recipients")} == {
        "campaign": "letter", "by": "Ana Souza", "recipients": 12,
    }  # fmt: skip
    assert "Subject  We meet on Friday" in approved.err, "it shows what send shows"
    assert strict("send", "letter", "--yes", "--expect", people).code == 0
    assert len(relay.accepted) == 12


def test_what_changed_since_is_refused_whatever_the_settings_say(mailer, people, project):
    assert mailer("approve", "letter", "--by", "Ana").code == 0
    write_letter(project, body="Something else, which nobody has looked at before it was to go out.")
    refused = mailer("send", "letter", "--yes", "--expect", people)
    assert refused.code == 4
    assert "was approved by Ana on" in refused.err
    assert "has changed since" in refused.err
    taken_back = mailer("approve", "letter", "--withdraw", "--json")
    assert (taken_back.code, taken_back.json) == (0, {"campaign": "letter", "withdrawn": 1})
    assert mailer("send", "letter", "--yes", "--expect", people, "--queue-only").code == 0


def test_lists_and_status_say_who_approved_and_whether_it_still_fits(mailer, people, project):
    assert mailer("approve", "letter", "--by", "Ana").code == 0
    assert mailer("schedule", "add", "letter", "--at", "in 2d", "--yes", "--expect", people).code == 0
    [one] = mailer("schedule", "list", "--json").json["schedules"]
    assert (one["approval"]["by"], one["approval"]["fits"], one["approval"]["recipients"]) == ("Ana", True, 12)
    assert "approved by Ana on" in mailer("status", "letter").out
    write_letter(project, body="Something else, which nobody has looked at before it was to go out.")
    assert mailer("status", "letter", "--json").json["approval"]["fits"] is False
    assert "but its file, or what it uses, has changed since" in mailer("schedule", "list").out


@pytest.mark.parametrize(
    ("options", "code", "said"),
    [
        (("nothing", "--by", "Ana"), 1, 'There is no campaign "nothing"'),
        (("letter", "--by", " "), 2, "A name is one line"),
        (("letter", "--withdraw", "--by", "Ana"), 2, "Use it alone"),
        (("letter", "--code", "AAAAAA"), 4, "No proof of letter was mailed"),
        (("letter", "--code", "AAAAAA", "--limit", "3"), 2, "says for whom it is"),
        (("letter", "--by", "Ana", "--segment", "nobody"), 1, "nobody"),
    ],
)
def test_bad_input(mailer, people, options, code, said):
    run = mailer("approve", *options)
    assert (run.code, said in run.err) == (code, True), run.err


def test_from_the_proof_in_the_inbox_to_the_mailing(strict, people, project, relay):
    strict.environment |= {"MAILER_SCHEDULE__PROOF_TO": "office@example.net"}
    (project / "campaigns" / "weekly.md").write_text(DIGEST)
    assert strict("approve", "letter", "--by", "Ana").code == 0
    assert strict("send", "letter", "--yes", "--expect", people).code == 0
    tomorrow = f"{date.today() + timedelta(days=1):%a} 12:00"  # noqa: DTZ011 (a day either way changes nothing)
    armed = strict("schedule", "add", "weekly", "--every", tomorrow, "--proof", "3d", "--yes", "--expect", people)
    assert armed.code == 0, armed.err
    scheduler = strict.start("scheduler")
    try:
        proof = mail_to(relay, "office@example.net")
    finally:
        scheduler.send_signal(signal.SIGTERM)
        strict.finish(scheduler)
    assert proof["Subject"] == "[PROOF] What the week has brought"
    code = re.search(r"mailer approve weekly --code (\w{6})", proof.get_body(("plain",)).get_content())[1]
    assert "nobody has approved it" in strict("schedule", "list").out
    assert strict("approve", "weekly", "--code", "222222").code == 4
    approved = strict("approve", "weekly", "--code", code, "--by", "Ana", "--json")
    assert (approved.code, approved.json["occurrence"]["local"][-5:], approved.json["recipients"]) == (0, "12:00", 12)
    [one] = strict("schedule", "list", "--json").json["schedules"]
    assert (one["approval"]["by"], one["approval"]["fits"]) == ("Ana", True)
    assert strict("schedule", "skip", "weekly").code == 0
    assert strict("approve", "weekly", "--code", code).code == 4, "it does not come any more"


def mail_to(relay, address):
    """The first, once it has come."""
    content = until(lambda: next((one.content for one in relay.accepted if one.recipient == address), None))
    return email.message_from_bytes(content, policy=email.policy.default)


def test_on_a_terminal_it_shows_what_would_go_out_and_asks(strict, people):
    with Terminal(strict, "approve", "letter", "--by", "Ana Souza") as terminal:
        terminal.answer("Approve it as Ana Souza? Type y", "no")
        assert terminal.code == 4
        assert f"{people} people" in terminal.seen
    assert strict("send", "letter", "--yes", "--expect", people).code == 4, "nothing was approved"
    with Terminal(strict, "approve", "letter", "--by", "Ana Souza") as terminal:
        terminal.answer("Approve it as Ana Souza? Type y", "y")
        assert terminal.code == 0
    assert strict("send", "letter", "--yes", "--expect", people, "--queue-only").code == 0
