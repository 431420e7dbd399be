"""`mailer relay add|list|test`: as a person and as a script use them."""

import socket
import stat
import subprocess
import tomllib
from datetime import UTC, datetime
from smtpd import SmtpServer

import pytest

from ledger_world import email
from mailer.domain.provider import Provider
from mailer.storage import buckets
from sending_world import Commands, make_project
from terminal import Terminal
from wall_clock import zone_at_noon

ANA = {"ana": "s3cret pass"}


@pytest.fixture
def mailer(project):
    return Commands(project)


def toml(project):
    return (project / "mailer.toml").read_text()


def add(mailer, *arguments, password):
    process = mailer.start("relay", "add", *arguments, "--password-stdin", stdin=subprocess.PIPE)
    out, err = process.communicate(input=password.encode() + b"\n", timeout=60)
    assert "Traceback" not in err
    return process.returncode, out, err


def for_server(server, *more):
    return (
        *("--host", "localhost", "--port", server.port, "--security", server.security, "--user", "ana"),
        *more,
    )


@pytest.fixture
def server():
    with SmtpServer(security="starttls", users=ANA) as made:
        yield made


def trust(project, server):
    """The test's own authority; a person writes that line, too."""
    (project / "mailer.toml").write_text(f'{toml(project)}ca_file = "{server.ca_file}"\n')


def test_a_script_adds_a_relay_and_its_password_is_nowhere_but_in_its_file(mailer, project, server):
    before = toml(project)
    code, out, err = add(mailer, "main", *for_server(server), password=ANA["ana"])
    assert code == 0, err
    assert ANA["ana"] not in out + err + toml(project)
    assert toml(project).startswith(before)
    secret = project / ".mailer" / "relays" / "main.password"
    assert secret.read_text() == "s3cret pass\n"
    assert stat.S_IMODE(secret.stat().st_mode) == 0o600
    listed = mailer("relay", "list")
    assert "password there" in listed.out
    assert ANA["ana"] not in listed.out + mailer("config", "show").out
    (one,) = mailer("relay", "list", "--json").json["relays"]
    assert (one["name"], one["hosts"], one["password"]) == ("main", ["localhost"], True)


def test_a_person_is_asked_for_what_is_missing(mailer, project):
    with Terminal(mailer, "relay", "add") as terminal:
        terminal.answer("Service", "smtp2go")
        terminal.answer("User", "news")
        terminal.answer("be called here?", "")
        terminal.answer("Password", "s3cret pass")
        assert terminal.code == 0
    assert "s3cret" not in terminal.seen
    assert tomllib.loads(toml(project))["relays"] == [
        {
            "name": "smtp2go",
            "preset": "smtp2go",
            "user": "news",
            "password_file": ".mailer/relays/smtp2go.password",
        }
    ]
    assert (project / ".mailer" / "relays" / "smtp2go.password").read_text() == "s3cret pass\n"


def test_a_server_of_your_own_needs_no_login(mailer, project):
    with Terminal(mailer, "relay", "add") as terminal:
        terminal.answer("Service", "other")
        terminal.answer("Its host", "127.0.0.1")
        terminal.answer("Its port", "25")
        terminal.answer("User", "")
        terminal.answer("be called here?", "")
        assert terminal.code == 0
    assert tomllib.loads(toml(project))["relays"] == [
        {"name": "main", "host": "127.0.0.1", "port": 25, "security": "none"}
    ]


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        ((), 1, "--host"),
        (("--preset", "nonsense"), 2, "nonsense"),
        (("--preset", "ses"), 1, "email-smtp.REGION.amazonaws.com"),
        (("Big Relay", "--host", "127.0.0.1"), 1, "cannot name a relay"),
        (("--host", "smtp://x"), 1, "write the name alone"),
        (("--host", "smtp.example.org", "--security", "none"), 1, "in clear"),
        (("--preset", "brevo", "--user", "me"), 2, "--password-stdin"),
        (("--preset", "brevo", "--password-stdin"), 2, "--user"),
        (("--preset", "brevo", "--user", "me", "--password-stdin"), 2, "no password"),
        (("--weight", "-1"), 2, "weight"),
    ],
)
def test_what_cannot_be_added_is_refused_and_nothing_is_written(mailer, project, arguments, code, said):
    before = toml(project)
    run = mailer("relay", "add", *arguments)
    assert run.code == code
    assert said in run.err
    assert toml(project) == before
    assert not (project / ".mailer" / "relays").exists()


