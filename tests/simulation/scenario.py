"""One run: everything about it follows from its seed.

First a stretch in which things go wrong and people step in; then everything is mended, workers are asked to stop, and fresh
ones must bring every row to its end. The `Oracle` watches all of it.
"""

import tempfile
from contextlib import contextmanager
from functools import cache
from multiprocessing.util import Finalize
from pathlib import Path
from unittest.mock import patch

from mailer.delivery import intake, lanes, outlet
from mailer.delivery import worker as worker_module
from mailer.delivery.pace import Pace
from mailer.domain.limits import UNLIMITED, Limits
from mailer.domain.mailing import ENDED_MAILINGS, MailingState, RowState
from mailer.domain.provider import Provider
from mailer.storage import materialise
from mailer.storage.status import Reason
from simulation.kernel import Kernel
from simulation.machine import Machine
from simulation.network import Weather
from simulation.pacing import PROVIDERS, Way, draw_ways
from simulation.schedulers import Schedulers, compiled_once
from simulation.storage import FAST, SimulatedDatabase
from simulation.themes import DATABASE_FAULTS, SIZES, THEMES

RATES = (UNLIMITED, UNLIMITED, UNLIMITED, Limits(rate=20.0), Limits(rate=2.0, mailing_rate=1.5))
#: Steps in which most of what happens does happen.
BUSY_STEPS = 300
#: Rounds of healthy workers after which everything must have ended; and seconds that one that was asked to stop, or that
#: drains, may take.
ROUNDS, PATIENCE = 40, 300.0
#: Chance that a person gives those another try who failed or are in doubt when all is over.
ONCE_MORE = 0.4


@cache
def shared_database():
    folder = tempfile.TemporaryDirectory(prefix="simulation-", dir=FAST if FAST.is_dir() else None)
    Finalize(folder, folder.cleanup, exitpriority=1)  # unlike `atexit`, heeded by the processes of a pool too
    return SimulatedDatabase(Path(folder.name))


@contextmanager
def small_numbers(providers=(Provider.OTHER,)):
    """Claims and chunks so small that a handful of people make for many of them; looks that are as far apart as fits that."""
    with (
        patch.object(worker_module, "STEP", 0.7),
        patch.object(worker_module, "REAP_EVERY", 1.5),
        patch.object(outlet, "SMALLEST_CLAIM", 2),
        patch.object(outlet, "LARGEST_CLAIM", 3),
        patch.object(intake, "SMALLEST_CLAIM", 2),
        patch.object(materialise, "CHUNK", 3),
        patch.object(materialise, "MANY_PEOPLE", 3),
        patch.object(lanes, "Provider", list(providers)),  # everybody's address is of one of these
    ):
        yield


