"""A digest that comes round, week after week, on a simulated machine: one run is a few weeks, or a year.

Between the occurrences time leaps; around each of them several schedulers look, workers send, people write, join, leave and
choose, and processes are killed. Now and then the machine is off over an occurrence, or over several. In the end all is well
again, one more occurrence comes, and everything that came out must have gone where it belongs.
"""

import itertools
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from unittest.mock import patch

from mailer.delivery import worker as worker_module
from mailer.delivery.pace import Pace
from mailer.domain.armed import State, Terms
from mailer.domain.catch_up import CatchUp
from mailer.domain.mailing import MailingState
from mailer.domain.recurrence import parse_every
from mailer.errors import Refused, UnknownName
from mailer.launch import Order, read_draft
from mailer.launch import views as views_module
from mailer.launch.by_hand import run_now, skip_next
from mailer.storage import schedules
from simulation.digest_oracle import DigestOracle
from simulation.fridays import LONDON, key_of, time_of
from simulation.kernel import Kernel
from simulation.machine import EPOCH, Machine
from simulation.newsroom import SLUG, Newsroom, settings
from simulation.pacing import Way
from simulation.scenario import ROUNDS, Run, shared_database, small_numbers
from simulation.schedulers import Schedulers
from simulation.themes import Theme


@contextmanager
def ordinary_numbers():
    """Claims and chunks as the product has them; only idle workers look less often.

    An issue that waited for months has dozens of items here, of topics and mailings that are all dice: nobody would be held
    up by more choices of them than the product makes.
    """
    with (
        patch.object(worker_module, "STEP", 0.7),
        patch.object(worker_module, "REAP_EVERY", 1.5),
        patch.object(views_module, "MOST_VIEWS", 100_000),
    ):
        yield


MINUTE, HOUR, DAY, WEEK = 60.0, 3600.0, 86400.0, 604800.0
#: Weeks after which a run begins: before the clocks go forward, before they go back, or at once.
BEGINNINGS = (0, 14, 45)
#: Seconds before an occurrence at which programs are started, and after which whoever still works is left alone no longer.
LEAD, PATIENCE = 1.5, 120.0
#: For how long the machine is off when it is.
OUTAGES = (2 * MINUTE, 2 * HOUR, 5 * HOUR, 20 * HOUR, 2 * DAY, 9 * DAY, 16 * DAY, 31 * DAY)
EVENTS = Theme(
    events={
        "kill": 3, "freeze": 2, "power_cut": 1, "database": 2, "kill_scheduler": 6, "freeze_scheduler": 3, "cancel": 3,
        "pause": 3, "leave": 2, "join": 2, "choose": 3, "write": 4, "write_late": 4, "run_now": 1, "skip": 2, "pause_all": 1,
    },
    weathers=("fair", "fair", "fair", "slow", "rough"), in_doubt=("hold",), schedulers=3,
)  # fmt: skip


#: With more people claims are as large as they are in earnest; with fewer they are so small that there are many.
MANY = 50


@dataclass(frozen=True, kw_only=True)
class Span:
    """How large a run is."""

    people: int = 7
    weeks: int = 8
    outage: float = 0.25  #: chance that the machine is off over an occurrence

    @property
    def is_large(self):
        return self.people > MANY


class DigestSchedulers(Schedulers):
    """They fire what comes round; the oracle hears when each begins to look."""

    settings = staticmethod(settings)

    def look(self):
        self._machine.oracle.looks()
        super().look()

    def arm(self, terms):
        """Somebody arms the digest, before anything else happens."""
        rule, now = parse_every("fri 09:00", anchor=EPOCH), self._machine.clock()
        draft = read_draft(self.desk, Order(slug=SLUG))
        with self._machine.database.writing() as connection:
            schedules.arm_again(
                connection, slug=SLUG, rule=rule, terms=terms, audience=draft.audience, people=0,
                sources=draft.edition.sources, first=rule.after(now, LONDON), at=now,
            )  # fmt: skip