def test_a_name_is_given_once(mailer, project):
    assert mailer("relay", "add", "--host", "127.0.0.1").code == 0
    again = mailer("relay", "add", "main", "--host", "127.0.0.1")
    assert again.code == 1
    assert 'two relays are called "main"' in again.err.lower()
    assert mailer("relay", "add", "--host", "127.0.0.1").code == 0
    assert [one["name"] for one in mailer("relay", "list", "--json").json["relays"]] == ["main", "main-2"]


def test_outside_of_a_project_there_is_nothing_to_add_to(tmp_path):
    run = Commands(tmp_path)("relay", "add", "--host", "127.0.0.1")
    assert (run.code, "mailer init" in run.err) == (1, True)


def test_a_test_says_what_the_relay_is_and_sends_one_message_to_one_address(mailer, project, people, server):
    assert add(mailer, "main", *for_server(server), password=ANA["ana"])[0] == 0
    trust(project, server)
    run = mailer("relay", "test", "main", "--to", "me@example.com")
    assert run.code == 0, run.err
    for part in ("TLSv1.", "certificate by", "login as ana", "PIPELINING", "SIZE 10 MB", "AUTH", "250"):
        assert part in run.out
    (message,) = server.accepted
    assert message.recipient == "me@example.com"
    assert b"Subject: [TEST] " in message.content
    found = mailer("relay", "test", "--json").json["relays"][0]
    assert (found["ok"], found["probe"], found["hosts"][0]["pipelining"]) == (True, None, True)
    assert len(server.accepted) == 1


def test_a_password_that_others_can_read_is_pointed_out(mailer, project, server):
    assert add(mailer, "main", *for_server(server), password=ANA["ana"])[0] == 0
    trust(project, server)
    (project / ".mailer" / "relays" / "main.password").chmod(0o644)
    assert "chmod 600 .mailer/relays/main.password" in mailer("relay", "test").out


def wrong_password(project, server):
    (project / ".mailer" / "relays" / "main.password").write_text("wrong\n")


def dead_name(project, server):
    (project / "mailer.toml").write_text(toml(project).replace('"localhost"', '"no-such-name.invalid"'))


def wrong_port(project, server):
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    (project / "mailer.toml").write_text(toml(project).replace(str(server.port), str(port)))


def wrong_security(project, server):
    (project / "mailer.toml").write_text(toml(project).replace('"starttls"', '"tls"'))


def unknown_authority(project, server):
    (project / "mailer.toml").write_text(toml(project).replace("ca_file", "# ca_file"))


def no_password(project, server):
    (project / ".mailer" / "relays" / "main.password").unlink()


def sender_refused(project, server):
    server.misbehaviour = "refuses-at-mail"


def recipient_refused(project, server):
    server.misbehaviour = "refuses-at-rcpt"


def put_off(project, server):
    server.misbehaviour = "defers-at-dot"


