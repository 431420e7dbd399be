"""Reading mailer.toml: every problem at once, each with its line."""

import re
import tomllib
import typing
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from mailer.errors import Problem, SettingsError
from mailer.settings.relays import RelaySettings
from mailer.settings.table import SECTIONS, ListSettings
from mailer.settings.values import checked, convert, suggest

SLUG = re.compile(r"[a-z][a-z0-9-]*")


@dataclass(frozen=True, slots=True)
class Read:
    """What a mailer.toml says. values, lines: by dotted name; lines count from 1."""

    values: dict[str, Any] = field(default_factory=dict)
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
    return Read(reader.values, reader.lines, reader.problems)


class _FileReader:
    """Collects values and problems of one mailer.toml."""

    def __init__(self, name: str, text: str) -> None:
        self.name = name
        self.text = text.splitlines()
        self.values: dict[str, Any] = {}
        self.lines: dict[str, int] = {}
        self.problems: list[Problem] = []

    def problem(self, key: str, message: str, hint: str = "", *, table: str = "") -> None:
        line = self.line_of(key, table)
        self.problems.append(Problem(rule="settings", message=message, hint=hint, file=self.name, line=line))

    def line_of(self, key: str, table: str) -> int | None:
        """Where `key` stands in `table`. tomllib keeps no positions, so this looks where a person would."""
        here, header, entry = (
            "",
            re.compile(r"\s*\[+\s*([\w.-]+)\s*\]+"),
            re.compile(rf"\s*\"?{re.escape(key)}\"?\s*[=.]"),
        )
        for number, text in enumerate(self.text, 1):
            found = header.match(text)
            if found:
                here = found[1]
            if (found and here in (key, f"{table}.{key}")) or (here == table and entry.match(text)):
                return number
        return None

    def section(self, section: str, content: Any) -> None:
        if section == "relays":
            self.values["relays"] = tuple(self.relay(entry) for entry in content) if isinstance(content, list) else ()
            if not isinstance(content, list):
                self.problem("relays", "relays is a list of tables", "write [[relays]]")
        elif section not in SECTIONS:
            self.problem(section, f'unknown section "{section}"', suggest(section, [*SECTIONS, "relays"]))
        elif not isinstance(content, dict):
            self.problem(section, f'"{section}" is a section', f"write [{section}]")
        else:
            for key, value in self.table(SECTIONS[section], section, content).items():
                self.values[f"{section}.{key}"] = value
                line = self.line_of(key, section)
                if line:
                    self.lines[f"{section}.{key}"] = line

    def table(self, kind: type, prefix: str, content: dict[str, Any]) -> dict[str, Any]:
        hints, out = typing.get_type_hints(kind), {}
        for key, value in content.items():
            if key not in hints:
                self.problem(key, f'unknown key "{key}" in [{prefix}]', suggest(key, list(hints)), table=prefix)
                continue
            try:
                out[key] = (
                    self.lists(value) if key == "lists" else checked(f"{prefix}.{key}", convert(value, hints[key]), "")
                )
            except SettingsError as error:
                self.problem(key, error.message, error.hint, table=prefix)
        return out

    def relay(self, entry: Any) -> RelaySettings:
        return RelaySettings(**self.table(RelaySettings, "relays", entry if isinstance(entry, dict) else {}))

    def lists(self, content: Any) -> dict[str, ListSettings]:
        if not isinstance(content, dict) or not all(isinstance(entry, dict) for entry in content.values()):
            raise SettingsError("lists holds one table per list", hint="write [subscribers.lists.news]")
        for name in content:
            if not SLUG.fullmatch(name):
                self.problem(
                    name,
                    f'"{name}" cannot name a list',
                    "small letters, digits and hyphens, a letter first",
                    table="subscribers.lists",
                )
        return {
            name: ListSettings(**self.table(ListSettings, f"subscribers.lists.{name}", entry))
            for name, entry in content.items()
        }
