"""`mailer dkim`, and signed mail from the command line to the relay: messages, exit codes, no traceback."""

import json
import subprocess

import dkim
import pytest

from ledger_world import states
from mailer.edition.sender import delivery_of
from sending_world import KEY, TOML, Commands
from signing import ED25519, RSA, key

SIGNED = '[dkim]\nselector = "mailer-a"\ndomain = "example.org"\n'


def configure(project, extra):
    (project / "mailer.toml").write_text(TOML + extra)


def dns_of(*documents):
    """What DNS would answer once the records are written into it as printed."""
    records = {f"{one['record']['name']}.".encode(): "".join(one["record"]["strings"]).encode() for one in documents}
    return lambda name, timeout=5: records.get(name)


def holds(content, lookup, number=1):
    return [dkim.DKIM(content).verify(each, dnsfunc=lookup) for each in range(number)]


def test_from_a_new_key_to_a_signed_message(project, mailer, people, relay, database):
    rsa = mailer("dkim", "new", "--selector", "mailer-a", "--json").json
    short = mailer("dkim", "new", "--selector", "mailer-b", "--ed25519", "--json").json
    assert (rsa["algorithm"], rsa["bits"], short["algorithm"]) == ("rsa-sha256", 2048, "ed25519-sha256")
    configure(project, f"{rsa['settings']}\n{short['settings'].removeprefix('[dkim]')}\n")
    assert mailer("send", "letter", "--yes", "--expect", people).code == 0
    assert len(relay.accepted) == people
    for accepted in relay.accepted:
        assert holds(accepted.content, dns_of(rsa, short), 2) == [True, True]
    assert relay.breaches == []


def test_what_new_prints(project, mailer):
    run = mailer("dkim", "new", "--selector", "mailer-a")
    assert run.code == 0
    path = project / ".mailer" / "dkim" / "mailer-a.pem"
    assert str(path) in run.err
    assert path.stat().st_mode & 0o777 == 0o600
    for line in (
        "Name   mailer-a._domainkey ",
        "Type   TXT",
        "Value  v=DKIM1; k=rsa; p=MII",
        "dig +short TXT mailer-a._domainkey.example.org",
        'selector = "mailer-a"',
        'mailer-a._domainkey.example.org. IN TXT ( "v=DKIM1;',
    ):
        assert line in run.out
    assert "PRIVATE" not in run.out + run.err
    shown = mailer("dkim", "show")
    assert "mailer-a: RSA, signs nothing" in shown.out
    configure(project, SIGNED)
    assert "mailer-a: RSA, signs\n" in mailer("dkim", "show", "--selector", "mailer-a").out


def test_what_makes_a_key_of_little_use_is_said(project, mailer):
    example = mailer("dkim", "new", "--selector", "mailer-a", "--ed25519").err
    assert "news@example.org is an example that nobody can answer" in example
    assert "make that key first" in example
    configure(project, SIGNED)
    rotated = mailer("dkim", "new", "--selector", "mailer-b")
    assert "note:" not in rotated.err
    assert "write this under the [dkim] of mailer.toml" in rotated.out


def test_the_record_again(mailer):
    new = mailer("dkim", "new", "--selector", "mailer-a", "--json").json
    shown = mailer("dkim", "show", "--json").json
    (one,) = shown["keys"]
    assert shown["domain"] == "example.org"
    assert one == {name: value for name, value in new.items() if name != "settings"} | {"signs": False}
    assert all(len(part) <= 255 for part in one["record"]["strings"])
    other = mailer("dkim", "show", "--domain", "mail.example.org", "--json").json
    assert other["keys"][0]["record"]["name"] == "mailer-a._domainkey.mail.example.org"


def test_a_file_beside_them_that_is_no_key_hides_no_record(project, mailer):
    mailer("dkim", "new", "--selector", "mailer-a")
    other = project / ".mailer" / "dkim" / "mailer-old.pem"
    other.write_text("-----BEGIN PUBLIC KEY-----\n")
    other.chmod(0o600)
    shown = mailer("dkim", "show")
    assert shown.code == 0
    assert "mailer-a: RSA" in shown.out
    assert "mailer-old.pem is a public key" in shown.err
    assert mailer("dkim", "show", "--selector", "mailer-a").err == ""
    asked_for = mailer("dkim", "show", "--selector", "mailer-old")
    assert asked_for.code == 1
    assert "mailer-old.pem is a public key" in asked_for.err


def test_a_key_is_never_written_over(project, mailer):
    first = mailer("dkim", "new", "--selector", "mailer-a", "--json").json
    again = mailer("dkim", "new", "--selector", "mailer-a", "--json")
    assert (again.code, again.error["code"]) == (4, "refused")
    assert "--selector" in again.error["hint"]
    assert mailer("dkim", "show", "--json").json["keys"][0]["record"] == first["record"]


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("new", "--selector", "a b"), 2, '--selector is "a b"'),
        (("new", "--selector", "../../x"), 2, "--selector is"),
        (("new", "--domain", "https://example.org"), 2, "--domain is"),
        (("show",), 1, "mailer dkim new"),
        (("show", "--selector", "nobody"), 1, 'no DKIM key "nobody"'),
    ],
)
def test_what_cannot_be_done(mailer, arguments, code, words):
    run = mailer("dkim", *arguments)
    assert run.code == code
    assert words in run.err
    assert "Traceback" not in run.err


def test_without_a_project_there_is_no_place_for_a_key(tmp_path):
    run = Commands(tmp_path)("dkim", "new", "--domain", "example.org")
    assert run.code == 1
    assert "There is no project here" in run.err


