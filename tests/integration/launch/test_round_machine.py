"""What comes round, under any order of events: time passes, the clock is set, people write, leave out, pause, cancel, let go, and
schedulers die between any two steps; on both engines.

A model beside it knows which hours are due and what has come out. Whatever happens: an occurrence comes to something once, what
comes next was never dealt with, a downtime over k occurrences comes to one issue (`latest`), none (`skip`) or k (`all`), and an item
is in one issue that counts, and in the next that goes out if it was there.

What it is for: that all that people may do to what comes round fits together on both engines, in any order. A handful of orders
finds few mistakes; those are looked for in `simulation/digests.py`, which proves that it finds them, and knows SQLite only.

MAILER_ROUND_EXAMPLES says how many orders are tried on PostgreSQL (2); on SQLite twice as many are.
"""

import os
import shutil
import tempfile
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import sqlalchemy as sa
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from ledger_world import KEY, add_people, make_database
from mailer.domain.armed import State
from mailer.domain.mailing import ENDED_MAILINGS, MailingState
from mailer.errors import Refused
from mailer.launch import Desk, fire_due, run_now, skip_next
from mailer.settings import load
from mailer.storage import mailings, schedules
from mailer.storage.database import Database
from mailer.storage.tables import digest_item, mailing, occurrence
from mortal import Killed, MortalDatabase
from schedule_world import arm_again
from sending_world import make_project, write_letter
from simulation.newsroom import DIGEST, MJML, TEXT

BEGIN = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
SLUG, TIMES = "weekly", (9, 10, 11, 12)
EVERY = f"daily {', '.join(f'{hour:02}:00' for hour in TIMES)}"
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
FAST = Path("/dev/shm")
EXAMPLES = int(os.environ.get("MAILER_ROUND_EXAMPLES", "2"))


class Store:
    """A database that every example finds empty but for its people."""

    def __init__(self, url, folder):
        self.url, self.folder = url, folder
        self._first = None

    @contextmanager
    def opened(self):
        if self._first is None or not self.url.startswith("sqlite"):
            database = make_database(self.url)
            add_people(database, 3)
            database.dispose()
        if self.url.startswith("sqlite"):
            file = Path(Database(self.url).file)
            self._first = self._first or file.read_bytes()
            for path in file.parent.glob(f"{file.name}*"):
                path.unlink()
            file.touch(mode=0o600)
            file.write_bytes(self._first)
        database = MortalDatabase(self.url)
        try:
            yield database
        finally:
            database.dispose()


