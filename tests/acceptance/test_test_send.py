"""`mailer test-send`: a campaign in a few mailboxes, through the real way out, on both engines; and nothing of it counts."""

import re
import signal
from datetime import UTC, datetime
from email import message_from_bytes, policy
from smtpd import SmtpServer

import pytest
import sqlalchemy as sa

from ledger_world import email, make_database
from mailer.domain.subscriber import SuppressionReason
from mailer.edition.links import Purpose, verify
from mailer.storage import suppressions
from mailer.storage.tables import bucket, delivery, delivery_event, edition, mailing, quota_day, suppression
from sending_world import KEY, Commands, rename
from wall_clock import zone_at_noon

YOU, ANA = "you@example.org", "ana@example.net"
COUNTED = (mailing, delivery, delivery_event, edition, suppression)


@pytest.fixture
def database(database_url):
    made = make_database(database_url)
    yield made
    made.dispose()


def through(relay, project, url):
    return Commands(project, MAILER_SMTP_URL=f"smtp://127.0.0.1:{relay.port}", MAILER_DATABASE_URL=url)


@pytest.fixture
def mailer(project, relay, database_url, database):
    return through(relay, project, database_url)


def read(accepted):
    return message_from_bytes(accepted.content, policy=policy.default)


def rows(database, *tables):
    with database.reading() as connection:
        return {one.name: connection.scalar(sa.select(sa.func.count()).select_from(one)) for one in tables}


def suppress(database, address):
    with database.writing() as connection:
        suppressions.suppress(connection, address, reason=SuppressionReason.LEFT, detail="", at=datetime.now(UTC))


def test_each_address_gets_its_own_message_and_nothing_is_counted(mailer, people, relay, database):
    run = mailer("test-send", "letter", "--to", YOU, ANA, "--to", YOU.upper(), "--json")
    assert run.code == 0, run.err
    answer = {"state": "sent", "relay": "relay", "reply": "250 2.0.0 ok, queued", "error": None, "hint": None}
    assert run.json == {
        "campaign": "letter",
        "subject": "[TEST] We meet on Friday",
        "sent": 2,
        "failed": 0,
        "uncertain": 0,
        "messages": [{"to": YOU, **answer}, {"to": ANA, **answer}],
    }
    assert [one.recipient for one in relay.accepted] == [YOU, ANA]
    first, second = map(read, relay.accepted)
    assert (first["To"], second["To"]) == (YOU, ANA)
    assert first["Subject"] == second["Subject"] == "[TEST] We meet on Friday"
    assert first["Message-ID"] != second["Message-ID"]
    assert first["Auto-Submitted"] is None  # people write a letter
    assert "Dear Sam," in first.get_body(("plain",)).get_content()
    assert set(rows(database, *COUNTED).values()) == {0}
    assert mailer("status", "--json").json == {"mailings": []}
    assert relay.breaches == []


def test_no_link_or_envelope_of_it_acts_for_anybody(mailer, people, relay, database):
    assert mailer("test-send", "letter", "--as", email(3), "--to", YOU).code == 0
    (accepted,) = relay.accepted
    tokens = {match.decode() for match in re.findall(rb"/[uvp]/(?:=\r\n)?([A-Za-z0-9_-]{37})", accepted.content)}
    header = read(accepted)["List-Unsubscribe"]
    tokens |= set(re.findall(r"/u/([A-Za-z0-9_-]{37})", header))
    assert tokens
    found = [verify(KEY, token) for token in tokens]
    assert {one.purpose for one in found} == {Purpose.TEST}
    assert {(one.mailing_id, one.public_id) for one in found} == {(0, 1)}
    assert accepted.recipient == YOU


def test_as_somebody_their_fields_are_filled_in(mailer, people, relay, database):
    rename(database, 3, first_name="Inês", email="ines@example.org")
    suppress(database, email(4))
    assert mailer("test-send", "letter", "--as", email(3), "--to", YOU).code == 0
    assert "Dear Inês," in read(relay.accepted[0]).get_body(("plain",)).get_content()
    silent = mailer("test-send", "letter", "--as", email(4), "--to", YOU)
    assert silent.code == 0
    assert "They would not be mailed." in silent.err
    unknown = mailer("test-send", "letter", "--as", "nobody@example.org", "--to", YOU, "--json")
    assert (unknown.code, unknown.error["code"]) == (1, "unknown_name")
    assert len(relay.accepted) == 2
    for wish in ("random", "worst-case"):
        assert mailer("test-send", "letter", "--as", wish, "--to", YOU).code == 0


def test_what_a_relay_says_of_an_address_is_told_and_harms_nobody(mailer, people, relay, database):
    relay.rcpt[email(2)] = "550 5.1.1 no such user here"
    relay.rcpt[ANA] = "451 4.7.1 greylisted, come back later"
    run = mailer("test-send", "letter", "--to", YOU, email(2), ANA)
    assert run.code == 5
    assert f"sent      {YOU} by relay: 250" in run.out
    assert f"failed    {email(2)} by relay: 550 5.1.1 no such user here" in run.out
    assert f"failed    {ANA} by relay: 451 4.7.1 greylisted, come back later" in run.out
    assert "try again later" in run.out
    assert "Taken: 1 of 3." in run.err
    assert set(rows(database, *COUNTED).values()) == {0}
    nobody = mailer("test-send", "letter", "--to", email(2), "--json")
    assert (nobody.code, nobody.json["failed"]) == (1, 1)
    assert nobody.error["message"] == "No test of letter was sent."


