"""Reading mailer.toml: every problem at once, each with its line."""

import re
import tomllib
import typing
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from mailer.errors import Problem, SettingsError
from mailer.settings.positions import Positions
from mailer.settings.relay_presets import PRESETS
from mailer.settings.relay_rules import faults
from mailer.settings.relays import RelaySettings
from mailer.settings.table import SECTIONS, ListSettings
from mailer.settings.values import checked, convert, suggest

SLUG = re.compile(r"[a-z][a-z0-9-]*")
#: They stand on one page, each with a box to tick.
MOST_TOPICS = 40


@dataclass(frozen=True, slots=True)
class Read:
    """What a mailer.toml says, by dotted name; those of the first relay are relays.0.host and so on.

    origins: the file, or the preset that filled it in. Lines count from 1.
    """

    values: dict[str, Any] = field(default_factory=dict)
    origins: dict[str, str] = field(default_factory=dict)
    lines: dict[str, int] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)


def read_file(path: Path) -> Read:
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        problem = Problem(rule="settings", message="not UTF-8", hint="save it as UTF-8", file=path.name, line=line)
        return Read(problems=[problem])
    except OSError as error:
        raise SettingsError(f"{path} cannot be read: {error.strerror}.") from None
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        place = re.search(r"at line (\d+), column (\d+)", str(error))
        problem = Problem(rule="settings", message=f"not TOML: {error}", file=path.name)
        problem = replace(problem, line=int(place[1]), column=int(place[2])) if place else problem
        return Read(problems=[problem])
    reader = _FileReader(path.name, text)
    for section, content in document.items():
        reader.section(section, content)
    return Read(reader.values, reader.origins, reader.lines, reader.problems)


class _FileReader:
    """Collects values and problems of one mailer.toml."""

    def __init__(self, name: str, text: str) -> None:
        self.name = name
        self.places = Positions(text)
        self.values: dict[str, Any] = {}
        self.origins: dict[str, str] = {}
        self.lines: dict[str, int] = {}
        self.problems: list[Problem] = []

    def problem(self, key: str, message: str, hint: str = "", *, table: str = "", number: int = 0) -> None:
        """number: which of the [[…]] of that name. A table's problem stands at its header when the key is not there."""
        line = self.places.line_of(key, table, number) or (self.places.header_of(table, number) if table else None)
        self.problems.append(Problem(rule="settings", message=message, hint=hint, file=self.name, line=line))

    def section(self, section: str, content: Any) -> None:
        if section == "relays":
            self.relays(content)
        elif section not in SECTIONS:
            self.problem(section, f'unknown section "{section}"', suggest(section, [*SECTIONS, "relays"]))
        elif not isinstance(content, dict):
            self.problem(section, f'"{section}" is a section', f"write [{section}]")
        else:
            for key, value in self.table(SECTIONS[section], section, content).items():
                self.found(f"{section}.{key}", self.places.line_of(key, section))
                self.values[f"{section}.{key}"] = value

    def found(self, name: str, line: int | None) -> None:
        self.origins[name] = self.name
        if line:
            self.lines[name] = line

    def table(self, kind: type, prefix: str, content: dict[str, Any], number: int = 0) -> dict[str, Any]:
        hints, out = typing.get_type_hints(kind), {}
        named = {"subscribers.lists": self.lists, "subscribers.topics": self.topics}
        for key, value in content.items():
            if key not in hints:
                message, hint = f'unknown key "{key}" in [{prefix}]', suggest(key, list(hints))
                self.problem(key, message, hint, table=prefix, number=number)
                continue
            try:
                out[key] = (
                    named[f"{prefix}.{key}"](value)
                    if f"{prefix}.{key}" in named
                    else checked(f"{prefix}.{key}", convert(value, hints[key]), "")
                )
            except SettingsError as error:
                self.problem(key, error.message, error.hint, table=prefix, number=number)
        return out

    def relays(self, content: Any) -> None:
        if not isinstance(content, list) or not all(isinstance(entry, dict) for entry in content):
            self.problem("relays", "relays is a list of tables", "write [[relays]]")
            return
        relays: list[RelaySettings] = []
        for number, entry in enumerate(content):
            given = self.table(RelaySettings, "relays", entry, number)
            relay = self.filled_in(given, number)
            for fault in faults(relay, before=relays):
                if fault.key in given or fault.key not in entry:  # else it has its problem already
                    self.problem(fault.key, fault.message, fault.hint, table="relays", number=number)
            relays.append(relay)
        self.found("relays", self.places.header_of("relays"))
        self.values["relays"] = tuple(relays)

    def filled_in(self, given: dict[str, Any], number: int) -> RelaySettings:
        """What the table sets, and its preset for the rest."""
        preset = PRESETS.get(given.get("preset", ""))
        fills = {"name": given["preset"], **preset.fills} if preset else {}
        self.origins |= {f"relays.{number}.{key}": f"preset {given['preset']}" for key in fills}
        for key in given:
            self.found(f"relays.{number}.{key}", self.places.line_of(key, "relays", number))
        return RelaySettings(**fills | given)

    def lists(self, content: Any) -> dict[str, ListSettings]:
        if not isinstance(content, dict) or not all(isinstance(entry, dict) for entry in content.values()):
            raise SettingsError("lists holds one table per list", hint="write [subscribers.lists.news]")
        self.slugs(content, "a list", "subscribers.lists")
        return {
            name: ListSettings(**self.table(ListSettings, f"subscribers.lists.{name}", entry))
            for name, entry in content.items()
        }

    def topics(self, content: Any) -> dict[str, str]:
        if not isinstance(content, dict):
            raise SettingsError("topics is a table", hint='write [subscribers.topics] and below it peru = "Peru"')
        if len(content) > MOST_TOPICS:
            message = f"there are {len(content)} topics, and nobody chooses from more than {MOST_TOPICS}"
            self.problem("topics", message, table="subscribers.topics")
        self.slugs(content, "a topic", "subscribers.topics")
        for slug, title in content.items():
            if not isinstance(title, str) or not title.strip() or not title.isprintable():
                self.problem(slug, f"{slug} needs a title", f'write {slug} = "…"', table="subscribers.topics")
        titles = [str(title).casefold() for title in content.values()]
        for slug, title in zip(content, titles, strict=True):
            if titles.count(title) > 1:
                self.problem(slug, f"{slug} has the title of another topic", table="subscribers.topics")
        return content

    def slugs(self, content: dict[str, Any], what: str, table: str) -> None:
        for name in content:
            if not SLUG.fullmatch(name):
                hint = "small letters, digits and hyphens, a letter first"
                self.problem(name, f'"{name}" cannot name {what}', hint, table=table)
