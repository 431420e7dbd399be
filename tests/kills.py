"""Kills workers at random moments while they send, and counts what became of everybody.

    python tests/kills.py --kills 30 --engine sqlite
    python tests/kills.py --kills 30 --engine postgresql --freezes 5 --outages 3

Workers are processes of their own, the mail goes over SMTP, and the log that the server wrote before it acknowledged a
message is the truth about what was accepted. *Lost*: nobody accepted their message, and the ledger does not own up to it.
*Repeated*: accepted twice, which under `in_doubt = "hold"` must never be. *In doubt*: rows that may have left when their
worker was lost; every one is listed for a person to decide.
"""

import argparse
import contextlib
import os
import random
import re
import shutil
import signal
import smtpd
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import warm
from ledger_world import KEY, add_mailing, add_people, email, make_database, states
from mailer.domain.mailing import MailingState, RowState
from mailer.storage import events, mailings
from postgres import private_server
from waiting import until

SENT, UNCERTAIN = RowState.SENT, RowState.UNCERTAIN
MAX_IN_DOUBT = 16
WORKERS = 2
#: Short, so that others soon take over what a dead worker had; long enough that no healthy one loses a lease on a busy machine.
LEASE_SECONDS = 5
#: People whose messages workers have time for between two kills, and something over.
PEOPLE_A_KILL = 500


class Relay:
    """`smtpd.py` in a process of its own; its log is the truth about what was accepted."""

    def __init__(self, folder, *options):
        self.log = folder / "accepted.txt"
        self.log.touch()
        command = [sys.executable, smtpd.__file__, "--port", "0", "--log", self.log, *options]
        self.process = subprocess.Popen([*map(str, command)], stdout=subprocess.PIPE, text=True)
        self.port = int(re.search(r"\d+", self.process.stdout.readline())[0])

    @property
    def accepted(self):
        """How often each recipient's message was accepted."""
        return Counter(line.split()[0] for line in self.log.read_text().splitlines())

    @property
    def number(self):
        """Messages accepted so far."""
        return self.log.read_bytes().count(b"\n")

    def close(self):
        self.process.kill()
        self.process.communicate()


