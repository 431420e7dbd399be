"""Organisers see the issue before it goes out, and exactly what they saw goes out; an occurrence never waits for them."""

import threading
from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa

import feed_server
from feed_server import FeedServer, entry, read_here, rss
from mailer.domain.armed import ONCE, State
from mailer.domain.mailing import MailingState
from mailer.domain.schedule import parse_when
from mailer.edition.approval_code import LENGTH
from mailer.edition.format import load
from mailer.errors import Refused, SettingsError
from mailer.launch import Order, approve_proof, compose_proofs, fire_due, launch, run_now, skip_next
from mailer.launch.codes import code_of
from mailer.storage import digest_items, mailings, proofs, schedules, subscriptions
from mailer.storage.tables import alert, feed
from schedule_world import HOUR, arm_again, finish, fire, outcomes
from sending_world import Clock, desk_for, make_project, populate, rename, write_letter

ORGANISERS = {"MAILER_SCHEDULE__PROOF_TO": "office@example.net"}
WEEKLY = """---
kind: digest
subject: "News: {{{{ items[0].headline }}}}"
preheader: What was written and asked since you last heard from us
headline: The week
collect:
{collect}---
Dear {{{{ subscriber.first_name | default("friend") }}}}, this is what the week has brought.
"""
#: The clock begins at nine on 22 November; the first occurrence is nine on the 23rd, its proof five in the afternoon before.
KEY, NEXT = "2026-11-23T09:00", "2026-11-24T09:00"
UNTIL_PROOF, UNTIL_TIME = 8 * HOUR, 24 * HOUR


#: For what the database decides.
both_engines = pytest.mark.parametrize("desk", ["sqlite", "postgresql"], indirect=True)


@pytest.fixture
def project(tmp_path):
    made = make_project(tmp_path / "project")
    write_weekly(made)
    return made


@pytest.fixture
def desk(request, project):
    is_postgres = getattr(request, "param", "sqlite") == "postgresql"
    url = request.getfixturevalue("postgres_url") if is_postgres else ""
    desk = desk_for(project, clock=Clock(), url=url, **ORGANISERS)
    populate(desk.database, 100)
    yield desk
    desk.database.dispose()


def write_weekly(project, collect="  first_run: everything\n"):
    (project / "campaigns" / "weekly.md").write_text(WEEKLY.format(collect=collect))


def demanding(desk):
    settings = replace(desk.settings, sending=replace(desk.settings.sending, require_approval="always"))
    return replace(desk, settings=settings)


def mail(desk, *slugs):
    for slug in slugs:
        write_letter(desk.settings.root, slug=slug, extra=f"kicker: about {slug}\n")
        finish(desk, launch(desk, Order(slug=slug), lambda *_: None))
        desk.clock.now += timedelta(minutes=1)


def arm(desk, slug="weekly", **wish):
    return arm_again(desk, slug, proof="16h", **wish)


def compose(desk, after=timedelta(0)):
    desk.clock.now += after
    return compose_proofs(desk)


def proof_of(desk, one, key=KEY):
    with desk.database.reading() as connection:
        return proofs.get(connection, one.id, key)


def code(desk, one, key=KEY):
    return code_of(desk, proof_of(desk, one, key))


def told(desk, *kinds):
    """[(kind, detail)] of what is written down to be told, once whatever the channels."""
    query = sa.select(alert.c.kind, alert.c.detail).where(alert.c.channel == "webhook").order_by(alert.c.id)
    with desk.database.reading() as connection:
        return [tuple(row) for row in connection.execute(query) if not kinds or row.kind in kinds]


def held_by(desk, mailing):
    with desk.database.reading() as connection:
        records = digest_items.records(connection, "weekly")
        return sorted(key for key in records.spent if mailing.id in digest_items.held_by(connection, "weekly", [key]))


def leave(desk, number):
    with desk.database.writing() as connection:
        for one in range(1, number + 1):
            subscriptions.leave(connection, one, list_name="news", mailing_id=None, at=desk.clock())


