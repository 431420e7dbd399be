"""Kills schedulers at random moments while schedules come due, and counts what became of every occurrence.

    python tests/scheduler_kills.py --seconds 60 --engine sqlite
    python tests/scheduler_kills.py --seconds 60 --engine postgresql --kill-every 0       nobody is killed: the latency alone

Four `mailer scheduler` processes look after schedules that come round every few seconds, which no command would arm. Each
missed one is made up for, so every occurrence must have gone out: *missing* has no row, *not sent* another outcome, and
*repeated* more than one mailing. *Broken* mailings do not have a row for everybody. Latency is from the time of an
occurrence to the transaction that fires it.
"""

import argparse
import os
import random
import shutil
import signal
import sys
import tempfile
import threading
import time
from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from statistics import quantiles

import sqlalchemy as sa

import warm
from ledger_world import KEY
from mailer.domain.armed import Outcome
from mailer.domain.mailing import MailingState
from mailer.domain.recurrence import Rule
from mailer.storage import mailings, schedules, wake
from mailer.storage.tables import delivery, mailing, occurrence, schedule
from postgres import private_server
from schedule_world import arm_again
from sending_world import desk_for, make_project, populate, write_letter
from waiting import until

PEOPLE = 3


@dataclass(frozen=True, kw_only=True)
class Count:
    """What became of every occurrence that came due. Latencies in milliseconds."""

    schedules: int
    kills: int
    due: int
    fired: int
    missing: int
    not_sent: int
    repeated: int
    broken: int
    p50: int
    p99: int
    slowest: int
    seconds: float

    @property
    def good(self):
        return self.fired == self.due and not (self.missing + self.not_sent + self.repeated + self.broken)

    def __str__(self):
        return "\n".join(f"{name.replace('_', ' '):12}{value:>10}" for name, value in vars(self).items())


