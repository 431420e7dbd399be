"""Writes docs/commands.md from the commands themselves: `python tests/command_page.py` after any change to an option."""

from collections.abc import Iterator
from pathlib import Path

import click

from mailer.cli.main import COMMANDS, GLOBAL_OPTIONS, root

PAGE = Path(__file__).parents[1] / "docs" / "commands.md"
HEAD = """# Commands

Every command takes the global options before or after its name. Data goes to stdout, talk to stderr; `--json` prints one
document. `python3 run.py COMMAND` runs any of them from a checkout. This page is made by `tests/command_page.py`.

| exit code | meaning |
| --- | --- |
| 0 | ok |
| 1 | failed: an unknown name or address, and everything that is none of the below |
| 2 | the command line cannot be understood |
| 3 | the project's files have errors (`check` and whatever reads campaigns) |
| 4 | refused, or a confirmation was needed and nobody could be asked |
| 5 | finished, but some recipients failed or are in doubt |
| 130 | interrupted |

## Global options

"""


def page() -> str:
    parts = [HEAD, *(_option(option) for option in GLOBAL_OPTIONS)]
    for section in dict.fromkeys(entry.section for entry in COMMANDS):
        parts.append(f"\n## {section.capitalize()}\n")
        for entry in COMMANDS:
            if entry.section == section:
                command = root.get_command(click.Context(root), entry.name)
                assert command is not None
                parts.extend(_command(command, f"mailer {entry.name}"))
    return "".join(parts)


def _command(command: click.Command, path: str) -> Iterator[str]:
    context = click.Context(command, info_name=path)
    usage = [piece for piece in command.collect_usage_pieces(context) if piece != "[OPTIONS]"]
    yield f"\n### `{' '.join([path, *usage])}`\n\n{_prose(command)}\n"
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            child = command.get_command(context, name)
            assert child is not None
            yield from _command(child, f"{path} {name}")
        return
    options = [parameter for parameter in command.params if parameter not in GLOBAL_OPTIONS]
    lines = [_option(option) for option in options if isinstance(option, click.Option) and not option.hidden]
    if lines:
        yield "\n"
        yield from lines


def _prose(command: click.Command) -> str:
    return " ".join((command.help or command.short_help or "").replace("\b", "").split())


def _option(option: click.Option) -> str:
    value = "" if option.is_flag or option.count else f" {_metavar(option)}"
    names = ", ".join([*option.opts, *option.secondary_opts])
    return f"- `{names}{value}`: {' '.join((option.help or '').split())}\n"


def _metavar(option: click.Option) -> str:
    if isinstance(option.type, click.Choice):
        return "|".join(str(choice) for choice in option.type.choices)
    return option.metavar or (option.name or "").strip("_").upper()


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
