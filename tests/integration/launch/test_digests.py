"""A digest holds each campaign once, on both engines, whoever sends at the same moment and whatever is cancelled."""

import threading
from datetime import timedelta

import pytest
import sqlalchemy as sa

from ledger_world import states
from mailer.domain.mailing import MailingState, RowState
from mailer.domain.schedule import parse_when
from mailer.edition.format import load
from mailer.errors import InputProblems, Refused
from mailer.launch import NothingToSend, Order, Repeat, differs_from_armed, fire_due, launch, refuse_changed
from mailer.storage import control, mailings, schedules
from mailer.storage.tables import alert, delivery, digest_item, occurrence
from sending_world import Clock, desk_for, make_project, populate, write_letter

DIGEST = """---
kind: digest
subject: "News: {{{{ items[0].headline }}}}"
preheader: What was written and asked since you last heard from us
headline: The week
{collect}---
Dear {{{{ subscriber.first_name | default("friend") }}}}, this is what the week has brought.
"""
NOTHING = NothingToSend("there is nothing new")


@pytest.fixture
def project(tmp_path):
    made = make_project(tmp_path / "project")
    (made / "campaigns" / "letter.md").unlink()
    write_digest(made)
    return made


@pytest.fixture(params=["sqlite", "postgresql"])
def desk(request, project):
    url = request.getfixturevalue("postgres_url") if request.param == "postgresql" else ""
    desk = desk_for(project, clock=Clock(), url=url)
    populate(desk.database, 6, donors=(2, 3))
    yield desk
    desk.database.dispose()


def write_digest(project, collect="collect:\n  first_run: everything\n"):
    (project / "campaigns" / "weekly.md").write_text(DIGEST.format(collect=collect))


def send(desk, slug, **order):
    return launch(desk, Order(slug=slug, **order), lambda *_: None)


def arm(desk, text="in 10m"):
    when = parse_when(text, now=desk.clock(), zone="Europe/London")
    return launch(desk, Order(slug="weekly"), lambda *_: None, when=when)


def mail(desk, *slugs):
    """Campaigns that are mailed, an hour after each other."""
    for slug in slugs:
        write_letter(desk.settings.root, slug=slug, extra=f"kicker: about {slug}\n")
        send(desk, slug)
        desk.clock.now += timedelta(hours=1)


def held(desk, mailing):
    """The slugs that the mailing carried, in its order."""
    query = sa.select(digest_item.c.item).where(
        digest_item.c.mailing_id == mailing.id, digest_item.c.place.is_not(None)
    )
    with desk.database.reading() as connection:
        found = connection.scalars(query.order_by(digest_item.c.place)).all()
    return [key.removeprefix("campaign:") for key in found]


def html(desk, mailing):
    with desk.database.reading() as connection:
        edition = load(mailings.edition_of(connection, mailing.id))
    return repr(edition.variants[""].html)


def cancel(desk, mailing, *, reached=()):
    """Cancel a mailing after a worker has sent to those in `reached`."""
    with desk.database.writing() as connection:
        rows = sa.update(delivery).where(delivery.c.mailing_id == mailing.id, delivery.c.subscriber_id.in_(reached))
        connection.execute(rows.values(state=RowState.SENT))
        assert mailings.move(connection, mailing.id, MailingState.CANCELLED, at=desk.clock())
        control.cancel_rows(connection, mailing.id)


def finish(desk, mailing):
    with desk.database.writing() as connection:
        rows = sa.update(delivery).where(delivery.c.mailing_id == mailing.id)
        connection.execute(rows.values(state=RowState.SENT))
        assert mailings.finish_if_done(connection, mailing.id, at=desk.clock())


