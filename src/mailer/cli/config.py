"""`mailer config`: what is set, where it came from, and schemas for editors."""

import json
from dataclasses import fields
from pathlib import Path
from typing import Any

import click

from mailer.cli.output import Output
from mailer.errors import SettingsError, UnknownName
from mailer.settings import FILE_NAME, SECTIONS, RelaySettings, Settings

HIDDEN = "••••••"


@click.group()
def config() -> None:
    """Show settings and where each comes from; write schemas for editors."""


@config.command()
@click.pass_obj
def show(output: Output) -> None:
    """Print every setting with its value and origin, then what is still missing. Secrets are never shown."""
    from mailer.cli.standing import say_standing, standing_document

    settings = output.app.settings
    rows = list(_rows(settings))
    shown = [dict(zip(("name", "value", "origin"), row, strict=True)) for row in rows]
    output.document({"settings": shown} | standing_document(settings))
    width = max(len(name) for name, _, _ in rows)
    for name, value, origin in rows:
        output.data(f"{name:<{width}}  {_shown(value)}  ({origin})")
    if not output.as_json:
        say_standing(output, settings)


@config.command()
@click.pass_obj
def path(output: Output) -> None:
    """Print the path of the project's mailer.toml."""
    root = output.app.settings.root
    if root is None:
        raise SettingsError(
            "There is no project here.", hint="Change into a folder with mailer.toml, or `mailer init`."
        )
    output.document({"path": str(root / FILE_NAME)})
    output.data(str(root / FILE_NAME))


@config.command()
@click.argument("name")
@click.pass_obj
def get(output: Output, name: str) -> None:
    """Print the value of one setting, such as organisation.name."""
    from mailer.rendering.problems import suggestion

    rows = {row[0]: row for row in _rows(output.app.settings)}
    if name not in rows:
        raise UnknownName(f"There is no setting {name}.", hint=suggestion(name, rows).capitalize())
    _, value, origin = rows[name]
    output.document({"name": name, "value": value, "origin": origin})
    output.data(_shown(value))


@config.command()
@click.option("--stdout", "to_stdout", is_flag=True, help="Print one document with all of them instead.")
@click.option("--vscode", is_flag=True, help="Write a task for VS Code too, which shows what `check` finds.")
@click.pass_obj
def schema(output: Output, to_stdout: bool, vscode: bool) -> None:
    """Write JSON Schemas of campaigns, segments and settings into .mailer/schemas, for editors.

    docs/editors.md says which editor reads what.
    """
    from mailer.cli.schemas import schemas, write_schemas, write_vscode

    root = output.app.settings.root
    if to_stdout or output.as_json or root is None:
        click.echo(json.dumps(schemas(), indent=2, ensure_ascii=False))
        return
    for path in write_schemas(root):
        output.data(str(path))
    if vscode:
        for path in write_vscode(root):
            output.data(str(path))


def _rows(settings: Settings) -> Any:
    """(name, value, origin) of every setting."""
    for section, kind in SECTIONS.items():
        for field in fields(kind):
            name = f"{section}.{field.name}"
            value: Any = getattr(getattr(settings, section), field.name)
            if name == "subscribers.lists":
                value = {key: {"title": one.title, "description": one.description} for key, one in value.items()}
            yield name, _safe(field.metadata, value), settings.origins.get(name, "default")
    from_file = settings.origins.get("relays") == FILE_NAME
    for number, relay in enumerate(settings.relays):
        for field in fields(RelaySettings):
            name = f"relays.{number}.{field.name}"
            value = _safe(field.metadata, getattr(relay, field.name))
            yield name, value, settings.origins.get(name, "default") if from_file else settings.origins["relays"]


def _safe(metadata: Any, value: Any) -> Any:
    if metadata.get("secret") and value:
        return HIDDEN
    return str(value) if isinstance(value, Path) else value


def _shown(value: Any) -> str:
    if value is None or value == "":
        return "-"
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list | tuple) else str(value)
