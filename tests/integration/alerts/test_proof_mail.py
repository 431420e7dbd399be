"""The proof in the mail: what it says, and that nothing in it is anybody's."""

import email
import email.policy
import json
import re
from datetime import timedelta
from smtpd import SmtpServer

import pytest
import sqlalchemy as sa

from ledger_world import KEY
from mailer.app import App
from mailer.edition.links import Purpose, verify
from mailer.launch import Order, compose_proofs, launch, skip_next
from mailer.launch.codes import code_of
from mailer.settings import load
from mailer.storage import proofs
from mailer.storage.tables import alert, subscriber
from schedule_world import arm_again, finish
from sending_world import Clock, desk_for, make_project, populate, write_letter
from web_hook import Hook

WEEKLY = """---
kind: digest
subject: "News: {{ items[0].headline }}"
preheader: What was written and asked since you last heard from us
headline: The week <of> solidarity & songs
collect:
  first_run: everything
---
Dear {{ subscriber.first_name | default("friend") }}, this is what the week has brought.
"""
KEY_OF_FIRST = "2026-11-23T09:00"
TO = "office@example.net, person7@example.org"


@pytest.fixture
def relay():
    with SmtpServer() as server:
        yield server


@pytest.fixture
def project(tmp_path):
    toml = '\n[web]\npublic_url = "http://127.0.0.1:8000"\n'
    made = make_project(tmp_path / "project", toml=toml)
    (made / "campaigns" / "weekly.md").write_text(WEEKLY)
    (made / "campaigns" / "broken.md").write_text("---\nkind: article\npublished: 2026-11-20\n---\n")
    return made


@pytest.fixture
def desk(project):
    desk = desk_for(project, clock=Clock(), MAILER_SCHEDULE__PROOF_TO=TO)
    populate(desk.database, 12)
    with desk.database.writing() as connection:
        connection.execute(sa.update(subscriber).where(subscriber.c.id == 7).values(first_name="Zoë"))
    yield desk
    desk.database.dispose()


@pytest.fixture
def make_app(desk, relay, project):
    apps = []

    def make(**environment):
        variables = {
            "MAILER_SMTP_URL": f"smtp://127.0.0.1:{relay.port}",
            "MAILER_SECRET_KEY": KEY.decode(),
            "MAILER_SCHEDULE__PROOF_TO": TO,
        }
        apps.append(App(load(project, variables | environment), clock=desk.clock))
        return apps[-1]

    yield make
    for app in apps:
        app.close()


@pytest.fixture
def one(desk):
    """A weekly digest of one letter, armed and shown."""
    write_letter(desk.settings.root)
    finish(desk, launch(desk, Order(slug="letter"), lambda *_: None))
    armed = arm_again(desk, "weekly", proof="16h")
    desk.clock.now += timedelta(hours=8)
    assert compose_proofs(desk) == 1
    return armed


def code(desk, one):
    with desk.database.reading() as connection:
        return code_of(desk, proofs.get(connection, one.id, KEY_OF_FIRST))


def read(accepted):
    return email.message_from_bytes(accepted.content, policy=email.policy.default)


def parts(message):
    return {part.get_content_type(): part.get_content().replace("\r\n", "\n") for part in message.iter_parts()}


def test_it_says_what_goes_out_when_to_whom_and_what_to_type(desk, relay, make_app, one):
    assert make_app().teller().tell_due() == 1
    assert [sent.recipient for sent in relay.accepted] == ["office@example.net", "person7@example.org"]
    assert relay.breaches == []
    message = read(relay.accepted[0])
    assert message["Subject"] == "[PROOF] News: We meet on Friday"
    assert message["From"] == "Solidarity Network <news@example.org>"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message.get_content_type() == "multipart/alternative"
    assert list(parts(message)) == ["text/plain", "text/html"]
    text = parts(message)["text/plain"]
    for said in (
        "Goes out  Mon 23 Nov 2026 09:00 UTC",
        "To        12 people: everyone on news",
        "In it     We meet on Friday",
        "Left out  campaigns/broken.md",
        f"\n    mailer approve weekly --code {code(desk, one)}\n",
        "\n    mailer schedule skip weekly\n",
        "\n    mailer schedule pause weekly\n",
        "If nobody does anything, it goes out.",
        "Dear Sam, this is what the week has brought.",
    ):
        assert said in text, text
    html = parts(message)["text/html"]
    assert html.index("This is a proof") < html.index("this is what the week has brought")
    for command in ("approve weekly --code", "schedule skip weekly", "schedule pause weekly"):
        assert f">mailer {command}" in html
    assert "The week &lt;of&gt; solidarity &amp; songs" in html


def test_organisers_on_the_list_read_it_as_themselves_and_its_links_are_nobodys(desk, relay, make_app, one):
    make_app().teller().tell_due()
    message = read(relay.accepted[1])
    assert "Dear Zoë, this is what" in parts(message)["text/plain"]
    assert [name for name in message if name.lower().startswith(("list-", "feedback"))] == []
    tokens = re.findall(r"/[uvp]/([A-Za-z0-9_-]{36}[a-z])", parts(message)["text/html"])
    assert tokens
    assert {verify(KEY, token).purpose for token in tokens} == {Purpose.TEST}
    assert len({read(sent)["Message-ID"] for sent in relay.accepted}) == 2


def test_the_web_address_gets_the_same_facts(desk, make_app, one):
    with Hook() as hook:
        app = make_app(MAILER_SCHEDULE__PROOF_TO="", MAILER_ALERTS__WEBHOOK=hook.url)
        assert app.teller().tell_due() == 1
    [told] = hook.told
    assert (told["kind"], told["campaign"], told["recipients"]) == ("proof", "weekly", 12)
    assert told["occurrence"] == {
        "key": KEY_OF_FIRST, "local": KEY_OF_FIRST, "timezone": "UTC", "utc": "2026-11-23T09:00:00Z",
    }  # fmt: skip
    assert told["items"] == ["We meet on Friday"]
    assert "campaigns/broken.md" in told["left_out"][0]
    assert told["next"][0] == f"mailer approve weekly --code {told['code']}"
    assert (told["code"], told["needs_approval"]) == (code(desk, one), False)
    assert "person" not in json.dumps(told).replace("12 people", "")


def test_where_somebody_must_approve_it_says_so(relay, make_app, one):
    make_app(MAILER_SENDING__REQUIRE_APPROVAL="always").teller().tell_due()
    assert "If nobody approves it, it is held." in parts(read(relay.accepted[0]))["text/plain"]


def test_nobody_is_shown_what_was_skipped_meanwhile(desk, relay, make_app, one):
    skip_next(desk, "weekly")
    assert make_app().teller().tell_due() == 0
    assert relay.accepted == []
    with desk.database.reading() as connection:
        [(outcome, done)] = connection.execute(
            sa.select(alert.c.outcome, alert.c.done_at).where(alert.c.channel == "organisers")
        ).all()
    assert (outcome, done is not None) == ("over", True)


def test_those_who_are_told_of_alerts_get_it_where_no_others_are_named(relay, make_app, one):
    make_app(MAILER_SCHEDULE__PROOF_TO="", MAILER_ALERTS__TO="all@example.net").teller().tell_due()
    assert [sent.recipient for sent in relay.accepted] == ["all@example.net"]
