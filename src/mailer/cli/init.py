"""`mailer init`: a project that works at once."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import click

from mailer.cli.new_project import ALWAYS, EXAMPLES, refuse_to_overwrite, write_project
from mailer.cli.output import Output, invocation
from mailer.cli.questions import QUESTIONS, answers, defaults


def _options(command: Callable[..., Any]) -> Callable[..., Any]:
    """One option for each question."""
    for question in reversed(QUESTIONS):
        command = click.option(question.option, question.name, metavar=question.metavar, help=question.help)(command)
    return command


@click.command()
@click.argument("folder", metavar="[DIR]", default=".", type=click.Path(path_type=Path))
@_options
@click.option("--bare", is_flag=True, help="Settings and empty folders only, no first letter and no example people.")
@click.pass_obj
def init(output: Output, /, *, folder: Path, bare: bool, **given: str | None) -> None:
    """Make a project: settings, a first letter to rewrite, three example people. Nothing is ever overwritten.

    On a terminal it asks seven questions; an option answers one of them. Elsewhere, and with --no-input, what no option
    says has its default. At the end it lists what is still missing before real people can be mailed.
    """
    files = ALWAYS if bare else ALWAYS | EXAMPLES
    refuse_to_overwrite(folder, files)
    chosen = answers(output, given, defaults(folder))
    refuse_to_overwrite(folder, files)  # a person takes time to answer
    write_project(folder, files, chosen)
    _tell(output, folder, files, bare=bare)


def _tell(output: Output, folder: Path, files: Mapping[str, str], *, bare: bool) -> None:
    from mailer.cli.standing import say_standing, standing_document
    from mailer.settings import load

    settings = load(folder, {})
    output.document({"project": folder.resolve(), "created": list(files)} | standing_document(settings))
    if output.as_json:
        return
    output.say()
    output.say(f"Made {', '.join(files)}.")
    say_standing(output, settings)
    first = "new article first-news" if bare else "check"
    # The launcher lies elsewhere, so whoever started with it stays where they are.
    if folder == Path() or invocation() != "mailer":
        output.next(first if folder == Path() else f"{first} --project {folder}")
    else:
        output.say(f"Next: cd {folder} && {invocation()} {first}")
