"""An armed campaign goes out once, as it was armed, and never as a surprise."""

import threading
from datetime import timedelta

import pytest
import sqlalchemy as sa

from ledger_world import states
from mailer.domain.mailing import MailingState, RowState
from mailer.domain.schedule import parse_when
from mailer.errors import DatabaseBusy, Refused
from mailer.launch import Order, Repeat, differs_from_armed, fire_due, launch
from mailer.scheduler import Scheduler
from mailer.storage import heartbeats, mailings, schedules, subscriptions
from mailer.storage.heartbeats import Role
from mailer.storage.tables import occurrence
from schedule_world import looked_at_once
from sending_world import desk_for, make_project, populate, rename, write_letter

QUEUED = RowState.QUEUED


@pytest.fixture
def project(tmp_path):
    return make_project(tmp_path / "project")


@pytest.fixture
def desk(project, clock, database_url):
    desk = desk_for(project, clock=clock, url=database_url)
    populate(desk.database, 4)
    yield desk
    desk.database.dispose()


def arm(desk, text="in 10m", **order):
    when = parse_when(text, now=desk.clock(), zone="Europe/London")
    return launch(desk, Order(slug="letter", **order), lambda *_: None, when=when)


def occurrences(desk):
    with desk.database.reading() as connection:
        return [(row.outcome, row.detail) for row in connection.execute(sa.select(occurrence))]


def now_of(desk, mailing_id):
    with desk.database.reading() as connection:
        return mailings.get(connection, mailing_id)


def test_an_armed_campaign_waits_and_then_goes_out_once(desk, clock):
    armed = arm(desk)
    assert (armed.state, armed.edition_id) == (MailingState.SCHEDULED, None)
    assert fire_due(desk) == []
    clock.now += timedelta(minutes=10)
    (fired,) = fire_due(desk)
    assert (fired.id, fired.state, fired.total) == (armed.id, MailingState.SENDING, 4)
    assert fire_due(desk) == []
    assert occurrences(desk) == [("sent", "")]
    assert states(desk.database, armed.id) == {QUEUED: [1, 2, 3, 4]}


def test_what_is_computed_is_computed_when_it_fires(desk, clock):
    armed = arm(desk)
    clock.now += timedelta(minutes=10)
    with desk.database.writing() as connection:
        subscriptions.leave(connection, 2, list_name="news", mailing_id=None, at=clock.now)
    fire_due(desk)
    assert states(desk.database, armed.id) == {QUEUED: [1, 3, 4]}, "who left since is not mailed"


def test_several_schedulers_at_once_fire_it_once(desk, clock):
    armed = [arm(desk)]
    clock.now += timedelta(minutes=10)
    fired = looked_at_once(desk)
    assert sorted(one.id for one in fired) == [one.id for one in armed]
    assert len(occurrences(desk)) == 1
    for one in armed:
        assert states(desk.database, one.id) == {QUEUED: [1, 2, 3, 4]}


@pytest.mark.parametrize(
    ("change", "because"),
    [
        (lambda project: write_letter(project, body="Another text, written after it was armed."), "differs from what is armed"),
        (lambda project: write_letter(project, body="{{ subscriber.frist_name }}"), "frist_name"),
        (lambda project: (project / "campaigns" / "letter.md").unlink(), 'There is no campaign "letter"'),
    ],
)  # fmt: skip
def test_a_campaign_that_changed_or_broke_since_is_held_with_an_alert(desk, clock, project, caplog, change, because):
    armed = arm(desk)
    change(project)
    with desk.database.reading() as connection:
        (one,) = schedules.armed(connection)
    assert differs_from_armed(desk, one)
    clock.now += timedelta(minutes=10)
    (held,) = fire_due(desk)
    assert (held.id, held.state) == (armed.id, MailingState.HELD)
    assert because in held.state_reason
    assert "schedule.held" in caplog.text
    assert states(desk.database, armed.id) == {}
    assert fire_due(desk) == [], "held until a person has looked"


def test_saving_the_file_unchanged_changes_nothing(desk, project):
    arm(desk)
    write_letter(project)
    with desk.database.reading() as connection:
        (one,) = schedules.armed(connection)
    assert not differs_from_armed(desk, one)


def test_one_that_is_a_day_late_expires_with_an_alert(desk, clock, caplog):
    arm(desk)
    clock.now += timedelta(days=1, minutes=11)
    (late,) = fire_due(desk)
    assert late.state is MailingState.EXPIRED
    assert "nothing was running then" in late.state_reason
    assert "schedule.expired" in caplog.text


def test_one_that_is_late_within_its_grace_is_held(desk, clock):
    arm(desk)
    clock.now += timedelta(days=1, minutes=9)
    (held,) = fire_due(desk)
    assert held.state is MailingState.HELD
    assert "it was due at Sun 22 Nov 2026 09:10 Europe/London" in held.state_reason


