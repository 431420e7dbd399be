"""What `mailer test-send` refuses, what it only says, and how what it sends is like the real thing."""

import re
import shutil
import urllib.request
from contextlib import contextmanager
from datetime import UTC, datetime
from email import message_from_bytes, policy

import dkim
import pytest
import sqlalchemy as sa

from ledger_world import email
from mailer.domain.subscriber import SuppressionReason
from mailer.edition.sender import delivery_of
from mailer.settings.starter import starter_project
from mailer.storage import suppressions
from mailer.storage.tables import digest_item, mailing
from sending_world import DIGEST, KEY, TOML, Commands, rename, write_letter

SIGNED = '[dkim]\nselector = "mailer-a"\ndomain = "example.org"\n'
YOU, OFFICE = "you@example.org", "office@example.org"


def read(accepted):
    return message_from_bytes(accepted.content, policy=policy.default)


def configure(project, extra):
    (project / "mailer.toml").write_text(TOML + extra)


@contextmanager
def serving(mailer):
    """The address of `serve`, while it runs."""
    process = mailer.start("serve", "--port", "0")
    try:
        said = ""
        while "Ctrl-C" not in said:
            line = process.stderr.readline()
            assert line, said
            said += line
        yield re.search(r"http://127\.0\.0\.1:\d+", said)[0]
    finally:
        process.kill()
        process.communicate()


def test_what_check_calls_an_error_refuses(mailer, project, people, relay, database):
    write_letter(project, body="Hello {{ subscriber.last_name }}!")
    rename(database, 4, last_name="")
    blank = mailer("test-send", "letter", "--to", YOU)
    assert blank.code == 3
    assert "is blank for" in blank.err
    write_letter(project, extra="audience: donrs\n")
    assert 'there is no segment or list "donrs"' in mailer("test-send", "letter", "--to", YOU).err
    write_letter(project, body="<b>Raw</b> {{ nonsense }}")
    broken = mailer("test-send", "letter", "--to", YOU, "--json")
    assert (broken.code, broken.error["code"]) == (3, "findings")
    assert "campaigns/letter.md:" in broken.error["message"]
    assert "`mailer check letter`" in broken.error["hint"]
    assert relay.accepted == []


def test_warnings_are_said_and_it_goes(mailer, project, people, relay):
    write_letter(project, extra="topics: [peru, work]\n")
    (project / "campaigns" / "letter.md").write_text(
        (project / "campaigns" / "letter.md").read_text().replace("We meet on Friday", "WE MEET ON FRIDAY!!!", 1)
    )
    run = mailer("test-send", "letter", "--to", YOU)
    assert run.code == 0
    assert "note: campaigns/letter.md:" in run.err
    assert "Next: mailer send letter --dry-run" in run.err
    assert len(relay.accepted) == 1


def test_without_a_relay_or_a_project_it_says_what_to_do(project, tmp_path):
    run = Commands(project)("test-send", "letter", "--to", YOU)
    assert run.code == 1
    assert "mailer relay add" in run.err
    outside = Commands(tmp_path)("test-send", "letter", "--to", YOU)
    assert outside.code == 1
    assert "There is no project here" in outside.err


def test_an_address_that_is_never_mailed_gets_no_test_either(mailer, people, relay, database):
    with database.writing() as connection:
        at = datetime.now(UTC)
        suppressions.suppress(connection, OFFICE, reason=SuppressionReason.LEFT, detail="", at=at)
    run = mailer("test-send", "letter", "--to", YOU, "Office@example.org")
    assert run.code == 4
    assert "Office@example.org is suppressed (left), and is never mailed." in run.err
    assert relay.accepted == []


def test_in_a_rehearsal_it_goes_where_everything_goes(mailer, people, relay):
    mailer.environment["MAILER_SENDING__REDIRECT_TO"] = OFFICE
    run = mailer("test-send", "letter", "--to", YOU)
    assert run.code == 4
    assert f"Every message goes to {OFFICE} (sending.redirect_to), and to nobody else." in run.err
    assert mailer("test-send", "letter", "--to", OFFICE).code == 0
    assert [one.recipient for one in relay.accepted] == [OFFICE]
    assert read(relay.accepted[0])["Subject"] == "[TEST] We meet on Friday"