def test_a_key_that_cannot_be_used_stops_the_mail_before_anything_is_queued(project, mailer, people, relay):
    configure(project, SIGNED)
    path = project / ".mailer" / "dkim" / "mailer-a.pem"
    path.parent.mkdir(parents=True)
    for prepare, words in (
        (lambda: None, "There is no DKIM key"),
        (lambda: path.write_bytes(b"nonsense"), "Make it private: chmod 600"),
        (lambda: path.chmod(0o600), "cannot be read as one"),
        (lambda: path.write_bytes(key(ED25519).pem()), "is for Ed25519"),
    ):
        prepare()
        run = mailer("send", "letter", "--yes", "--expect", people)
        assert (run.code, run.out) == (1, "")
        assert words in run.err
        assert "Traceback" not in run.err
    assert mailer("status", "--json").json == {"mailings": []}
    assert relay.accepted == []
    dry = mailer("send", "letter", "--dry-run")
    assert dry.code == 0
    assert "`send` would refuse: The DKIM key" in dry.err
    assert "is for Ed25519" in mailer("worker", "--drain").err


def test_the_domain_of_somebody_else_is_an_error_of_check_at_its_line(project, mailer, people):
    assert mailer("dkim", "new", "--selector", "mailer-a").code == 0
    configure(project, SIGNED.replace('"example.org"', '"example.com"'))
    run = mailer("check", "letter")
    assert run.code == 3
    line = (TOML + SIGNED).splitlines().index('domain = "example.org"') + 1
    assert f"mailer.toml:{line}" in run.out + run.err
    assert "would be signed by example.com" in run.out + run.err
    assert mailer("send", "letter", "--yes", "--expect", people).code == 3


def test_a_worker_without_the_key_sends_nothing_that_was_made_to_be_signed(project, mailer, people, relay, database):
    """The other machine has the database and the relay, and nobody told it of DKIM."""
    new = mailer("dkim", "new", "--selector", "mailer-a", "--json").json
    configure(project, SIGNED)
    assert mailer("send", "letter", "--yes", "--expect", people, "--queue-only").code == 0
    elsewhere = project.parent / "elsewhere"
    elsewhere.mkdir()
    environment = {
        "MAILER_DATABASE_URL": f"sqlite:///{project / 'mailer.db'}",
        "MAILER_SMTP_URL": f"smtp://127.0.0.1:{relay.port}",
    }
    run = Commands(elsewhere, **environment)("worker", "--drain")
    assert run.code in (0, 1)
    assert relay.accepted == []
    status = mailer("status", "letter", "--json").json
    assert (status["state"], status["queued"]) == ("held", people)
    assert "signed with DKIM" in mailer("status", "letter").out
    told = Commands(elsewhere, MAILER_DKIM__SELECTOR="mailer-a", MAILER_DKIM__DOMAIN="example.org", **environment)
    refused = told("worker", "--drain")
    assert refused.code == 1
    assert "MAILER_DKIM_KEY_FILE" in refused.err
    assert mailer("resume", "letter", "--queue-only").code == 0
    told.environment["MAILER_DKIM_KEY_FILE"] = new["key_file"]
    assert told("worker", "--drain").code == 0
    assert len(relay.accepted) == people
    assert holds(relay.accepted[0].content, dns_of(new)) == [True]
    assert len(states(database, 1)) == 1


def test_settings_never_show_a_key(project, mailer):
    configure(project, SIGNED)
    pem = key(RSA).pem().decode()
    mailer.environment["MAILER_DKIM__PRIVATE_KEY"] = pem
    run = mailer("config", "show")
    assert "dkim.private_key" in run.out
    secret = pem.splitlines()[1:-1]
    said = run.out + run.err + mailer("config", "get", "dkim.private_key").out + mailer("dkim", "show").out
    assert not [line for line in secret if line in said]
    assert "mailer-a: RSA, signs" in said


def test_every_message_has_its_own_address_for_bounces(project, mailer, people, relay):
    relays = f'[[relays]]\nhost = "127.0.0.1"\nport = {relay.port}\nsecurity = "none"\n'
    configure(project, f'{relays}envelope = "verp"\nbounce_domain = "bounce.example.org"\n')
    del mailer.environment["MAILER_SMTP_URL"]
    assert mailer("send", "letter", "--yes", "--expect", people).code == 0
    senders = {accepted.sender for accepted in relay.accepted}
    assert len(senders) == people
    assert {delivery_of(KEY, sender)[0] for sender in senders} == {1}
    assert all(sender.endswith("@bounce.example.org") for sender in senders)


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ('envelope = "verp"\n', "bounce_domain"),
        ('envelope = "fixed"\n', "envelope_from"),
        ('envelope = "vrp"\n', "from, fixed, verp"),
        ('envelope = "verp"\nbounce_domain = "b@example.org"\n', "write a domain alone"),
        ('envelope = "fixed"\nenvelope_from = "<b@example.org>"\n', "write an address alone"),
        ('bounce_domain = "bounce.example.org"\n', 'write envelope = "verp"'),
    ],
)
def test_rules_for_bounces_that_are_not_whole(project, mailer, lines, words):
    configure(project, f'[[relays]]\nhost = "127.0.0.1"\nsecurity = "none"\n{lines}')
    run = mailer("config", "show")
    assert run.code == 3
    assert "mailer.toml:" in run.err
    assert words in run.err


def test_the_record_is_what_openssl_says_of_the_key(project, mailer):
    new = mailer("dkim", "new", "--selector", "mailer-a", "--json").json
    command = ["openssl", "pkey", "-in", new["key_file"], "-pubout"]
    pem = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    assert new["record"]["value"] == f"v=DKIM1; k=rsa; p={''.join(pem[1:-1])}"
    assert json.dumps(new["record"]["strings"])