def test_one_that_is_a_few_hours_late_still_goes_out(desk, clock):
    arm(desk)
    clock.now += timedelta(hours=6)
    (fired,) = fire_due(desk)
    assert fired.state is MailingState.SENDING


def test_an_audience_that_emptied_ends_it_without_mail(desk, clock):
    arm(desk)
    with desk.database.writing() as connection:
        for one in (1, 2, 3, 4):
            subscriptions.leave(connection, one, list_name="news", mailing_id=None, at=clock.now)
    clock.now += timedelta(minutes=10)
    (ended,) = fire_due(desk)
    assert (ended.state, ended.total) == (MailingState.FINISHED, 0)
    assert occurrences(desk) == [("empty", "there was nobody to mail")]


def test_messages_that_cannot_be_built_hold_it(desk, clock):
    arm(desk)
    rename(desk.database, 3, email="p@x@example.org")
    clock.now += timedelta(minutes=10)
    (held,) = fire_due(desk)
    assert held.state is MailingState.HELD


def test_what_was_disarmed_does_not_fire(desk, clock):
    armed = arm(desk)
    with desk.database.writing() as connection:
        assert mailings.move(connection, armed.id, MailingState.CANCELLED, at=clock.now)
        assert schedules.disarm(connection, armed.id)
    clock.now += timedelta(minutes=10)
    assert fire_due(desk) == []
    assert occurrences(desk) == []


def test_a_campaign_that_is_armed_is_not_sent_besides(desk):
    arm(desk)
    with pytest.raises(Refused, match="letter is scheduled already"):
        launch(desk, Order(slug="letter"), lambda *_: None)


def test_what_was_sent_since_it_was_armed_is_held(desk, clock):
    armed = arm(desk)
    launch(desk, Order(slug="letter", repeat=Repeat.AGAIN), lambda *_: None)
    clock.now += timedelta(minutes=10)
    (held,) = fire_due(desk)
    assert (held.id, held.state) == (armed.id, MailingState.HELD)
    assert held.state_reason == "it was sent since this was armed: mailing 2"


def test_a_crash_between_firing_and_writing_the_rows_is_mended_by_the_next_look(desk, clock, monkeypatch):
    armed = arm(desk)
    clock.now += timedelta(minutes=10)
    with monkeypatch.context() as patch:
        patch.setattr("mailer.launch.firing.write_rows", lambda *_: None)
        fire_due(desk)
    assert now_of(desk, armed.id).state is MailingState.MATERIALISING
    assert states(desk.database, armed.id) == {}
    fire_due(desk)
    assert now_of(desk, armed.id).state is MailingState.SENDING
    assert states(desk.database, armed.id) == {QUEUED: [1, 2, 3, 4]}


def test_a_database_that_is_busy_is_tried_again(desk, clock, monkeypatch):
    arm(desk)
    clock.now += timedelta(minutes=10)
    with monkeypatch.context() as patch:
        patch.setattr("mailer.launch.composing.rehearse", busy)
        with pytest.raises(DatabaseBusy):
            fire_due(desk)
    assert occurrences(desk) == []
    assert len(fire_due(desk)) == 1


def busy(*_arguments):
    raise DatabaseBusy


def test_the_scheduler_looks_at_the_very_instant_beats_and_tells(project):
    desk = desk_for(project)
    populate(desk.database, 3)
    armed = arm(desk, "in 1s")
    told, heard = [], threading.Event()

    def tell(sentence):
        told.append(sentence)
        heard.set()

    with Scheduler(desk, every=3600, told=tell) as running:
        with desk.database.reading() as connection:
            assert heartbeats.alive(connection, Role.SCHEDULER, now=desk.clock())
            assert not heartbeats.alive(connection, Role.WORKER, now=desk.clock())
        assert heard.wait(60), "it did not fire"
    assert told == [f"letter ({armed.id}) is sending, 3 people."]
    assert running.fired == 1
    with desk.database.reading() as connection:
        assert not heartbeats.alive(connection, Role.SCHEDULER, now=desk.clock())
    desk.database.dispose()


def test_the_scheduler_goes_on_after_trouble(desk, clock, monkeypatch):
    arm(desk)
    clock.now += timedelta(minutes=10)
    told = []
    scheduler = Scheduler(desk, told=told.append)
    with monkeypatch.context() as patch:
        patch.setattr("mailer.launch.composing.rehearse", busy)
        for _ in range(3):
            scheduler.sweep()
    assert [sentence.partition(".")[0] for sentence in told] == ["The database is held by another program"], "told once"
    scheduler.sweep()
    assert "is sending, 4 people" in told[1]
    assert told[2] == "The database answers again."