def test_a_message_in_doubt_is_called_that(project, people, database_url, database):
    with SmtpServer("drops-at-dot") as relay:
        run = through(relay, project, database_url)("test-send", "letter", "--to", YOU, "--json")
        assert run.code == 5
        (one,) = run.json["messages"]
        assert (one["state"], run.json["uncertain"]) == ("uncertain", 1)
        assert "look whether the message arrived" in one["hint"]
        assert len(relay.accepted) == 1
        assert through(relay, project, database_url)("test-send", "letter", "--to", YOU).err.endswith(
            "Taken: 0 of 1; 1 more may have arrived.\n"
        )


def test_a_relay_that_is_down_and_one_that_knows_us_not(project, people, database):
    down = Commands(project, MAILER_SMTP_URL="smtp://127.0.0.1:1")("test-send", "letter", "--to", YOU)
    assert down.code == 1
    assert f"failed    {YOU}: relay: Cannot connect to 127.0.0.1 port 1: Connection refused." in down.out
    assert down.err.splitlines() == ["Subject: [TEST] We meet on Friday", "error: No test of letter was sent."]
    with SmtpServer(users={"ana": "right"}, auth_in_clear=True) as relay:
        mailer = Commands(project, MAILER_SMTP_URL=f"smtp://ana:wrong@127.0.0.1:{relay.port}")
        wrong = mailer("test-send", "letter", "--to", YOU, ANA)
    assert wrong.code == 1
    assert "User or password is wrong" in wrong.out
    assert "wrong@" not in wrong.out + wrong.err
    assert len([line for line in relay.commands if line.startswith("AUTH")]) == 1
    with SmtpServer("closes-at-connect") as relay:
        busy = Commands(project, MAILER_SMTP_URL=f"smtp://127.0.0.1:{relay.port}")("test-send", "letter", "--to", YOU)
    assert busy.code == 1
    assert "takes no mail now: try again later" in busy.out


def test_interrupted_while_the_relay_thinks_it_says_what_nobody_knows(project, people, database):
    with SmtpServer("hangs-at-dot") as relay:
        mailer = Commands(project, MAILER_SMTP_URL=f"smtp://127.0.0.1:{relay.port}")
        process = mailer.start("test-send", "letter", "--to", YOU)
        assert relay.wait_for(1)
        process.send_signal(signal.SIGINT)
        run = mailer.finish(process)
    assert run.code == 130
    assert f"Nobody knows whether the message to {YOU} has left." in run.err


def test_another_relay_carries_what_the_first_cannot(project, people, database, relay):
    with (project / "mailer.toml").open("a") as file:
        file.write(
            f'[[relays]]\nname = "spare"\nhost = "127.0.0.1"\nport = {relay.port}\nsecurity = "none"\nweight = 0\n'
            '[[relays]]\nname = "main"\nhost = "127.0.0.1"\nport = 1\nsecurity = "none"\n'
        )
    run = Commands(project)("test-send", "letter", "--to", YOU, "--json")
    assert run.code == 0, run.err
    assert run.json["messages"][0]["relay"] == "spare"


def test_it_is_paid_for_as_all_mail_is(project, relay, database, database_url):
    toml = (project / "mailer.toml").read_text()
    noon = zone_at_noon()
    limited = f'[[relays]]\nname = "main"\nhost = "127.0.0.1"\nport = {relay.port}\nsecurity = "none"\n'
    (project / "mailer.toml").write_text(f"{toml}{limited}rate = 20\ndaily_quota = 2\n")
    closed = {"MAILER_SENDING__WINDOW": "02:00-03:00", "MAILER_SENDING__WINDOW_ZONE": noon}
    mailer = Commands(project, MAILER_DATABASE_URL=database_url, MAILER_PROJECT__TIMEZONE=noon, **closed)
    run = mailer("test-send", "letter", "--to", YOU, ANA, "third@example.org", "--json")
    assert (run.code, run.json["sent"], run.json["failed"]) == (5, 2, 1)
    assert "quota of the day is used up" in run.json["messages"][2]["error"]
    assert rows(database, bucket, quota_day) == {"bucket": 1, "quota_day": 1}
    with database.reading() as connection:
        assert connection.scalar(sa.select(quota_day.c.used)) == 2


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("letter", "--to", "you"), 2, '"you" is no mail address: it has no @.'),
        (("letter", "--to", "you@nowhere@example.org"), 2, "is no mail address"),
        (("--to", YOU, ANA), 2, "none was named"),
        (("letter", "other", "--to", YOU), 2, "2 were named: letter, other"),
        (("letter",), 2, "--to"),
        (("letter", "--to", *(f"p{number}@example.org" for number in range(21))), 2, "20 addresses at most"),
        (("leter", "--to", YOU), 1, 'There is no campaign "leter".'),
    ],
)
def test_what_cannot_be_understood(project, relay, arguments, code, words):
    mailer = Commands(project, MAILER_SMTP_URL=f"smtp://127.0.0.1:{relay.port}")
    run = mailer("test-send", *arguments)
    assert run.code == code
    assert words in run.err
    assert relay.accepted == []