class Crew:
    """Workers that send what is queued; one that is killed is followed by another."""

    def __init__(self, folder, database, relay, **environment):
        kept = {name: value for name, value in os.environ.items() if not name.startswith("MAILER_")}
        self.folder, self.database, self.relay = folder, database, relay
        self.environment = kept | {
            "MAILER_DATABASE_URL": database.url.render_as_string(hide_password=False),
            "MAILER_SMTP_URL": f"smtp://127.0.0.1:{relay.port}",
            "MAILER_SECRET_KEY": KEY.decode(),
            "MAILER_SENDING__MAX_IN_DOUBT": str(MAX_IN_DOUBT),
            "MAILER_SENDING__LEASE_SECONDS": str(LEASE_SECONDS),
            "MAILER_SENDING__CONNECTIONS": "2",
            **environment,
        }
        self.workers = []

    def start(self, *options):
        with self._log() as log:
            process = warm.Process("worker", *options, cwd=self.folder, env=self.environment, stdout=log, stderr=log)
        self.workers.append(process)
        return process

    @contextlib.contextmanager
    def _log(self):
        yield os.open(self.folder / "workers.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    @property
    def said(self):
        """What the workers wrote, all together."""
        return (self.folder / "workers.log").read_text()

    def kill(self, process):
        process.kill()
        process.wait(30)
        self.workers.remove(process)

    def end(self):
        """Ask all to stop, and wait for them."""
        for process in self.workers:
            process.send_signal(signal.SIGCONT)
            process.send_signal(signal.SIGTERM)
        for process in self.workers:
            process.wait(60)
        self.workers.clear()

    def drain(self):
        """One worker does what is left to do; its exit code."""
        process = self.start("--drain")
        process.wait(120)
        self.workers.remove(process)
        return process.returncode

    def abandon(self):
        for process in self.workers:
            process.kill()
            process.wait(30)


def freeze(process, database):
    """SIGSTOP; on SQLite between two transactions: frozen inside one, it would keep the only write lock."""
    if not database.is_sqlite:
        process.send_signal(signal.SIGSTOP)
        return
    impatient = sqlite3.connect(database.file, timeout=0.1, isolation_level=None)
    with contextlib.closing(impatient):
        for _ in range(100):
            process.send_signal(signal.SIGSTOP)
            time.sleep(0.05)
            with contextlib.suppress(sqlite3.OperationalError):
                impatient.execute("BEGIN IMMEDIATE")
                return
            process.send_signal(signal.SIGCONT)
            time.sleep(0.02)
    raise AssertionError("it holds the lock all the time")


@dataclass(frozen=True, kw_only=True)
class Count:
    """What a battered mailing came to."""

    people: int
    kills: int
    freezes: int
    outages: int
    accepted: int
    lost: int
    repeated: int
    in_doubt: int
    in_doubt_and_accepted: int
    unlisted: int  #: in doubt, and not on the list that people see
    wrongly_sent: int  #: `sent` in the ledger, and nobody accepted it
    finished: bool
    seconds: float

    @property
    def good(self):
        # A database that is away for longer than a lease leaves in doubt what every worker had on its way.
        bound = (self.kills + self.freezes + WORKERS * self.outages) * MAX_IN_DOUBT
        wrong = self.lost + self.repeated + self.unlisted + self.wrongly_sent
        return self.finished and not wrong and self.in_doubt <= bound

    def __str__(self):
        return "\n".join(f"{name.replace('_', ' '):24}{value:>10}" for name, value in vars(self).items())


def batter(crew, letter, dice, *, kills, freezes=0, outages=(), workers=WORKERS):
    """Let `workers` send while they are struck: killed, frozen past their lease, the database stopped and started again.

    outages: a callable for each, which makes one. Returns what was struck: on a quick machine the mailing may end before.
    """
    struck = Counter()
    blows = dice.sample(["kill"] * kills + ["freeze"] * freezes + list(outages), kills + freezes + len(outages))
    for _ in range(workers):
        crew.start()
    for blow in blows:
        enough = crew.relay.number + dice.randint(1, 40)
        until(lambda enough=enough: crew.relay.number >= enough or not at_work(crew.database, letter))
        if not at_work(crew.database, letter):
            break
        time.sleep(dice.uniform(0, 0.1))
        struck[blow if isinstance(blow, str) else "outage"] += 1
        if blow == "kill":
            crew.kill(dice.choice(crew.workers))
            crew.start()
        elif blow == "freeze":
            frozen = dice.choice(crew.workers)
            freeze(frozen, crew.database)
            crew.start()
            time.sleep(LEASE_SECONDS + 1.5)
            frozen.send_signal(signal.SIGCONT)
        else:
            blow()
    return struck


def at_work(database, letter):
    """Whether anybody's message has not been on its way yet."""
    with database.reading() as connection:
        counts = mailings.counts(connection, letter)
    return bool(counts[RowState.QUEUED] or counts[RowState.LEASED])


def count(crew, letter, people, *, kills, freezes=0, outages=0, seconds=0.0):
    """What became of everybody, once the mailing is over."""
    rows, accepted = states(crew.database, letter), crew.relay.accepted
    sent, doubtful = ({email(one) for one in rows.get(state, [])} for state in (SENT, UNCERTAIN))
    with crew.database.reading() as connection:
        listed = {fate.email for fate in events.listed(connection, letter, UNCERTAIN, limit=10**6)}
        state = mailings.get(connection, letter).state
    everybody = {email(one) for one in range(1, people + 1)}
    return Count(
        people=people,
        kills=kills,
        freezes=freezes,
        outages=outages,
        accepted=sum(accepted.values()),
        lost=len(everybody - accepted.keys() - doubtful),
        repeated=sum(times > 1 for times in accepted.values()),
        in_doubt=len(doubtful),
        in_doubt_and_accepted=len(doubtful & accepted.keys()),
        unlisted=len(doubtful - listed),
        wrongly_sent=len(sent - accepted.keys()),
        finished=state is MailingState.FINISHED,
        seconds=round(seconds, 1),
    )


def strike(folder, url, *, kills, freezes=0, outages=(), seed=1, people=None, workers=WORKERS):
    """Make a mailing in an empty database at `url`, batter it, and count."""
    people = people or PEOPLE_A_KILL * (kills + 4 * freezes + 4 * len(outages) + 1)
    database, relay = make_database(url), Relay(folder, "--delay", "5")
    crew = Crew(folder, database, relay)
    began = time.monotonic()
    try:
        add_people(database, people)
        letter = add_mailing(database, people)
        dice = random.Random(seed)
        struck = batter(crew, letter, dice, kills=kills, freezes=freezes, outages=outages, workers=workers)
        crew.end()
        until(lambda: crew.drain() in (0, 5), 120)
        assert "Traceback" not in crew.said, crew.said
        seconds = time.monotonic() - began
        blows = {"kills": struck["kill"], "freezes": struck["freeze"], "outages": struck["outage"]}
        return count(crew, letter, people, **blows, seconds=seconds)
    finally:
        crew.abandon()
        relay.close()
        database.dispose()


def crash_and_restart(server, seconds=1.0):
    """What `strike` takes as an outage: the PostgreSQL dies without a word, and is started again."""

    def blow():
        server.stop("immediate")
        time.sleep(seconds)
        server.start()

    return blow


def main():
    parser = argparse.ArgumentParser(description="Kill workers while they send, and count what became of everybody.")
    parser.add_argument("--engine", choices=["sqlite", "postgresql"], default="sqlite")
    parser.add_argument("--kills", type=int, default=30)
    parser.add_argument("--freezes", type=int, default=0, help="SIGSTOP for longer than a lease, then SIGCONT.")
    parser.add_argument("--outages", type=int, default=0, help="PostgreSQL only: it crashes, and is started again.")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--people", type=int, help="Default: enough.")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="mailer-kills-"))
    blows = {"kills": options.kills, "freezes": options.freezes, "seed": options.seed}
    blows |= {"people": options.people, "workers": options.workers}
    try:
        if options.engine == "sqlite":
            assert not options.outages, "SQLite has no server that could crash"
            found = strike(folder, f"sqlite:///{folder / 'mailer.db'}", **blows)
        else:
            with private_server() as server:
                outages = [crash_and_restart(server)] * options.outages
                found = strike(folder, server.url, outages=outages, **blows)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    print(f"{options.engine}, {options.workers} workers, at most {MAX_IN_DOUBT} marked each\n{found}")
    sys.exit(not found.good)


if __name__ == "__main__":
    main()