class Crew:
    """Scheduler processes over one project."""

    def __init__(self, folder, desk, number):
        kept = {name: value for name, value in os.environ.items() if not name.startswith("MAILER_")}
        self.environment = kept | {
            "MAILER_DATABASE_URL": desk.database.url.render_as_string(hide_password=False),
            "MAILER_SMTP_URL": "smtp://127.0.0.1:1",
            "MAILER_SECRET_KEY": KEY.decode(),
        }
        self.folder, self.log = folder, folder / "schedulers.log"
        self.processes = [self._start() for _ in range(number)]
        until(lambda: self.log.read_text().count("Ctrl-C stops") == number)

    def _start(self):
        log = os.open(self.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            return warm.Process("scheduler", cwd=self.folder, env=self.environment, stdout=log, stderr=log)
        finally:
            os.close(log)

    def kill(self, which):
        """One dies without a word, and another takes its place."""
        self.processes[which].kill()
        self.processes[which].wait(30)
        self.processes[which] = self._start()

    def end(self, how=signal.SIGTERM):
        for process in self.processes:
            process.send_signal(how)
        for process in self.processes:
            process.wait(60)


def arm(desk, number, every):
    """`number` schedules that come round every `every` seconds from now on, not all at the same moment."""
    for one in range(number):
        write_letter(desk.settings.root, slug=f"letter-{one}")
    armed = [arm_again(desk, f"letter-{one}", every="5m", catch_up="all") for one in range(number)]
    with desk.database.writing() as connection:
        began = desk.clock()
        for place, one in enumerate(armed):
            anchor = began - timedelta(seconds=every * place / number)
            rule = Rule(said="often", interval=timedelta(seconds=every), anchor=anchor)
            first = rule.after(began, one.zone)
            values = {"spec": rule.to_json(), "next_at": first.at, "next_key": first.key}
            connection.execute(sa.update(schedule).where(schedule.c.id == one.id).values(values))
        wake.tell(connection)


def finish_all(desk, stop):
    """What workers would do: no mailing stands in the way of the next."""
    while not stop.wait(0.1):
        with desk.database.reading() as connection:
            sending = mailings.everything(connection, states=frozenset({MailingState.SENDING}))
        if sending:
            with desk.database.writing() as connection:
                for one in sending:
                    mailings.move(connection, one.id, MailingState.FINISHED, at=desk.clock())


def strike(folder, url, *, seconds, number=3, every=5, processes=4, kill_every=2.0, seed=1):
    """Let schedules come due for `seconds` while schedulers die, every `kill_every` seconds on average; count."""
    dice, kills, stop = random.Random(seed), 0, threading.Event()
    desk = desk_for(make_project(folder / "project"), url=url)
    populate(desk.database, PEOPLE)
    crew = Crew(folder / "project", desk, processes)
    worker = threading.Thread(target=finish_all, args=(desk, stop))
    worker.start()
    try:
        arm(desk, number, every)
        end = desk.clock() + timedelta(seconds=seconds)
        while desk.clock() < end:
            time.sleep(dice.expovariate(1 / kill_every) if kill_every else 0.5)
            if kill_every:
                crew.kill(dice.randrange(processes))
                kills += 1
        until(lambda: all_dealt_with(desk, end))
        crew.end()
        assert "Traceback" not in crew.log.read_text(), crew.log.read_text()
        return count(desk, end, kills=kills, seconds=seconds)
    finally:
        stop.set()
        worker.join()
        crew.end(signal.SIGKILL)
        desk.database.dispose()


def all_dealt_with(desk, end):
    """Whether all that was due by `end` was fired, and all its rows are written."""
    with desk.database.reading() as connection:
        half = mailings.everything(connection, states=frozenset({MailingState.MATERIALISING}))
        return not half and all(one.next.at > end for one in schedules.armed(connection))


def count(desk, end, *, kills, seconds):
    with desk.database.reading() as connection:
        armed = schedules.armed(connection)
        due = {(one.id, key) for one in armed for key in keys_until(one, end)}
        rows = connection.execute(sa.select(occurrence).where(occurrence.c.fire_at <= end)).all()
        made = Counter(connection.scalars(sa.select(mailing.c.occurrence_id)))
        per_mailing = sa.select(sa.func.count(delivery.c.subscriber_id)).select_from(mailing)
        per_mailing = per_mailing.outerjoin(delivery, delivery.c.mailing_id == mailing.c.id).group_by(mailing.c.id)
        sizes = connection.scalars(per_mailing).all()
    latencies = [(row.fired_at - row.fire_at).total_seconds() * 1000 for row in rows]
    percentiles = quantiles(latencies, n=100, method="inclusive")
    return Count(
        schedules=len(armed),
        kills=kills,
        due=len(due),
        fired=len(rows),
        missing=len(due - {(row.schedule_id, row.key) for row in rows}),
        not_sent=sum(row.outcome != Outcome.SENT for row in rows),
        repeated=sum(made[row.id] != 1 for row in rows),
        broken=sum(size != PEOPLE for size in sizes),
        p50=round(percentiles[49]),
        p99=round(percentiles[98]),
        slowest=round(max(latencies)),
        seconds=seconds,
    )


def keys_until(one, end):
    """Of all that was due, whatever became of it."""
    for each in one.following(one.rule.anchor):
        if each.at > end:
            return
        yield each.key


def main():
    parser = argparse.ArgumentParser(description="Kill schedulers while schedules come due, and count what was fired.")
    parser.add_argument("--engine", choices=["sqlite", "postgresql"], default="sqlite")
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--schedules", type=int, default=3)
    parser.add_argument("--every", type=int, default=5, help="Seconds between the occurrences of one schedule.")
    parser.add_argument("--processes", type=int, default=4)
    parser.add_argument("--kill-every", type=float, default=2.0, help="Seconds, on average; 0: nobody is killed.")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    plan = {"seconds": options.seconds, "number": options.schedules, "every": options.every}
    plan |= {"processes": options.processes, "kill_every": options.kill_every, "seed": options.seed}
    folder = Path(tempfile.mkdtemp(prefix="mailer-scheduler-kills-"))
    try:
        if options.engine == "sqlite":
            found = strike(folder, f"sqlite:///{folder / 'mailer.db'}", **plan)
        else:
            with private_server() as server:
                found = strike(folder, server.url, **plan)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    print(f"{options.engine}, {options.processes} schedulers\n{found}")
    sys.exit(not found.good)


if __name__ == "__main__":
    main()