class DigestRun(Run):
    """`DigestRun(seed).go()`, as with `Run`."""

    def __init__(self, seed, *, theme=None, span=Span()):
        super().__init__(seed, theme=theme or EVENTS)
        self.span, self.people = span, span.people

    @property
    def options(self):
        return f" --digests --people {self.span.people} --weeks {self.span.weeks}"

    def _surroundings(self):
        return ordinary_numbers() if self.span.is_large else small_numbers()

    def _prepare(self):
        kernel = Kernel(self.seed, most_steps=20_000_000 if self.span.is_large else 400_000)
        dice = self.dice = kernel.dice
        self.catch_up = dice.choice(tuple(CatchUp))
        pace = Pace(
            lease_seconds=dice.choice((8, 20)), retry_first_seconds=2.0, max_in_doubt=64 if self.span.is_large else 8
        )
        relays = {"east": Way(4 if self.span.is_large else dice.randint(1, 2))}
        self.machine = Machine(
            kernel, shared_database(), people=self.people, pace=pace, relays=relays, judge=DigestOracle
        )
        self.machine.network.weather["east"] = self._weather()
        oracle = self.machine.oracle
        oracle.catch_up = self.catch_up
        oracle.already_mailed, oracle.least = dice.choice(("include", "shorten", "skip")), dice.choice((1, 1, 2))
        self.newsroom = Newsroom(self.machine, self.people, least=oracle.least, already_mailed=oracle.already_mailed)
        self.first = dice.choice(BEGINNINGS)
        self._leap_to(self._occurrence(self.first) - 2 * DAY)
        self.newsroom.settle_in()
        self.schedulers = DigestSchedulers(self.machine)
        self.schedulers.arm(Terms(zone="Europe/London", catch_up=self.catch_up))

    # Week after week

    def _occurrence(self, week):
        """Seconds from the beginning to nine o'clock on the Friday of that week."""
        return time_of(key_of(week)) - EPOCH.timestamp()

    def _trouble(self):
        week, dice = self.first, self.dice
        while week < self.first + self.span.weeks:
            at = self._occurrence(week)
            self._quiet_days(at - DAY)
            if dice.random() < self.span.outage:
                at += dice.choice(OUTAGES)
            self._session(at)
            while self._occurrence(week) <= self.machine.kernel.now:
                week += 1

    def _quiet_days(self, until):
        """What comes out in the days before."""
        kernel, dice = self.machine.kernel, self.dice
        writings = [
            dice.choice((self._write, self._write, self._write_late)) for _ in range(dice.choice((0, 1, 2, 2, 3, 4)))
        ]
        changes = [dice.choice((self._choose, self._leave, self._join)) for _ in range(1 + self.people // 100)]
        for act in dice.sample(writings + changes, len(writings + changes)):
            self._leap_to(kernel.now + max(0.0, until - kernel.now) * dice.random() / 4)
            act()
            self._wait("a command does not end", lambda: not kernel.tasks)

    def _leap_to(self, at):
        kernel = self.machine.kernel
        kernel.at(max(at, kernel.now), lambda: None)
        kernel.run(lambda: kernel.now >= at)

    def _session(self, at):
        """The machine runs around one occurrence, until all is quiet or somebody switches it off."""
        machine, kernel, dice = self.machine, self.machine.kernel, self.dice
        self.calm, machine.restarting = False, True
        self._leap_to(at - LEAD)
        for _ in range(dice.randint(1, self.theme.schedulers)):
            self._at(dice.random() * LEAD, self.schedulers.start)
        for _ in range(dice.randint(1, 2)):
            self._at(dice.random() * LEAD, machine.start_worker)
        kinds = [kind for kind, weight in self.theme.events.items() for _ in range(weight)]
        for _ in range(dice.choice((0, 0, 1, 2, 4))):
            self._around(at, getattr(self, "_" + dice.choice(kinds)))
        off = at + (dice.random() * 3 if dice.random() < 0.1 else PATIENCE)
        kernel.at(off, lambda: None)
        kernel.run(lambda: kernel.now >= off or (kernel.now > at + 1.5 and self._is_quiet()))
        self._switch_off()

    def _around(self, at, act):
        """At some step of what the occurrence sets off, or at some second around it."""
        kernel = self.machine.kernel
        if self.dice.random() < 0.3:
            kernel.at(at + self.dice.uniform(-LEAD, 2 * LEAD), lambda: self.calm or act())
        else:
            number = int(self.dice.random() * 250)
            kernel.at(at, lambda: kernel.after_steps(number, lambda: self.calm or act()))

    def _is_quiet(self):
        kernel = self.machine.kernel
        states = self.machine.oracle.mailing_states
        going = [one for one, state in states.items() if state in (MailingState.MATERIALISING, MailingState.SENDING)]
        people = [task for task in kernel.tasks if task.process.name.startswith(("person", "writer"))]
        return not going and not people

    def _switch_off(self):
        """Everything ends here and now, whatever it was doing."""
        machine = self.machine
        self.calm, machine.restarting = True, False
        machine.oracle.troubled = True
        machine.faults.clear()
        for process in {task.process.name: task.process for task in machine.kernel.tasks}.values():
            machine.kernel.bury(process)
        machine.workers.clear()
        self.schedulers.processes.clear()

    # What happens

    def _write(self):
        self.newsroom.write(late=False)

    def _write_late(self):
        self.newsroom.write(late=True)

    def _choose(self):
        self.newsroom.choose(self.dice.randint(1, self.people))

    def _leave(self):
        if len(self.machine.oracle.left) < self.people // 3:
            super()._leave()

    def _join(self):
        self.newsroom.join(self.dice.randint(1, self.people))

    def _run_now(self):
        """Somebody lets go what is held, or sends an issue out of turn."""
        self._by_hand(lambda desk: run_now(desk, SLUG))

    def _skip(self):
        oracle = self.machine.oracle
        self._by_hand(lambda desk: oracle.skipped_by_hand(skip_next(desk, SLUG).key))

    def _by_hand(self, act):
        """A command that takes no for an answer."""

        def command():
            with suppress(Refused, UnknownName):
                self.machine.oracle.looks()
                act(self.schedulers.desk)

        self.machine.command("person", command)

    def _pause_all(self):
        """Somebody pauses the digest, and lets it go on after a minute, or after some weeks."""
        self.machine.person(lambda connection, _now: schedules.set_state(connection, 1, State.PAUSED))
        later = self.dice.choice((MINUTE, 8 * DAY, 15 * DAY))
        self.machine.kernel.at(self.machine.kernel.now + later, self._go_on)

    def _go_on(self):
        def act(connection, now):
            one = schedules.get(connection, 1)
            if one.state is State.PAUSED:
                schedules.resume(connection, one, at=now)
                self.machine.oracle.went_on(now.timestamp())

        self.machine.person(act)

    def _some_mailing(self):
        live = self._live()
        return self.dice.choice(live) if live else None

    # Afterwards

    def _mend(self):
        """All is well: one more item, and an occurrence that takes up whatever is left."""
        self._switch_off()
        self._go_on()
        self.machine.network.clear_up()
        self.machine.kernel.hiccup = 0.0
        for _ in range(self.machine.oracle.least):
            self.newsroom.write_for_all()
        self._wait("a command does not end", lambda: not self.machine.kernel.tasks)

    def _end(self):
        week = next(week for week in itertools.count() if self._occurrence(week) > self.machine.kernel.now + DAY)
        self.calm = True
        for last in (week, week + 1):
            self._leap_to(self._occurrence(last) + 1)
            self._work_off()
        self._judge_occurrences(week + 2)
        machine = self.machine
        machine.oracle.finished(machine.database.rows(), machine.sizes(), self.people)
        if machine.kernel.failure:
            raise machine.kernel.failure[1]

    def _work_off(self):
        """Schedulers and workers that nothing happens to, and a person who resumes what waits for one."""
        machine = self.machine
        for _ in range(ROUNDS):
            self._done(self.schedulers.sweep())
            live = [one for one in machine.live() if one.edition_id is not None]
            if not live and not machine.oracle.open_rows():
                return
            for one in live:
                if one.state in (MailingState.PAUSED, MailingState.HELD):
                    self._done(machine.resume(one.id))
            machine.start_worker(drain=True)
            self._wait("a worker that drains does not come to an end", lambda: not machine.workers)
            machine.check_sums()
            self._leap()
        raise AssertionError(f"still at work: {[str(one.state) for one in live]}")

    def _done(self, process):
        self._wait("a command does not end", lambda: not process.tasks)

    def _judge_occurrences(self, weeks):
        """Each week has come to something, once, and nothing else has."""
        machine = self.machine
        keys = {key_of(week) for week in range(self.first, weeks)} - machine.oracle.paused_over
        found = {key for _, key in machine.oracle.occurrences if not key.startswith("now ")}
        machine.oracle.require(found == keys, f"nothing came of {keys - found}; {found - keys} came by no rule")
