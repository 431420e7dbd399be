"""Schedulers in the simulated machine: several look at the same schedule at the same moment, and any of them may die there.

The campaign is a real one, compiled once: what a scheduler compiles anew each time is remembered, and everything that it reads
and writes is done anew.
"""

import shutil
import tempfile
from contextlib import contextmanager
from datetime import timedelta
from functools import cache
from pathlib import Path
from unittest.mock import patch

from ledger_world import KEY
from mailer.domain.schedule import When
from mailer.errors import MailerError
from mailer.launch import Desk, Order, composing, fire_due
from mailer.launch.draft import audience_for, compile_draft, read_file, surroundings
from mailer.launch.freezing import arm
from mailer.launch.gate import pass_gate
from mailer.settings import load
from sending_world import make_project, write_letter

SLUG = "agenda"
EVERY = 0.7


@cache
def settings():
    """Of a project with one campaign."""
    folder = Path(tempfile.mkdtemp(prefix="simulation-"))
    try:
        make_project(folder)
        write_letter(folder, slug=SLUG)
        found = load(folder, {"MAILER_SMTP_URL": "smtp://127.0.0.1:1"})
        _remember(found)
    finally:
        shutil.rmtree(folder)
    return found


_read = {}


def _remember(found):
    """The campaign's file as it was read, and all that compiling it gave."""
    from simulation.machine import EPOCH
    from simulation.scenario import shared_database

    desk = Desk(settings=found, database=shared_database(), key=KEY, clock=lambda: EPOCH)
    file, around = read_file(desk, SLUG), surroundings(desk)
    audience = audience_for(desk, file, Order(slug=SLUG), [])
    _read["file"], _read["draft"] = file, compile_draft(desk, file, audience, around)


@contextmanager
def compiled_once():
    with (
        patch.object(composing, "read_file", lambda desk, slug: _read["file"]),
        patch.object(composing, "compile_draft", lambda desk, file, audience, around: _read["draft"]),
    ):
        yield


class Schedulers:
    """Those of one machine."""

    settings = staticmethod(settings)

    def __init__(self, machine):
        self._machine = machine
        self.processes = []
        self.desk = Desk(settings=self.settings(), database=machine.database, key=KEY, clock=machine.clock)

    def arm(self, seconds):
        """Somebody arms the campaign to go out in so many seconds."""
        at = self._machine.clock() + timedelta(seconds=seconds)
        when = When(at=at, local=at.replace(tzinfo=None), zone="UTC")

        def command():
            plan = pass_gate(self.desk, Order(slug=SLUG), _read["draft"], starts_at=at)
            arm(self.desk, plan, when)

        return self._machine.command("person", command)

    def start(self):
        process = self._machine.process("scheduler")
        self.processes.append(process)
        self._machine.kernel.spawn(process, self._watch, "main")
        return process

    def _watch(self):
        while True:
            try:
                self._machine.settle()
                self.look()
            except MailerError as error:
                self._machine.kernel.turn(f"sweep failed: {error.message}")
            self._machine.kernel.sleep(EVERY, "until the next sweep")

    def look(self):
        fire_due(self.desk)

    def sweep(self):
        """One look, by a fresh process that nothing happens to."""
        return self._machine.command("scheduler", self.look)

    def kill(self, process):
        self.processes.remove(process)
        self._machine.kernel.kill(process)

    def end(self):
        for process in list(self.processes):
            self.kill(process)