@both_engines
def test_it_is_composed_when_its_time_comes_and_once(desk):
    mail(desk, "letter", "appeal")
    one = arm(desk)
    with desk.database.reading() as connection:
        assert proofs.earliest(connection) == one.next.at - 16 * HOUR
    assert compose(desk) == 0
    desk.clock.now = one.next.at - 16 * HOUR
    assert compose(desk) == 1
    assert compose(desk) == 0
    proof = proof_of(desk, one)
    assert proof.shown.items == ("campaign:appeal", "campaign:letter")
    assert proof.facts.held == ("We meet on Friday", "We meet on Friday")
    assert (proof.people, proof.at, proof.fire_at) == (100, desk.clock(), one.next.at)
    assert [kind for kind, _ in told(desk)] == ["proof"]


@both_engines
def test_several_schedulers_compose_one(desk):
    mail(desk, "letter")
    arm(desk)
    desk.clock.now += UNTIL_PROOF
    composed, start = [], threading.Barrier(3)

    def look():
        start.wait(60)
        composed.append(compose_proofs(desk))

    threads = [threading.Thread(target=look) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(composed) == [0, 0, 1]
    assert [kind for kind, _ in told(desk)] == ["proof"]


@both_engines
def test_exactly_what_was_shown_goes_out_and_what_is_newer_waits(desk):
    mail(desk, "letter", "appeal")
    arm(desk)
    assert compose(desk, UNTIL_PROOF) == 1
    mail(desk, "newer")
    fired = fire(desk, UNTIL_TIME - UNTIL_PROOF)
    assert (fired.state, fired.total) == (MailingState.SENDING, 100)
    assert held_by(desk, fired) == ["campaign:appeal", "campaign:letter"]
    finish(desk, fired)
    assert compose(desk, UNTIL_PROOF) == 1
    assert held_by(desk, fire(desk, UNTIL_TIME - UNTIL_PROOF)) == ["campaign:newer"]


def test_what_a_first_issue_leaves_for_good_does_not_come_in_the_second(desk, project):
    write_weekly(project, "  first_run: last 1\n")
    mail(desk, "letter", "appeal")
    arm(desk)
    assert compose(desk, UNTIL_PROOF) == 1
    mail(desk, "newer")
    first = fire(desk, UNTIL_TIME - UNTIL_PROOF)
    assert held_by(desk, first) == ["campaign:appeal"]
    finish(desk, first)
    assert compose(desk, UNTIL_PROOF) == 1
    assert held_by(desk, fire(desk, UNTIL_TIME - UNTIL_PROOF)) == ["campaign:newer"]


def test_what_cannot_be_shown_any_more_is_left_out_and_told(desk):
    mail(desk, "letter")
    gone = launch(desk, write(desk, "appeal"), lambda *_: None)
    arm(desk)
    assert compose(desk, UNTIL_PROOF) == 1
    with desk.database.writing() as connection:
        assert mailings.move(connection, gone.id, MailingState.CANCELLED, at=desk.clock())
    fired = fire(desk, UNTIL_TIME - UNTIL_PROOF)
    assert held_by(desk, fired) == ["campaign:letter"]
    assert told(desk, "item") == [("item", '"We meet on Friday" stood in the proof, and is gone')]


def test_it_says_how_many_will_see_how_much_of_it(desk):
    write_letter(desk.settings.root, slug="peru", extra="topics: [peru]\n")
    finish(desk, launch(desk, Order(slug="peru"), lambda *_: None))
    mail(desk, "letter")
    rename(desk.database, 1, topics=["chile"])
    one = arm(desk)
    assert compose(desk, UNTIL_PROOF) == 1
    assert proof_of(desk, one).facts.views == "2: 99 people see all 2 items, 1 sees 1 of 2 items"


def write(desk, slug):
    write_letter(desk.settings.root, slug=slug)
    return Order(slug=slug)


@both_engines
def test_an_empty_issue_has_no_proof_until_something_is_new(desk):
    arm(desk)
    assert compose(desk, UNTIL_PROOF) == 0
    assert told(desk) == [("empty", "there is nothing new so far, for the issue of Mon 23 Nov 2026 09:00 UTC")]
    mail(desk, "letter")
    assert compose(desk) == 0, "it is not looked at all the time"
    assert compose(desk, proofs.AGAIN_AFTER) == 1
    assert [kind for kind, _ in told(desk)] == ["empty", "proof"]


def test_what_is_broken_is_told_while_it_can_be_mended_and_mailed_once_it_is(desk, project):
    mail(desk, "letter")
    one = arm(desk)
    as_it_was = (project / "campaigns" / "weekly.md").read_text()
    (project / "campaigns" / "weekly.md").write_text(as_it_was + "{{ subscriber.frist_name }}\n")
    assert compose(desk, UNTIL_PROOF) == 0
    assert compose(desk, proofs.AGAIN_AFTER) == 0
    [(kind, detail)] = told(desk)
    assert (kind, "frist_name" in detail, "Mon 23 Nov 2026 09:00 UTC" in detail) == ("broken", True, True)
    (project / "campaigns" / "weekly.md").write_text(as_it_was)
    assert compose(desk, proofs.AGAIN_AFTER) == 1
    assert fire(desk, one.next.at - desk.clock.now).state is MailingState.SENDING


def test_feeds_are_asked_for_the_proof_by_the_clock_as_it_is(project, monkeypatch):
    monkeypatch.setattr("mailer.sources.feeds.asking.read_apart", read_here)
    desk = desk_for(project, clock=Clock(), **ORGANISERS, MAILER_FEEDS__ALLOW_PRIVATE=feed_server.HOST)
    populate(desk.database, 3)
    with FeedServer() as server:
        server.answers["/feed"] = rss(entry(1, at=desk.clock() - HOUR))
        write_weekly(project, f"  first_run: everything\n  feeds: [{server.url()}]\n")
        one = arm(desk)
        assert compose(desk, UNTIL_PROOF) == 1
        assert len(proof_of(desk, one).shown.items) == 1
        with desk.database.reading() as connection:
            assert connection.scalar(sa.select(feed.c.asked_at)) == desk.clock()
        server.answers["/feed"] = rss(entry(2, at=desk.clock()), entry(1))
        fired = fire(desk, UNTIL_TIME - UNTIL_PROOF)
        assert len(held_by(desk, fired)) == 1, "what is newer waits"
    desk.database.dispose()


def test_it_comes_at_once_when_it_is_late_and_never_after_the_occurrence(desk):
    mail(desk, "letter")
    one = arm(desk)
    desk.clock.now = one.next.at - timedelta(minutes=1)
    assert compose(desk) == 1
    fired = fire(desk, timedelta(minutes=1))
    finish(desk, fired)
    mail(desk, "appeal")
    desk.clock.now = one.next.at + UNTIL_TIME
    assert compose(desk) == 0
    assert fire(desk).state is MailingState.SENDING, "nobody had to approve it"


def test_days_that_are_left_are_those_of_its_time(desk):
    one = arm(desk, slug="letter")
    assert compose(desk, UNTIL_PROOF) == 1
    with desk.database.reading() as connection:
        edition = load(proofs.content(connection, proof_of(desk, one).edition_id))
    assert edition.meta.frozen_at == one.next.at


def test_a_code_approves_this_occurrence_alone(desk):
    mail(desk, "letter")
    one = arm(desk)
    compose(desk, UNTIL_PROOF)
    typed = code(desk, one)
    assert len(typed) == LENGTH
    when, given = approve_proof(desk, "weekly", f" {typed[:3].lower()}-{typed[3:]} ", by="Ana")
    assert (str(when), given.approved_by, given.people) == ("Mon 23 Nov 2026 09:00 UTC", "Ana", 100)
    strict = demanding(desk)
    first = fire(strict, UNTIL_TIME - UNTIL_PROOF)
    assert first.state is MailingState.SENDING
    finish(desk, first)
    mail(desk, "appeal")
    compose(desk, UNTIL_PROOF)
    assert code(desk, one, NEXT) != typed
    held = fire(strict, UNTIL_TIME - UNTIL_PROOF)
    assert (held.state, "Nobody approved weekly" in held.state_reason) == (MailingState.HELD, True)


def test_what_was_held_for_want_of_an_approval_goes_out_once_it_has_one(desk):
    mail(desk, "letter")
    one, strict = arm(desk), demanding(desk)
    compose(desk, UNTIL_PROOF)
    held = fire(strict, UNTIL_TIME - UNTIL_PROOF)
    assert told(desk, "held") == [("held", 'Nobody approved weekly, and sending.require_approval is "always".')]
    with pytest.raises(Refused, match="Nobody approved weekly") as refused:
        run_now(strict, "weekly")
    assert "--code CODE" in refused.value.hint
    approve_proof(strict, "weekly", code(desk, one), by="Ana")
    mail(desk, "newer")
    gone = run_now(strict, "weekly")
    assert (gone.id, gone.state) == (held.id, MailingState.SENDING)
    assert held_by(desk, gone) == ["campaign:letter"]


def test_a_wrong_code_and_one_of_another_composition_are_refused(desk, project):
    mail(desk, "letter")
    with pytest.raises(Refused, match="No proof of weekly was mailed"):
        approve_proof(desk, "weekly", "AAAAAA", by="Ana")
    one = arm(desk)
    compose(desk, UNTIL_PROOF)
    stale = code(desk, one)
    with pytest.raises(Refused, match=r"not the code of the newest proof of weekly, which shows the issue for Mon 23"):
        approve_proof(desk, "weekly", "AAAAAA", by="Ana")
    with desk.database.writing() as connection:
        assert schedules.set_state(connection, one.id, State.REMOVED)
    write_weekly(project, "  first_run: last 3\n")
    again = arm(desk)
    assert compose(desk) == 1
    with pytest.raises(Refused, match="is armed no more"):
        approve_proof(desk, "weekly", stale, by="Ana")
    assert approve_proof(desk, "weekly", code(desk, again), by="Ana")[1].key == KEY


def test_an_approval_does_not_reach_far_beyond_the_number_it_was_given_for(desk):
    mail(desk, "letter")
    one = arm(desk)
    compose(desk, UNTIL_PROOF)
    approve_proof(desk, "weekly", code(desk, one), by="Ana")
    leave(desk, 3)
    held = fire(desk, UNTIL_TIME - UNTIL_PROOF)
    assert held.state is MailingState.HELD
    assert "it was for 100 people, and there are 97 now" in held.state_reason
    approve_proof(desk, "weekly", code(desk, one), by="Ben")
    assert run_now(desk, "weekly").total == 97


def test_a_campaign_that_changed_after_its_proof_is_held(desk, project):
    mail(desk, "letter")
    one = arm(desk)
    compose(desk, UNTIL_PROOF)
    approve_proof(desk, "weekly", code(desk, one), by="Ana")
    write_weekly(project, "  first_run: last 3\n")
    with pytest.raises(Refused, match="differs from what is armed"):
        approve_proof(desk, "weekly", code(desk, one), by="Ana")
    assert fire(desk, UNTIL_TIME - UNTIL_PROOF).state is MailingState.HELD


def test_one_that_was_skipped_after_its_proof_stays_out(desk):
    mail(desk, "letter")
    one = arm(desk)
    compose(desk, UNTIL_PROOF)
    typed = code(desk, one)
    skip_next(desk, "weekly")
    with pytest.raises(Refused, match="was skipped"):
        approve_proof(desk, "weekly", typed, by="Ana")
    desk.clock.now += UNTIL_TIME - UNTIL_PROOF
    assert fire_due(desk) == []
    assert outcomes(desk.database) == [(KEY, "skipped")]


def test_a_one_off_has_its_proof_too(desk):
    when = parse_when("tomorrow 09:00", now=desk.clock(), zone="UTC")
    armed = launch(desk, Order(slug="letter"), lambda *_: None, when=when, proof=16 * HOUR)
    assert compose(desk, UNTIL_PROOF) == 1
    with desk.database.reading() as connection:
        one = schedules.of_mailing(connection, armed.id)
    strict = demanding(desk)
    approve_proof(desk, "letter", code_of(desk, proof_of(desk, one, ONCE)), by="Ana")
    fired = fire(strict, UNTIL_TIME - UNTIL_PROOF)
    assert (fired.id, fired.state) == (armed.id, MailingState.SENDING)


def test_with_nobody_to_mail_it_to_nothing_is_armed(project):
    desk = desk_for(project, clock=Clock())
    populate(desk.database, 3)
    with pytest.raises(SettingsError, match="no address of theirs is set") as refused:
        arm(desk, slug="letter")
    assert "proof_to" in refused.value.hint
    desk.database.dispose()