class RoundMachine(RuleBasedStateMachine):
    def __init__(self, store, project):
        super().__init__()
        self._opened = store.opened()
        self.database = self._opened.__enter__()
        self.root, self.now, self.number = project, BEGIN, 0
        for path in (project / "campaigns").glob("item-*"):
            path.unlink()
        self.desk = Desk(
            settings=load(project, {"MAILER_SMTP_URL": "smtp://127.0.0.1:1"}),
            database=self.database, key=KEY, clock=lambda: self.now,
        )  # fmt: skip
        self.furthest = BEGIN  # that the clock has ever shown
        self.out = set()

    @initialize(catch_up=st.sampled_from(["latest", "skip", "all"]))
    def arm(self, catch_up):
        self.catch_up = catch_up
        self.schedule = arm_again(self.desk, SLUG, every=EVERY, catch_up=catch_up)

    # What happens

    @rule(days=st.sampled_from([1, 1, 1, 2, 3, 9]))
    def days_pass_while_nothing_runs(self, days):
        self.now = self.now + days * DAY
        self.furthest = max(self.furthest, self.now)

    @rule(hours=st.sampled_from([1, 5, 12, 20]))
    def hours_pass(self, hours):
        self.now += hours * HOUR
        self.furthest = max(self.furthest, self.now)

    @rule(hours=st.sampled_from([1, 30, 100]))
    def the_clock_is_put_back(self, hours):
        self.now -= hours * HOUR

    @rule()
    def somebody_publishes(self):
        self.number += 1
        slug, day = f"item-{self.number}", (self.now - 3 * DAY).date()
        write_letter(self.root, slug=slug, extra=f"published: {day}\ncanonical_url: https://www.example.org/{slug}\n")
        self.out.add(f"campaign:{slug}")

    @rule(dies_at=st.one_of(st.none(), st.integers(0, 20)))
    def a_scheduler_looks(self, dies_at):
        self.database.steps_to_live = dies_at
        try:
            fire_due(self.desk)
        except Killed:
            pass
        finally:
            self.database.steps_to_live = None

    @rule()
    def the_next_one_comes_in_time(self):
        """Nothing is going out any more, and a scheduler looks when something is due."""
        self.workers_finish()
        fire_due(self.desk)
        due = self.armed().next
        if self.armed().state is not State.ARMED or due is None or due.at < self.now:
            return
        there = self.waiting()
        self.now = due.at + timedelta(minutes=1)
        self.furthest = max(self.furthest, self.now)
        fire_due(self.desk)
        (came,) = [row for row in self.rows() if row.key == due.key]
        assert came.outcome == ("sent" if there else "empty"), (came.outcome, there)
        assert not self.waiting() & there, "it was there, and the issue does not hold it"

    @rule(number=st.integers(1, 4))
    def the_machine_is_off_over_some(self, number):
        """It comes back twenty minutes after the last of them; then each look deals with one."""
        self.workers_finish()
        fire_due(self.desk)
        self.workers_finish()
        first = self.armed().next.at
        if self.armed().state is not State.ARMED or first < self.now:
            return
        before = {row.key for row in self.rows()}
        due = [at for at in times_from(first, number) if key_of(at) not in before]
        self.now = due[-1] + timedelta(minutes=20)
        self.furthest = max(self.furthest, self.now)
        for _ in due:
            fire_due(self.desk)
            self.workers_finish()
        after = {row.key: row.outcome for row in self.rows() if row.key not in before}
        assert after.keys() == {key_of(at) for at in due}
        dealt_with = [key for key, outcome in after.items() if outcome in ("sent", "empty")]
        in_time = [at for at in due if self.now - at <= 6 * HOUR]
        assert len(dealt_with) == {"latest": 1, "skip": 0, "all": len(in_time)}[self.catch_up], after

    @rule()
    def workers_finish(self):
        """Everything that can end has ended."""
        fire_due(self.desk)
        with self.database.writing() as connection:
            for one in mailings.everything(connection):
                if one.state is MailingState.SENDING:
                    mailings.move(connection, one.id, MailingState.FINISHED, at=self.now)

    @rule()
    def somebody_cancels(self):
        with self.database.writing() as connection:
            for one in mailings.everything(connection)[-1:]:
                mailings.move(connection, one.id, MailingState.CANCELLED, at=self.now)

    @rule()
    def somebody_leaves_the_next_one_out(self):
        key = skip_next(self.desk, SLUG).key
        assert [row.outcome for row in self.rows() if row.key == key] == ["skipped"]

    @rule()
    def somebody_pauses_it(self):
        with self.database.writing() as connection:
            schedules.set_state(connection, self.schedule.id, State.PAUSED)

    @rule()
    def somebody_lets_it_go_on(self):
        with self.database.writing() as connection:
            schedules.resume(connection, schedules.get(connection, self.schedule.id), at=self.now)

    @rule()
    def somebody_sends_now(self):
        try:
            run_now(self.desk, SLUG)
        except Refused:
            assert self.under_way(), "refused, and nothing is under way"

    # What must hold

    def armed(self):
        with self.database.reading() as connection:
            return schedules.get(connection, self.schedule.id)

    def rows(self):
        with self.database.reading() as connection:
            return connection.execute(sa.select(occurrence).order_by(occurrence.c.fire_at)).all()

    def held(self):
        """{item: mailings that hold it and count}"""
        counting = sa.select(digest_item.c.item, digest_item.c.mailing_id).where(
            digest_item.c.counts, digest_item.c.place.is_not(None)
        )
        found = {}
        with self.database.reading() as connection:
            for item, mailing_id in connection.execute(counting):
                found.setdefault(item, []).append(mailing_id)
        return found

    def waiting(self):
        return self.out - self.held().keys()

    def under_way(self):
        with self.database.reading() as connection:
            found = mailings.everything(connection)
        return [one.id for one in found if one.state not in ENDED_MAILINGS and one.edition_id is not None]

    @invariant()
    def each_occurrence_is_one_row_of_a_day_that_is_due(self):
        regular = [row for row in self.rows() if not row.key.startswith("now ")]
        for row in regular:
            assert row.key == key_of(row.fire_at)
            assert row.fire_at.hour in TIMES
            assert row.fire_at.minute == 0
        assert len({row.fire_at for row in regular}) == len(regular)

    @invariant()
    def what_comes_next_was_never_dealt_with(self):
        one = self.armed()
        assert one.next is not None
        assert one.next.key not in {row.key for row in self.rows()}

    @invariant()
    def of_two_issues_one_has_ended(self):
        assert len(self.under_way()) <= 1

    @invariant()
    def an_item_is_in_one_issue(self):
        held = self.held()
        assert all(len(issues) == 1 for issues in held.values()), held
        assert held.keys() <= self.out

    @invariant()
    def a_mailing_belongs_to_an_occurrence(self):
        with self.database.reading() as connection:
            known = connection.scalars(sa.select(mailing.c.occurrence_id)).all()
        assert None not in known
        assert len(set(known)) == len(known)

    @invariant()
    def nothing_goes_out_late_that_must_not(self):
        for row in self.rows():
            late = row.fired_at - row.fire_at
            if row.outcome != "sent" or row.key.startswith("now ") or "by hand" in row.detail or late <= HOUR / 6:
                continue
            assert self.catch_up != "skip"
            assert late <= 6 * HOUR
            assert 8 <= row.fired_at.hour < 20

    def teardown(self):
        """All is well again: what still waits is in the next issue that goes out."""
        if hasattr(self, "schedule"):
            self.now = self.furthest + HOUR
            self.somebody_lets_it_go_on()
            self.somebody_publishes()
            for _ in range(3):
                self.workers_finish()
                self.now = max(self.now, self.armed().next.at + timedelta(minutes=1))
                self.furthest = self.now
                fire_due(self.desk)
            assert not self.waiting()
            self.an_item_is_in_one_issue()
        self._opened.__exit__(None, None, None)


def key_of(at):
    return f"{at:%Y-%m-%dT%H:%M}"


def times_from(first, number):
    """So many of its times, the first included."""
    at = first
    while number:
        if at.hour in TIMES:
            yield at
            number -= 1
        at += HOUR


def run(url, folder, examples):
    project = make_project(folder / "project")
    (project / "templates").mkdir()
    (project / "templates" / "digest.mjml").write_text(MJML)
    (project / "templates" / "digest.txt").write_text(TEXT)
    (project / "campaigns" / f"{SLUG}.md").write_text(DIGEST.format(least=1, already_mailed="include"))
    store = Store(url, folder)
    run_state_machine_as_test(
        lambda: RoundMachine(store, project),
        settings=settings(
            max_examples=examples, stateful_step_count=20, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )


def test_under_any_order_on_sqlite(tmp_path):
    fast = Path(tempfile.mkdtemp(prefix="round-", dir=FAST)) if FAST.is_dir() else tmp_path
    try:
        run(f"sqlite:///{fast}/mailer.db", fast, examples=2 * EXAMPLES)
    finally:
        shutil.rmtree(fast)


def test_under_any_order_on_postgresql(tmp_path, postgres_url):
    run(postgres_url, tmp_path, examples=EXAMPLES)