@pytest.mark.parametrize(
    ("extra", "words"),
    [
        ({"MAILER_PUBLIC_URL": "https://127.0.0.1:9"}, "The leave page does not answer at https://127.0.0.1:9"),
        (
            {"MAILER_PUBLIC_URL": "https://127.0.0.1:9", "MAILER_PROJECT__CLOCK": "2024-11-22T09:00:00Z"},
            "project.clock is set",
        ),
    ],
)
def test_what_send_would_refuse_off_this_machine_is_said_and_tried(project, people, extra, words):
    far = {"MAILER_SMTP_URL": "smtp+starttls://user:secret-word@relay.invalid:587"}
    run = Commands(project, **far, **extra)("test-send", "letter", "--to", YOU)
    assert run.code == 1  # that relay is nowhere
    assert f"note: `send` will refuse this: {words}" in run.err
    assert "relay.invalid" in run.out
    assert "secret-word" not in run.out + run.err


def test_links_that_could_not_be_sent_are_an_error_of_the_files(project, people):
    run = Commands(project, MAILER_SMTP_URL="smtp://relay.invalid:25")("test-send", "letter", "--to", YOU)
    assert run.code == 3
    assert "web.public_url is not an https address" in run.err


def test_it_is_signed_and_bounces_as_the_real_thing_and_stand_for_a_test(project, mailer, people, relay):
    rsa = mailer("dkim", "new", "--selector", "mailer-a", "--json").json
    relays = f'[[relays]]\nhost = "127.0.0.1"\nport = {relay.port}\nsecurity = "none"\n'
    configure(project, f'{SIGNED}{relays}envelope = "verp"\nbounce_domain = "bounce.example.org"\n')
    del mailer.environment["MAILER_SMTP_URL"]
    assert mailer("test-send", "letter", "--as", email(3), "--to", YOU, OFFICE).code == 0
    dns = {f"{rsa['record']['name']}.".encode(): "".join(rsa["record"]["strings"]).encode()}
    found = [dkim.DKIM(one.content).verify(dnsfunc=lambda name, timeout=5: dns.get(name)) for one in relay.accepted]
    assert found == [True, True]
    assert [delivery_of(KEY, one.sender) for one in relay.accepted] == [(0, 1), (0, 2)]


def test_a_key_that_is_of_no_use_stops_it_before_anything_leaves(project, mailer, people, relay):
    configure(project, SIGNED)
    run = mailer("test-send", "letter", "--to", YOU)
    assert run.code == 1
    assert "mailer-a" in run.err
    assert relay.accepted == []


def test_an_issue_as_it_would_go_now_and_nothing_of_it_is_taken_up(mailer, people, relay, project, database):
    (project / "campaigns" / "weekly.md").write_text(DIGEST)
    empty = mailer("test-send", "weekly", "--to", YOU, "--json")
    assert (empty.code, empty.json["sent"], empty.json["messages"]) == (0, 0, [])
    assert "Nothing to send: there is nothing new." in empty.err
    assert mailer("send", "letter", "--yes", "--expect", people).code == 0
    for _ in range(2):
        assert mailer("test-send", "weekly", "--to", YOU).code == 0
    assert [read(one)["Subject"] for one in relay.accepted[12:]] == ["[TEST] News: We meet on Friday"] * 2
    with database.reading() as connection:
        assert connection.execute(sa.select(digest_item)).all() == []
        assert connection.scalar(sa.select(sa.func.count()).select_from(mailing)) == 1
    assert mailer("send", "weekly", "--yes", "--expect", people, "--json").json["state"] == "finished"


def test_its_pictures_and_links_work_on_the_pages_of_serve(tmp_path, relay):
    project = tmp_path / "example"
    for folder in ("campaigns", "templates", "subscribers"):
        shutil.copytree(starter_project() / folder, project / folder)
    shutil.copy(starter_project() / "mailer.toml", project)
    mailer = Commands(project, MAILER_SMTP_URL=f"smtp://127.0.0.1:{relay.port}")
    with serving(mailer) as url:
        mailer.environment["MAILER_PUBLIC_URL"] = url
        run = mailer("test-send", "fighting-fund", "--to", YOU)
        assert run.code == 0, run.err
        html = read(relay.accepted[0]).get_body(("html",)).get_content()
        links = set(re.findall(rf'(?:href|src)="({url}/[^"]*)"', html))
        assert {one.removeprefix(url).split("/")[1] for one in links} >= {"u", "v", "media"}
        for link in links:
            with urllib.request.urlopen(link, timeout=60) as answer:
                assert answer.status == 200
        leave = next(one for one in links if "/u/" in one)
        with urllib.request.urlopen(leave, data=b"List-Unsubscribe=One-Click", timeout=60) as answer:
            assert "changes nothing" in answer.read().decode()
