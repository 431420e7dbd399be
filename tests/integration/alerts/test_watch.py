"""Whoever lives says that somebody else does not: once, and only of what is no mere restart."""

from contextlib import ExitStack
from datetime import timedelta

import pytest
import sqlalchemy as sa

from ledger_world import add_mailing
from mailer.alerts.watch import PATIENCE, Watch
from mailer.domain.limits import all_limits
from mailer.domain.mailing import MailingState
from mailer.storage.heartbeats import Role, beating
from mailer.storage.silence import SCHEDULE_LATE, SCHEDULER_HANGS, WORK_IDLE
from mailer.storage.tables import alert, mailing
from schedule_world import arm_again
from sending_world import Clock, desk_for, make_project, populate

SECOND = timedelta(seconds=1)
TWO_RELAYS = """
[[relays]]
name = "first"
host = "127.0.0.1"
[[relays]]
name = "second"
host = "127.0.0.1"
"""


#: For what the database decides.
both_engines = pytest.mark.parametrize("desk", ["sqlite", "postgresql"], indirect=True)


@pytest.fixture
def desk(request, tmp_path):
    is_postgres = getattr(request, "param", "sqlite") == "postgresql"
    url = request.getfixturevalue("postgres_url") if is_postgres else ""
    project = make_project(tmp_path / "project", toml=TWO_RELAYS)
    desk = desk_for(project, clock=Clock(), url=url, MAILER_SMTP_URL="")
    populate(desk.database, 3)
    yield desk
    desk.database.dispose()


@pytest.fixture
def watch(desk):
    return watch_of(desk)


def watch_of(desk):
    return Watch(desk.database, desk.settings, clock=desk.clock, limits=all_limits(desk.settings))


@pytest.fixture
def alive(desk):
    """Lets processes live until the test ends: alive(Role.WORKER, trouble="…")."""
    with ExitStack() as living:
        yield lambda role, trouble="", **only: living.enter_context(
            beating(desk.database, desk.clock, role, trouble=lambda: trouble, **only)
        )


def look(watch, desk, *, after):
    """Twice, for what is seen once may be over at once; what was told by then."""
    desk.clock.now += after
    watch.look()
    return lasting(watch, desk)


def lasting(watch, desk):
    desk.clock.now += PATIENCE
    watch.look()
    with desk.database.reading() as connection:
        query = sa.select(alert.c.kind, alert.c.slug, alert.c.detail).where(alert.c.channel == "mail")
        return [tuple(row) for row in connection.execute(query.order_by(alert.c.id))]


def sending(desk, **values):
    """A mailing that is due since now."""
    return add_mailing(desk.database, 3, starts_at=desk.clock(), started_at=desk.clock(), **values)


@both_engines
def test_what_is_overdue_without_a_scheduler_is_told_once(desk, watch):
    one = arm_again(desk)
    assert look(watch, desk, after=one.next.at - desk.clock.now) == []
    told = look(watch, desk, after=SCHEDULE_LATE)
    assert told == [("silent", "letter", "it was due Mon 23 Nov 2026 09:00 UTC, and no scheduler gives a sign of life")]
    assert look(watch, desk, after=timedelta(hours=3)) == told
    assert look(watch_of(desk), desk, after=SECOND) == told, "nor again by another process"


def test_a_process_that_has_just_begun_waits_for_the_others(desk, watch):
    one = arm_again(desk)
    desk.clock.now = one.next.at + timedelta(hours=8)
    watch.look()
    with desk.database.reading() as connection:
        assert connection.scalar(sa.select(sa.func.count()).select_from(alert)) == 0


def test_a_scheduler_that_lives_may_take_its_time(desk, watch, alive):
    one = arm_again(desk)
    desk.clock.now = one.next.at + SCHEDULE_LATE
    alive(Role.SCHEDULER)
    watch.look()
    assert lasting_with_a_beat(desk, watch, alive) == []
    desk.clock.now = one.next.at + SCHEDULER_HANGS + SECOND
    alive(Role.SCHEDULER)
    watch.look()
    [(kind, slug, detail)] = lasting_with_a_beat(desk, watch, alive)
    assert (kind, slug, "the scheduler does nothing" in detail) == ("silent", "letter", True)


def lasting_with_a_beat(desk, watch, alive):
    desk.clock.now += PATIENCE
    alive(Role.SCHEDULER)
    desk.clock.now -= PATIENCE
    return lasting(watch, desk)


@pytest.mark.parametrize("state", [MailingState.SENDING, MailingState.WAITING])
def test_messages_that_lie_idle_are_told_after_a_while(desk, watch, state):
    sending(desk, state=state)
    assert look(watch, desk, after=WORK_IDLE - PATIENCE) == []
    told = look(watch, desk, after=SECOND)
    assert told == [("silent", "letter", "messages have been due since 09:00 UTC, and no worker gives a sign of life")]
    assert look(watch, desk, after=timedelta(hours=3)) == told
    assert len(look(watch, desk, after=timedelta(days=1))) == 2, "once a day"


def test_what_is_paused_or_worked_is_not_idle(desk, watch, alive):
    idle = sending(desk)
    with desk.database.writing() as connection:
        connection.execute(sa.update(mailing).values(state=MailingState.PAUSED))
    assert look(watch, desk, after=WORK_IDLE * 2) == []
    with desk.database.writing() as connection:
        connection.execute(sa.update(mailing).values(state=MailingState.SENDING))
    watch.look()
    desk.clock.now += PATIENCE
    alive(Role.WORKER, mailing_id=idle)
    desk.clock.now -= PATIENCE
    assert lasting(watch, desk) == []


@both_engines
def test_a_relay_that_others_stand_in_for_is_told_once_a_day(desk, watch, alive):
    watch.look()
    desk.clock.now += PATIENCE
    alive(Role.WORKER, trouble="first: 535 5.7.8 the login was refused.")
    watch.look()
    desk.clock.now += PATIENCE
    alive(Role.WORKER, trouble="first: 535 5.7.8 the login was refused.")
    watch.look()
    watch.look()
    with desk.database.reading() as connection:
        rows = connection.execute(sa.select(alert.c.kind, alert.c.detail).where(alert.c.channel == "mail")).all()
    assert [tuple(row) for row in rows] == [("relay", "first: 535 5.7.8 the login was refused")]


@pytest.mark.parametrize("trouble", ["first: no route. second: no route either.", "nobody answers"])
def test_where_no_relay_is_left_the_mailing_itself_says_so(desk, watch, alive, trouble):
    alive(Role.WORKER, trouble=trouble)
    watch.look()
    desk.clock.now += PATIENCE
    alive(Role.WORKER, trouble=trouble)
    watch.look()
    with desk.database.reading() as connection:
        assert connection.scalar(sa.select(sa.func.count()).select_from(alert)) == 0
