"""`mailer init`: a project that works at once."""

import errno
import json
import os
from collections.abc import Mapping
from pathlib import Path
from string import Template

import click

from mailer.cli.output import Output, invocation
from mailer.errors import DiskFull, MailerError, Refused, UsageError

_SCAFFOLD = Path(__file__).parent / "scaffold"
#: What is written -> what it is made from. The folders are part of the project even when they are empty.
_ALWAYS = {"mailer.toml": "mailer.toml", ".gitignore": "gitignore"}
_EXAMPLES = {
    "campaigns/welcome.md": "welcome.md",
    "subscribers/example.csv": "example.csv",
    "subscribers/segments.yaml": "segments.yaml",
    "templates/README.md": "templates.md",
}
_FOLDERS = ("campaigns", "subscribers", "templates")


@click.command()
@click.argument("folder", metavar="[DIR]", default=".", type=click.Path(path_type=Path))
@click.option("--name", help="Your organisation's name; default: the folder's.")
@click.option("--from", "sender", metavar="ADDRESS", help="The address your mail comes from.")
@click.option("--bare", is_flag=True, help="Settings and empty folders only, no first letter and no example people.")
@click.pass_obj
def init(output: Output, folder: Path, name: str | None, sender: str | None, bare: bool) -> None:
    """Make a project: settings, a first letter to rewrite, three example people. Nothing is ever overwritten."""
    values = _values(name or folder.resolve().name, sender or "news@example.org")
    files = _ALWAYS if bare else _ALWAYS | _EXAMPLES
    _refuse_to_overwrite(folder, list(files))
    try:
        for part in ("", *_FOLDERS):  # each by its own: `parents` would make those above with an open mode
            (folder / part).mkdir(mode=0o700, parents=not part, exist_ok=True)
        for target, source in files.items():
            text = (_SCAFFOLD / source).read_text(encoding="utf-8")
            _write(folder / target, Template(text).substitute(values) if source == "mailer.toml" else text)
    except OSError as error:
        raise _failure(folder, error) from error
    _tell(output, folder, files, bare=bare, sender=sender)


def _values(name: str, sender: str) -> dict[str, str]:
    """What the settings file takes in, as TOML strings."""
    from mailer.domain.address import is_ordinary

    if not name.isprintable() or not name.strip():
        raise UsageError("An organisation's name is one line of text.", hint='--name "Solidarity Network"')
    if not is_ordinary(sender):
        raise UsageError(f'"{sender}" is no mail address.', hint="--from news@example.org")
    # A JSON string of printable characters is a TOML basic string (TOML 1.0, "String").
    return {"name": json.dumps(name.strip(), ensure_ascii=False), "from_address": json.dumps(sender)}


def _refuse_to_overwrite(folder: Path, targets: list[str]) -> None:
    there = [target for target in targets if os.path.lexists(folder / target)]
    if there:
        what = "a project" if "mailer.toml" in there else " and ".join(there)
        raise Refused(
            f"There is {what} in {folder.resolve()} already. Nothing was changed.",
            hint="Name another folder: `mailer init our-group`.",
        )


def _write(file: Path, text: str) -> None:
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8", newline="\n") as opened:
        opened.write(text)


def _failure(folder: Path, error: OSError) -> MailerError:
    if error.errno == errno.ENOSPC:
        return DiskFull()
    return MailerError(
        f"The project cannot be made in {folder}: {error.strerror}.", hint="Choose a folder that you may write to."
    )


def _tell(output: Output, folder: Path, files: Mapping[str, str], *, bare: bool, sender: str | None) -> None:
    output.document({"project": folder.resolve(), "created": list(files)})
    if output.as_json:
        return
    output.say(f"Made {', '.join(files)}.")
    unset = "postal_address" if sender else "from_address and postal_address"
    output.say(f"Before you send to real people, change {unset} under [organisation] in mailer.toml.")
    first = "new article first-news" if bare else "check"
    # The launcher lies elsewhere, so whoever started with it stays where they are.
    if folder == Path() or invocation() != "mailer":
        output.next(first if folder == Path() else f"{first} --project {folder}")
    else:
        output.say(f"Next: cd {folder} && {invocation()} {first}")
