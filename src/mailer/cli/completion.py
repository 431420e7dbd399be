"""`mailer completion`: the script by which a shell asks this program what may come next."""

import sys

import click

from mailer.cli.output import Output

_NAME = "mailer"
#: Where each shell looks by itself.
_FILES = {
    "bash": "~/.local/share/bash-completion/completions/mailer",
    "zsh": "~/.zfunc/_mailer",
    "fish": "~/.config/fish/completions/mailer.fish",
}


@click.command()
@click.argument("shell", type=click.Choice(tuple(_FILES)))
@click.pass_obj
@click.pass_context
def completion(ctx: click.Context, output: Output, shell: str) -> None:
    """Print the script that lets SHELL complete commands, options and names with TAB: bash, zsh or fish.

    Write it where the shell looks for it; docs/installing.md says where.
    """
    from click.shell_completion import get_completion_class

    from mailer.cli.main import COMPLETION

    kind = get_completion_class(shell)
    assert kind is not None
    script = kind(ctx.find_root().command, {}, _NAME, COMPLETION).source()
    output.document({"shell": shell, "script": script})
    output.data(script.rstrip())
    if sys.stdout.isatty():
        output.say(f"To install it: {_NAME} completion {shell} > {_FILES[shell]}")
