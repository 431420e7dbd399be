"""What the SMTP client can do, as a person meets it: addresses of any script, a login by token."""

import shlex
import sys
from smtpd import SmtpServer

import pytest

from sending_world import Commands

CSV = "email,first_name\njosé@example.org,José\nana@bücher.example,Ana\nben@example.org,Ben\n"
ASCII = ["ana@xn--bcher-kva.example", "ben@example.org"]
USER, TOKEN = "news@example.org", "ya29.t0ken"


@pytest.fixture
def readers(project):
    """Three people, imported from a file as a person has it."""
    (project / "people.csv").write_text(CSV, encoding="utf-8")
    run = Commands(project)("import", "people.csv", "--consent", "paper form")
    assert run.code == 0, run.err
    return 3


@pytest.mark.parametrize("misbehaviour", ["", "no-smtputf8"])
def test_addresses_beyond_ascii_are_mailed_or_that_person_alone_fails(project, readers, misbehaviour):
    with SmtpServer(misbehaviour) as relay:
        mailer = Commands(project, MAILER_SMTP_URL=f"smtp://127.0.0.1:{relay.port}")
        run = mailer("send", "letter", "--yes", "--expect", readers, "--json")
        assert run.code == (5 if misbehaviour else 0), run.err
        assert sorted(relay.recipients) == sorted(ASCII if misbehaviour else [*ASCII, "josé@example.org"])
        assert relay.breaches == []
    assert mailer("suppress", "list", "--json").json["suppressions"] == []
    if misbehaviour:
        status = mailer("status", "letter", "--json").json
        assert ["SMTPUTF8" in one["cause"] for one in status["failures"]] == [True]
        assert "SMTPUTF8" in mailer("why", "josé@example.org", "letter").out


def test_a_relay_that_wants_a_token_gets_that_of_a_command(project, readers):
    with SmtpServer(security="starttls", users={USER: TOKEN}, mechanisms=("XOAUTH2",)) as relay:
        program = shlex.join([sys.executable, "-c", f"print({TOKEN!r})"])
        settings = {
            "name": "workspace",
            "host": "localhost",
            "port": relay.port,
            "ca_file": str(relay.ca_file),
            "user": USER,
            "token_command": program,
        }
        lines = "".join(
            f"{key} = {value!r}\n" if key == "port" else f"{key} = '''{value}'''\n" for key, value in settings.items()
        )
        with (project / "mailer.toml").open("a") as file:
            file.write(f"\n[[relays]]\n{lines}")
        mailer = Commands(project)
        run = mailer("send", "letter", "--yes", "--expect", readers)
        assert run.code == 0, run.err
        assert len(relay.recipients) == 3
        assert relay.breaches == []
        assert TOKEN not in run.out + run.err


def test_a_token_beside_a_password_is_told_with_its_line(project):
    with (project / "mailer.toml").open("a") as file:
        file.write('\n[[relays]]\nname = "main"\nhost = "localhost"\nuser = "ana"\npassword = "a"\ntoken = "b"\n')
    run = Commands(project)("send", "letter", "--yes", "--expect", "1")
    assert run.code == 3
    assert "mailer.toml:" in run.err
    assert "password is set as well" in run.err