class Run:
    """`Run(seed).go()`; afterwards `machine` can be looked at. Raises AssertionError when something is wrong."""

    options = ""  #: that the command takes beside the seed to repeat it

    def __init__(self, seed, *, theme=None):
        """theme: chosen by the dice unless it is given."""
        self.seed, self.theme, self.machine, self.calm = seed, theme, None, False

    def go(self):
        with self._surroundings():
            self._prepare()
            try:
                self._trouble()
                self._mend()
                self._end()
            finally:
                self.machine.kernel.close()
        return self

    @contextmanager
    def _surroundings(self):
        """What is otherwise than in the product while it runs."""
        self.theme = self.theme or Kernel(self.seed).dice.choice(THEMES)
        with small_numbers(PROVIDERS if self.theme.limits else (Provider.OTHER,)), compiled_once():
            yield

    def _prepare(self):
        kernel = Kernel(self.seed)
        dice = self.dice = kernel.dice
        # Days of quotas that go by with nothing left to use are what takes time.
        size = dice.choice(SIZES[:-1] if self.theme.limits else SIZES)
        self.people, self.seconds, names = size.people, size.seconds, size.relays
        self.workers, self.letters = dice.randint(1, size.workers), dice.randint(1, size.letters)
        self.events, limited = dice.randint(0, size.events), self.theme.limits
        if limited:
            relays = draw_ways(dice, names, size.connections, size.people)
        else:
            relays = {name: Way(dice.randint(1, size.connections), dice.choice(RATES)) for name in names}
        pace = Pace(
            lease_seconds=dice.choice((5, 8, 12)),
            retry_first_seconds=dice.choice((1.0, 3.0)),
            max_in_doubt=dice.choice((2, 4, 8)),
            breaker=dice.random() < 0.5,
        )
        offset = -dice.random() * self.seconds / 2 if limited else 0.0  # a day begins at its end
        machine = self.machine = Machine(
            kernel, shared_database(), people=size.people, pace=pace, relays=relays, mixed=limited, offset=offset
        )
        for name in machine.relays:
            machine.network.weather[name] = self._weather()
        if self.theme.schedulers:
            self.schedulers = Schedulers(machine)

    def _weather(self):
        dice = self.dice
        kind = dice.choice(self.theme.weathers)
        if kind == "fair":
            return Weather(latency=dice.choice((0.001, 0.05)))
        if kind == "slow":
            return Weather(latency=0.05, slow=300, longest=dice.choice((2.0, 18.0)))
        if kind == "crawling":
            return Weather(latency=0.05, slow=700, longest=18.0)
        share = 60 if kind == "rough" else 120
        names = dice.sample(Weather.FATES, 3 if kind == "rough" else 5)
        return Weather(latency=0.02, slow=100, longest=3.0, **dict.fromkeys(names, share))

    # While things go wrong

    def _trouble(self):
        machine, dice, kernel = self.machine, self.dice, self.machine.kernel
        if self.theme.schedulers:
            self._at(0.0, lambda: self.schedulers.arm(dice.random() * 2))
            for _ in range(dice.randint(1, self.theme.schedulers)):
                self._at(dice.random() * 2, self.schedulers.start)
        else:
            for number in range(self.letters):
                self._at(number * dice.random() * 3, self._send)
        for _ in range(self.workers):
            self._at(dice.random(), machine.start_worker)
        kinds = [kind for kind, weight in self.theme.events.items() for _ in range(weight)]
        for _ in range(self.events):
            self._some_time(getattr(self, "_" + dice.choice(kinds)))
        kernel.at(self.seconds, lambda: None)
        kernel.run(lambda: kernel.now >= self.seconds or self._over())

    def _at(self, seconds, act):
        """So many seconds from now, if things still go wrong then."""
        self.machine.kernel.at(self.machine.kernel.now + seconds, lambda: self.calm or act())

    def _some_time(self, act):
        """Where much happens or, now and then, where nothing does."""
        if self.dice.random() < 0.3:
            self._at(self.dice.random() * self.seconds, act)
        else:
            number = int(self.dice.random() * self.dice.random() * BUSY_STEPS)
            self.machine.kernel.after_steps(number, lambda: self.calm or act())

    def _over(self):
        return bool(self.machine.mailings) and self.machine.kernel.now > 3 and not self._live()

    def _live(self):
        return [
            one for one in self.machine.mailings if self.machine.oracle.mailing_states.get(one) not in ENDED_MAILINGS
        ]

    def _send(self):
        dice = self.dice
        self.machine.send(
            in_doubt=dice.choice(self.theme.in_doubt),
            send_by=dice.choice((None, None, None, 20.0)),
            undo=dice.choice((0.0, 0.0, 2.0)),
        )

    def _some_worker(self):
        return self.dice.choice(self.machine.workers) if self.machine.workers else None

    def _some_mailing(self):
        return self.dice.choice(self.machine.mailings) if self.machine.mailings else None

    def _kill(self):
        if worker := self._some_worker():
            self.machine.kill(worker, restart=self.dice.random() < 0.7)

    def _power_cut(self):
        for worker in list(self.machine.workers):
            self.machine.kill(worker)

    def _freeze(self):
        if worker := self._some_worker():
            lease = self.machine.pace.lease_seconds
            self.machine.freeze(worker, lease * self.dice.choice((0.3, 0.9, 1.1, 1.5, 2.5)) + self.dice.random())

    def _stop(self):
        if worker := self._some_worker():
            self.machine.ask_to_stop(worker)

    def _more(self):
        self.machine.start_worker()

    def _clock(self):
        lease = self.machine.pace.lease_seconds
        self.machine.move_clock(self.dice.choice((-3600.0, -lease, 1.0, lease + 1.0, lease + 1.0, 3 * lease)))

    def _database(self):
        faults, dice = self.machine.faults, self.dice
        setattr(faults, *dice.choice(DATABASE_FAULTS))
        self._at(dice.random() * 4, faults.clear)

    def _relay(self):
        name = self.dice.choice(list(self.machine.relays))
        before = self.machine.network.weather[name]
        self.machine.network.weather[name] = self.dice.choice(
            (Weather(down=True), Weather(refuses_us=True), self._weather())
        )

        def back():
            self.machine.network.weather[name] = before

        self._at(self.dice.random() * 5, back)

    def _pause(self):
        if one := self._some_mailing():
            self.machine.move(one, MailingState.PAUSED)
            self._at(self.dice.random() * 5, lambda: self._resume(one))

    def _resume(self, one):
        self.machine.resume(one)

    def _cancel(self):
        if one := self._some_mailing():
            self.machine.cancel(one)

    def _leave(self):
        self.machine.leave(self.dice.randint(1, self.people))

    def _suppress(self):
        self.machine.suppress(self.dice.randint(1, self.people))

    def _erase(self):
        self.machine.erase(self.dice.randint(1, self.people))

    def _backup(self):
        self.machine.back_up()
        self._at(self.dice.random() * 3, self.machine.bring_back)

    def _retry(self):
        if one := self._some_mailing():
            self.machine.retry(one, self.dice.choice((RowState.FAILED, RowState.UNCERTAIN)))

    def _kill_scheduler(self):
        if self.schedulers.processes:
            self.schedulers.kill(self.dice.choice(self.schedulers.processes))
            self._at(self.dice.random() * 2, self.schedulers.start)

    def _freeze_scheduler(self):
        if self.schedulers.processes:
            self.machine.freeze(self.dice.choice(self.schedulers.processes), self.dice.random() * 3)

    def _kill_sender(self):
        for sender in [task.process for task in self.machine.kernel.tasks if task.process.name.startswith("sender")][
            :1
        ]:
            self.machine.kernel.kill(sender)

    # Afterwards

    def _mend(self):
        """The relay and the database are well again; every worker is asked to stop, and must."""
        machine, kernel = self.machine, self.machine.kernel
        self.calm, machine.restarting = True, False
        machine.faults.clear()
        machine.network.clear_up()
        kernel.hiccup = 0.0
        if self.theme.schedulers:
            self.schedulers.end()
        for worker in list(machine.workers):
            kernel.cont(worker)
            machine.ask_to_stop(worker)
        self._wait("workers that were asked to stop go on", lambda: not machine.workers)
        machine.mend_clock()

    def _wait(self, complaint, until):
        kernel, end = self.machine.kernel, self.machine.kernel.now + PATIENCE
        kernel.at(end, lambda: None)
        kernel.run(lambda: until() or kernel.now >= end)
        assert until(), complaint

    def _end(self):
        """Healthy workers, and a person who resumes what waits for one: every row comes to its end."""
        machine, kernel = self.machine, self.machine.kernel
        if self.theme.schedulers:
            self._wait("a command does not end", lambda: not kernel.tasks)
            self.schedulers.sweep()
        elif not machine.mailings:
            self._send()
        self._wait("a command does not end", lambda: not kernel.tasks)
        self._work_off()
        if machine.dice.random() < ONCE_MORE:
            for one in machine.mailings:
                for state in (RowState.FAILED, RowState.UNCERTAIN):
                    machine.retry(one, state)
            self._wait("a command does not end", lambda: not kernel.tasks)
            self._work_off()
        machine.check_rates()
        machine.oracle.finished(machine.database.rows(), machine.sizes(), self.people)
        if machine.kernel.failure:
            raise machine.kernel.failure[1]

    def _work_off(self):
        machine = self.machine
        for _ in range(ROUNDS):
            live = machine.live()
            if not live and not machine.oracle.open_rows():
                break
            for one in live:
                self._help(one)
            machine.start_worker(drain=True)
            self._wait("a worker that drains does not come to an end", lambda: not machine.workers)
            machine.check_sums()
            self._leap()
        assert not machine.live(), f"still at work: {[str(one.state) for one in machine.live()]}"

    def _help(self, one):
        if one.state in (MailingState.MATERIALISING, MailingState.SCHEDULED) and self.theme.schedulers:
            process = self.schedulers.sweep()
        elif one.state is MailingState.MATERIALISING:
            process = self.machine.write_rows(one.id)
        elif one.state in (MailingState.PAUSED, MailingState.HELD):
            process = self.machine.resume(one.id)
        else:
            return
        self._wait("a command does not end", lambda: not process.tasks)

    def _note_wait(self, since, to):
        """Hours or quotas hold up what is left until then, as the last worker said."""
        reasons = {left.reason for left in self.machine.summary.left} if self.machine.summary else set()
        if reasons & {Reason.QUOTA, Reason.WINDOW}:
            self.machine.oracle.till.waits.append((since, to))
        if Reason.QUOTA in reasons and not self.machine.oracle.troubled:
            self.machine.oracle.till.judge_quotas(since)

    def _leap(self):
        """To when something is due, or somebody's lease ends."""
        kernel, machine = self.machine.kernel, self.machine
        instants = [machine.database.next_instant()]
        if machine.summary is not None and machine.summary.next_at is not None:
            instants.append(machine.summary.next_at.timestamp())
        then = max((one for one in instants if one is not None), default=0.0)
        end = kernel.now + max(0.5, then - machine.wall())
        self._note_wait(machine.wall(), machine.wall() + end - kernel.now)
        kernel.at(end, lambda: None)
        kernel.run(lambda: kernel.now >= end)