@pytest.mark.parametrize(
    ("harm", "said"),
    [
        (wrong_password, "User or password is wrong"),
        (dead_name, "Nobody knows the name"),
        (wrong_port, "Is the port right"),
        (wrong_security, "security"),
        (unknown_authority, "certificate"),
        (no_password, "cannot be read"),
        (sender_refused, "verify the address or its domain"),
        (recipient_refused, "550 5.1.1"),
        (put_off, "try again later"),
    ],
)
def test_every_failure_is_explained(mailer, project, server, harm, said):
    assert add(mailer, "main", *for_server(server), password=ANA["ana"])[0] == 0
    trust(project, server)
    harm(project, server)
    run = mailer("relay", "test", "--to", "me@example.com")
    assert run.code == 1
    assert said in run.out
    assert "cannot be used: main" in run.err
    assert not server.accepted
    assert "wrong\n" not in run.out + run.err


def test_several_servers_of_an_account_are_looked_at_one_by_one(tmp_path):
    with SmtpServer() as one:
        project = make_project(
            tmp_path / "project",
            toml=f'[[relays]]\nhost = "127.0.0.1, localhost"\nport = {one.port}\nsecurity = "none"\n',
        )
        run = Commands(project)("relay", "test")
    assert run.code == 0
    assert "127.0.0.1 port" in run.out
    assert "localhost port" in run.out


def test_an_unknown_name_lists_the_real_ones(mailer, project):
    mailer("relay", "add", "--host", "127.0.0.1")
    run = mailer("relay", "test", "other")
    assert (run.code, "Relays: main." in run.err) == (1, True)
    assert mailer("relay", "test", "--to", "nonsense").code == 2


def test_the_list_says_what_is_used_of_todays_quota(mailer, project, people, server):
    assert add(mailer, "main", *for_server(server), password=ANA["ana"])[0] == 0
    trust(project, server)
    (project / "mailer.toml").write_text(f'{toml(project)}daily_quota = 5000\nquota_zone = "{zone_at_noon()}"\n')
    assert mailer("relay", "list", "--json").json["relays"][0]["quota"] == {"used": 0, "limit": 5000}
    assert mailer("send", "letter", "--yes", "--expect", people).code == 0
    assert mailer("relay", "list", "--json").json["relays"][0]["quota"] == {"used": 12, "limit": 5000}
    assert "12 of 5,000 messages today" in mailer("relay", "list").out


def test_status_says_where_a_relay_asked_for_less(mailer, project, people, server, database):
    assert add(mailer, "main", *for_server(server), password=ANA["ana"])[0] == 0
    assert mailer("send", "letter", "--queue-only", "--yes", "--expect", people).code == 0
    buckets.slow_down(database, "main", Provider.GMAIL, clock=lambda: datetime.now(UTC))
    (told,) = mailer("status", "letter", "--json").json["slowed"]
    assert (told["relay"], told["provider"], told["share"]) == ("main", "gmail", 0.5)
    assert "main asked for less mail to gmail mailboxes: 50% of the speed" in mailer("status", "letter").out


def test_with_two_relays_the_one_that_works_carries_all_and_why_says_which(mailer, project, people):
    """From mailer.toml to `status` and `why`, with a wrong password at the one and a spare beside it."""
    with SmtpServer(users=ANA, auth_in_clear=True) as main, SmtpServer() as spare:
        here = 'host = "127.0.0.1"\nsecurity = "none"\n'
        (project / "mailer.toml").write_text(
            f"{toml(project)}[[relays]]\nname = 'main'\n{here}port = {main.port}\nuser = 'ana'\npassword = 'n0t-it'\n"
            f"[[relays]]\nname = 'spare'\n{here}port = {spare.port}\nweight = 0\n"
        )
        run = mailer("send", "letter", "--yes", "--expect", people)
        assert run.code == 0, run.err
        assert "main: The relay answered our login as ana with: 535" in run.err
        assert len(spare.accepted) == people
        assert not main.accepted
        assert mailer("status", "letter", "--json").json["sent"] == people
        (step,) = mailer("why", email(3), "letter", "--json").json["history"][1:]
        assert (step["state"], step["relay"]) == ("sent", "spare")
        assert "sent  by spare: 250" in mailer("why", email(3), "letter").out
        assert "n0t-it" not in run.out + run.err
