"""Every setting in one table (`table.py`). Read once into a frozen `Settings`, then passed as arguments.

Precedence: environment (`MAILER_*`) > `mailer.toml` > default. An option of a command stands above all three.
Plain dataclasses rather than the model library: workers read settings too, and start fast and stay small.
"""

import os
from collections.abc import Mapping
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

from mailer.errors import InputProblems, SettingsError
from mailer.settings.dkim import DkimSettings
from mailer.settings.environment import read_environment
from mailer.settings.file import SLUG, Read, read_file
from mailer.settings.relays import RelaySettings, is_loopback, relay_from_url
from mailer.settings.table import (
    FILE_NAME,
    SECTIONS,
    BrandSettings,
    DatabaseSettings,
    ListSettings,
    OrganisationSettings,
    ProjectSettings,
    ScheduleSettings,
    SendingSettings,
    Settings,
    SubscribersSettings,
    WebSettings,
)
from mailer.settings.values import checked, parse_text, type_of

__all__ = [
    "FILE_NAME",
    "SECTIONS",
    "SLUG",
    "BrandSettings",
    "DatabaseSettings",
    "DkimSettings",
    "ListSettings",
    "OrganisationSettings",
    "ProjectSettings",
    "RelaySettings",
    "ScheduleSettings",
    "SendingSettings",
    "Settings",
    "SubscribersSettings",
    "WebSettings",
    "find_project",
    "is_loopback",
    "load",
    "relay_from_url",
]


def find_project(start: Path) -> Path | None:
    """The nearest folder, `start` or above it, that holds a mailer.toml."""
    return next((folder for folder in (start, *start.parents) if (folder / FILE_NAME).is_file()), None)


def load(root: Path | None, environ: Mapping[str, str] = os.environ) -> Settings:
    """Read `root`/mailer.toml and MAILER_* variables.

    Raises InputProblems with every finding in the file, SettingsError for the first unusable variable.
    """
    read = read_file(root / FILE_NAME) if root else Read()
    if read.problems:
        raise InputProblems(read.problems)
    values, lines, origins = read.values, read.lines, read.origins
    for variable, name, raw in read_environment(environ):
        if name == "relays":
            origins = {known: origin for known, origin in origins.items() if not known.startswith("relays.")}
        values[name] = (relay_from_url(raw),) if name == "relays" else _from_variable(variable, name, raw)
        origins[name] = variable
    return replace(_build(values, origins, root), lines=lines)


def _from_variable(variable: str, name: str, raw: str) -> Any:
    try:
        value = parse_text(raw, type_of(name))
    except SettingsError as error:
        raise SettingsError(f"{variable}: {error.message}", hint=error.hint) from None
    return checked(name, value, variable)


def _build(values: dict[str, Any], origins: dict[str, str], root: Path | None) -> Settings:
    sections = {
        section: kind(
            **{f.name: values[f"{section}.{f.name}"] for f in fields(kind) if f"{section}.{f.name}" in values}
        )
        for section, kind in SECTIONS.items()
    }
    lists = sections["subscribers"].lists
    default = sections["subscribers"].default_list
    if default not in lists:
        raise SettingsError(
            f'subscribers.default_list is "{default}", which is not one of the lists: {", ".join(lists) or "none"}.',
            hint=f"Add [subscribers.lists.{default}] to {FILE_NAME}, or name another list.",
        )
    return Settings(**sections, relays=values.get("relays", ()), root=root, origins=origins)
