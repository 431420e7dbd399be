"""What a command says: data on stdout, talk on stderr, errors that say what to do; one JSON document with --json."""

import json
import logging
import os
import re
import sys
from collections.abc import Callable, Iterable, Mapping
from copy import copy
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO
from zoneinfo import ZoneInfo

import click

from mailer.errors import MailerError, Refused, UsageError

if TYPE_CHECKING:
    from mailer.app import App
    from mailer.settings import Settings


#: What could command a terminal or reorder its line: people's names, relays' replies and cells of files are printed here.
#: Our own colours (CSI … m) pass.
_COMMANDS = re.compile("\x1b(?!\\[[0-9;]*m)|[\x00-\x08\x0b-\x1a\x1c-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def _harmless(text: str) -> str:
    return _COMMANDS.sub("\ufffd", text)


#: A number of people or things that an option takes: no more than any database can count.
NUMBER = click.IntRange(1, 2**63 - 1)


def invocation() -> str:
    """How this program was started, for hints: "mailer", or "python3 run.py"."""
    return os.environ.get("MAILER_STARTED_AS") or "mailer"


def current_output() -> "Output":
    output = click.get_current_context().find_object(Output)
    assert output is not None
    return output


class Output:
    """The global options and the two streams of one run. Commands get it with `@click.pass_obj`."""

    def __init__(self) -> None:
        self.project: str | None = os.environ.get("MAILER_PROJECT")
        self.as_json = False
        self.no_color = "NO_COLOR" in os.environ or os.environ.get("TERM") == "dumb"
        self.no_input = False
        self.verbose = 0
        self.quiet = False
        self.log_format = "text"
        self._scrub: Callable[[str], str] = str  #: what is said for long is a log, and shows nobody's address
        #: Which part of `up` speaks, such as "worker 1"; "" for a command that is one process.
        self.part = ""
        #: Settings that were read already; None: read those of the project.
        self.settings: Settings | None = None

    def take(self, options: Mapping[str, Any]) -> None:
        """Global options as they come, before or after the subcommand; the last word wins, and a flag stays set."""
        for name, value in options.items():
            if value:
                setattr(self, name, value)

    @cached_property
    def app(self) -> "App":
        """The program over the chosen project, or without one."""
        from mailer.app import App
        from mailer.settings import find_project, load

        if self.settings is not None:
            return App(self.settings)
        if self.project:
            root = Path(self.project).resolve()
            if find_project(root) != root:
                raise UsageError(
                    f"There is no mailer.toml in {self.project}.",
                    hint=f"Make a project there: {invocation()} init {self.project}",
                )
        else:
            found = find_project(Path.cwd())
            root = found or None  # type: ignore[assignment]
        return App(load(root))

    def for_part(self, name: str) -> "Output":
        """The same options and settings for a process of its own, which says its name before all it says."""
        part = copy(self)
        part.settings, part.part = self.app.settings, name
        vars(part).pop("app", None)  # it holds connections, which are of this process
        return part

    def begin_log(self, chosen: str | None = None) -> None:
        """From here on all talk is a log. chosen: its format, from the command line; None to take the setting's."""
        from mailer.cli.logs import Scrubber, set_up

        settings = self.app.settings
        self.log_format, self._scrub = chosen or settings.log.format, Scrubber(settings.secrets)
        set_up(self.log_format, part=self.part, verbose=bool(self.verbose), secrets=settings.secrets)

    def close(self) -> None:
        """Close what the command opened."""
        if "app" in vars(self):
            self.app.close()

    @property
    def interactive(self) -> bool:
        """Whether a question can be asked."""
        return not self.no_input and not self.as_json and sys.stdin.isatty() and sys.stderr.isatty()

    def say(self, text: str = "") -> None:
        """Talk: progress, summaries, the next command."""
        if self.quiet:
            return
        if self.log_format == "json":
            logging.getLogger(__name__).info("%s", text)
        else:
            click.echo(self._before + _harmless(self._scrub(text)), err=True)

    def data(self, text: str) -> None:
        """What the command was asked for, for people; nothing with --json."""
        if not self.as_json:
            click.echo(_harmless(text))

    def document(self, document: Any) -> None:
        """The one JSON document of this run; nothing without --json."""
        if self.as_json:
            click.echo(json.dumps(document, ensure_ascii=False, indent=2, default=_to_json))

    def list_document(self, name: str, items: Iterable[Any]) -> None:
        """As `document`, where it is one list and nothing else, and may be longer than memory."""
        if self.as_json:
            write_list(sys.stdout, name, items)

    def next(self, command: str) -> None:
        """Name the next command to type."""
        if not self.as_json:
            self.say(f"Next: {invocation()} {command}")

    def warn(self, text: str) -> None:
        if self.log_format == "json":
            logging.getLogger(__name__).warning("%s", text)
            return
        note = "note: " if self.no_color else click.style("note: ", fg="yellow")
        click.echo(self._before + note + _harmless(self._scrub(text)), err=True, color=self._color)

    @property
    def _before(self) -> str:
        return f"{self.part}: " if self.part else ""

    @property
    def _color(self) -> bool | None:
        return False if self.no_color else None

    def confirm(self, question: str, expected: str) -> None:
        """Ask the person to type `expected`; Refused when they type something else or nobody can be asked."""
        if not self.interactive:
            raise Refused(
                "This needs a confirmation, and there is nobody to ask.",
                hint=f"To go on without a question: --yes. {question}",
            )
        if click.prompt(question, err=True, default="", show_default=False).strip() != expected:
            raise Refused("Not confirmed: nothing was done.")

    def error(self, error: MailerError) -> None:
        hint = error.hint.replace("`mailer ", f"`{invocation()} ")
        if self.log_format == "json":
            logging.getLogger(__name__).error("%s", f"{error.message} {hint}".strip())
        if self.as_json:
            body = {"error": {"code": error.code, "message": error.message, "hint": hint}}
            click.echo(json.dumps(body, ensure_ascii=False), err=True)
        if self.as_json or self.log_format == "json":
            return
        message = click.style("error: ", fg="red", bold=True) + _harmless(error.message)
        click.echo(message, err=True, color=self._color)
        if hint:
            click.echo(_harmless(hint), err=True)

    def usage_error(self, error: click.ClickException) -> None:
        if self.as_json:
            click.echo(
                json.dumps(
                    {"error": {"code": "usage", "message": error.format_message(), "hint": ""}}, ensure_ascii=False
                ),
                err=True,
            )
        else:
            error.show()


def instant(moment: datetime | None) -> str | None:
    """An instant as JSON documents carry it: UTC, ISO, Z."""
    return None if moment is None else moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def clock_time(moment: datetime, zone: ZoneInfo | None = None) -> str:
    """An instant as people read it: the time alone, or with its day when it is far. zone: None for this machine's."""
    near = abs(moment - datetime.now(UTC)) < timedelta(hours=12)
    return moment.astimezone(zone).strftime("%H:%M:%S" if near else "%a %d %b %H:%M")


def write_list(file: TextIO, name: str, items: Iterable[Any]) -> int:
    """The JSON document {name: items}, written item by item; how many there were."""
    number = 0
    file.write(f'{{"{name}": [')
    for item in items:
        file.write(("," if number else "") + "\n" + json.dumps(item, ensure_ascii=False, default=_to_json))
        number += 1
    file.write("\n]}\n")
    return number


def _to_json(value: object) -> object:
    if isinstance(value, datetime):
        return instant(value)
    if isinstance(value, Path):
        return str(value)
    raise TypeError(type(value).__name__)