def at_once(number, task):
    start, outcomes = threading.Barrier(number), []

    def run():
        start.wait(60)
        try:
            outcomes.append(task())
        except Refused as refused:
            outcomes.append(refused)

    threads = [threading.Thread(target=run) for _ in range(number)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return outcomes


def test_week_after_week_each_campaign_comes_once(desk):
    mail(desk, "a", "b")
    first = send(desk, "weekly")
    assert held(desk, first) == ["b", "a"]
    assert "http://127.0.0.1:8000/c/b" in html(desk, first)
    assert send(desk, "weekly") == NOTHING
    mail(desk, "c")
    second = send(desk, "weekly")
    assert (held(desk, second), second.number) == (["c"], 2)
    assert states(desk.database, second.id) == {RowState.QUEUED: [1, 2, 3, 4, 5, 6]}
    assert send(desk, "weekly", repeat=Repeat.AGAIN) == NOTHING, "again brings nothing back"
    assert send(desk, "weekly", repeat=Repeat.REST) == NothingToSend("the audience of weekly is empty")


def test_the_rest_get_the_issue_that_a_sample_or_a_segment_had(desk):
    mail(desk, "a")
    sample = send(desk, "weekly", segment="donors")
    mail(desk, "b")
    rest = send(desk, "weekly", repeat=Repeat.REST)
    assert held(desk, rest) == held(desk, sample) == ["a"]
    assert states(desk.database, rest.id) == {RowState.QUEUED: [1, 4, 5, 6]}
    assert held(desk, send(desk, "weekly")) == ["b"], "the next issue is for everybody, and new"


def test_another_digest_has_a_memory_of_its_own(desk):
    mail(desk, "a")
    send(desk, "weekly")
    other = (desk.settings.root / "campaigns" / "weekly.md").read_text()
    (desk.settings.root / "campaigns" / "monthly.md").write_text(other)
    assert held(desk, send(desk, "monthly")) == ["a"]


def test_nothing_new_is_nothing_sent_and_too_little_waits(desk):
    write_digest(desk.settings.root, "collect:\n  min_items: 2\n")
    assert send(desk, "weekly") == NOTHING
    mail(desk, "a")
    assert send(desk, "weekly") == NothingToSend("1 new item, and min_items is 2")
    mail(desk, "b")
    assert held(desk, send(desk, "weekly")) == ["b", "a"]
    with desk.database.reading() as connection:
        assert len(mailings.of_slug(connection, "weekly")) == 1


def test_what_the_first_issue_passed_over_never_comes(desk):
    write_digest(desk.settings.root, "collect:\n  first_run: last 1\n")
    mail(desk, "a", "b")
    assert held(desk, send(desk, "weekly")) == ["b"]
    assert send(desk, "weekly") == NOTHING


def test_a_cancelled_campaign_is_no_item_and_a_scheduled_one_not_yet(desk):
    mail(desk, "a", "b")
    with desk.database.reading() as connection:
        cancelled = mailings.find(connection, "a")
    cancel(desk, cancelled)
    write_letter(desk.settings.root, slug="later")
    when = parse_when("in 2h", now=desk.clock(), zone="Europe/London")
    launch(desk, Order(slug="later"), lambda *_: None, when=when)
    assert held(desk, send(desk, "weekly")) == ["b"]


def test_what_a_cancelled_issue_held_is_new_again(desk):
    write_digest(desk.settings.root, "collect:\n  first_run: last 1\n")
    mail(desk, "a", "b")
    cancel(desk, send(desk, "weekly"))
    assert held(desk, send(desk, "weekly")) == ["b"]


def test_after_an_issue_that_was_stopped_half_way_a_person_says_who_gets_it(desk):
    mail(desk, "a")
    cancel(desk, send(desk, "weekly"), reached=(1, 2))
    with pytest.raises(Refused, match="has reached 2 people"):
        send(desk, "weekly")
    rest = send(desk, "weekly", repeat=Repeat.REST)
    assert states(desk.database, rest.id) == {RowState.QUEUED: [3, 4, 5, 6]}
    cancel(desk, rest, reached=(3,))
    again = send(desk, "weekly", repeat=Repeat.REST)
    assert (held(desk, again), states(desk.database, again.id)) == (["a"], {RowState.QUEUED: [4, 5, 6]})


def test_of_several_sends_at_once_one_carries_the_items(desk):
    mail(desk, "a", "b")
    ready = threading.Barrier(3)
    outcomes = at_once(3, lambda: launch(desk, Order(slug="weekly"), lambda *_: ready.wait(60)))
    (won,) = [one for one in outcomes if not isinstance(one, Refused)]
    assert held(desk, won) == ["b", "a"]
    with desk.database.reading() as connection:
        assert connection.scalar(sa.select(sa.func.count()).select_from(digest_item)) == 2
        assert len(mailings.of_slug(connection, "weekly")) == 1


def test_a_send_and_a_schedule_at_the_same_moment_carry_no_item_twice(desk, monkeypatch):
    mail(desk, "a", "b")
    armed = arm(desk)
    desk.clock.now += timedelta(minutes=10)
    ready = threading.Barrier(2)
    monkeypatch.setattr("mailer.launch.composing.refuse_broken", lambda *_: ready.wait(60))

    def by_hand():
        return launch(desk, Order(slug="weekly"), lambda *_: ready.wait(60))

    tasks = [by_hand, lambda: fire_due(desk)]
    at_once(2, lambda: tasks.pop()())  # noqa: PLW0108 (each thread takes its own)
    monkeypatch.undo()
    fire_due(desk)  # the sweep after
    with desk.database.reading() as connection:
        issues = mailings.of_slug(connection, "weekly")
        carried = connection.execute(sa.select(digest_item.c.item, digest_item.c.mailing_id)).all()
        outcomes = connection.scalars(sa.select(occurrence.c.outcome)).all()
    assert sorted(row.item for row in carried) == ["campaign:a", "campaign:b"]
    assert len({row.mailing_id for row in carried}) == 1
    assert armed.id in {one.id for one in issues}
    assert outcomes in (["sent"], ["empty"]), [one.state_reason for one in issues]


def test_an_armed_digest_holds_what_is_new_by_then(desk):
    mail(desk, "a")
    armed = arm(desk, "in 3h")
    with desk.database.reading() as connection:
        (schedule,) = schedules.armed(connection)
    mail(desk, "b")
    assert not differs_from_armed(desk, schedule), "new items are no change of the digest"
    desk.clock.now += timedelta(hours=2)
    (fired,) = fire_due(desk)
    assert (fired.id, fired.state) == (armed.id, MailingState.SENDING)
    assert held(desk, fired) == ["b", "a"]


def test_only_what_the_clock_sent_says_that_nobody_wrote_it(desk):
    """RFC 3834 §5: a digest by the clock; not one that somebody sends, and no campaign."""
    mail(desk, "a")
    by_hand = send(desk, "weekly")
    write_letter(desk.settings.root, slug="b")
    when = parse_when("in 10m", now=desk.clock(), zone="Europe/London")
    launch(desk, Order(slug="b"), lambda *_: None, when=when)
    mail(desk, "c")
    arm(desk)
    desk.clock.now += timedelta(minutes=15)
    fired = fire_due(desk)
    with desk.database.reading() as connection:
        said = [(one.slug, load(mailings.edition_of(connection, one.id)).meta.automatic) for one in (by_hand, *fired)]
    assert said == [("weekly", False), ("b", False), ("weekly", True)]


def test_an_armed_digest_that_is_empty_ends_and_says_so(desk):
    armed = arm(desk)
    assert armed.state is MailingState.SCHEDULED
    desk.clock.now += timedelta(minutes=10)
    (fired,) = fire_due(desk)
    assert (fired.state, fired.state_reason, fired.total) == (MailingState.FINISHED, "there is nothing new", 0)
    mail(desk, "a")
    assert held(desk, send(desk, "weekly")) == ["a"], "an issue that was empty stands in nobody's way"


def test_a_digest_that_was_sent_since_it_was_armed_sends_what_is_left(desk):
    mail(desk, "a")
    armed = arm(desk, "in 3h")
    finish(desk, send(desk, "weekly"))
    mail(desk, "b")
    desk.clock.now += timedelta(hours=2)
    (fired,) = fire_due(desk)
    assert (fired.id, held(desk, fired)) == (armed.id, ["b"])


def test_a_digest_whose_file_changed_since_it_was_armed_is_held(desk):
    mail(desk, "a")
    arm(desk)
    write_digest(desk.settings.root)
    text = (desk.settings.root / "campaigns" / "weekly.md").read_text()
    (desk.settings.root / "campaigns" / "weekly.md").write_text(text + "\nOne more line.\n")
    desk.clock.now += timedelta(minutes=10)
    (fired,) = fire_due(desk)
    assert fired.state is MailingState.HELD
    assert send(desk, "weekly").number == 2


def test_a_paused_digest_can_go_on_although_its_items_are_not_new_any_more(desk):
    path = desk.settings.root / "campaigns" / "weekly.md"
    path.write_text(path.read_text().replace("items[0].headline", "items[1].headline"))
    mail(desk, "a", "b")
    issue = send(desk, "weekly")
    mail(desk, "c")
    refuse_changed(desk, issue, as_approved=False)
    path.write_text(path.read_text() + "\nOne more line.\n")
    with pytest.raises(Refused, match="has changed since"):
        refuse_changed(desk, issue, as_approved=False)


def test_what_does_not_fit_waits_and_comes_next_beside_the_news(desk):
    write_digest(desk.settings.root, "collect:\n  first_run: everything\n  max_items: 2\n")
    mail(desk, "a", "b", "c", "d")
    assert held(desk, send(desk, "weekly")) == ["d", "c"]
    mail(desk, "e", "f")
    assert held(desk, send(desk, "weekly")) == ["f", "a"], "the newest, and what has waited longest"
    mail(desk, "g")
    assert held(desk, send(desk, "weekly")) == ["g", "b"]
    assert held(desk, send(desk, "weekly")) == ["e"]
    assert send(desk, "weekly") == NOTHING


def test_an_armed_digest_goes_out_without_what_is_broken_and_somebody_is_told(desk):
    mail(desk, "a")
    write_letter(desk.settings.root, slug="b", extra="published: 2024-11-01\nno_such_key: 1\n")
    arm(desk)
    desk.clock.now += timedelta(minutes=10)
    (fired,) = fire_due(desk)
    assert (fired.state, held(desk, fired)) == (MailingState.SENDING, ["a"])
    with desk.database.reading() as connection:
        told = connection.scalars(sa.select(alert.c.detail).where(alert.c.kind == "item").distinct()).all()
    assert told == ['"b" is left out: its file has errors (unknown key "no_such_key")']


def test_items_whose_file_is_gone_or_broken_still_come(desk):
    mail(desk, "a", "b", "c")
    (desk.settings.root / "campaigns" / "a.md").unlink()
    (desk.settings.root / "campaigns" / "b.md").write_text("no campaign at all")
    assert held(desk, send(desk, "weekly")) == ["c", "b", "a"]


def test_a_digest_that_is_broken_itself_is_refused_before_anything(desk):
    mail(desk, "a")
    write_digest(desk.settings.root, "collect:\n  kinds: [artikle]\n")
    with pytest.raises(InputProblems, match=r"weekly\.md:7.*artikle"):
        send(desk, "weekly")
