"""The command line: a table of commands, imported when they run.

`mailer --help` and every press of TAB run this file, so it imports click and nothing heavier.
"""

import errno
import importlib
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
from click.shell_completion import CompletionItem

from mailer import __version__
from mailer.cli.output import Output, current_output, invocation
from mailer.errors import DiskFull, Exit, MailerError


@dataclass(frozen=True, slots=True)
class Entry:
    """One command: where it lives, what it does in one line, and under which heading it stands."""

    section: str
    name: str
    target: str  # "module:attribute" below mailer.cli
    help: str


COMMANDS: tuple[Entry, ...] = (
    # One line per command that works, in the order of the help page.
    Entry("START", "init", "init:init", "Make a project that works at once."),
    Entry("START", "demo", "demo:demo", "See the whole thing work, on this machine alone."),
    Entry("START", "config", "config:config", "Show settings and where they come from; write schemas."),
    Entry("WRITE", "new", "new:new", "Begin a campaign of some kind."),
    Entry("WRITE", "preview", "preview:preview", "See a campaign as its readers will, in a page that follows you."),
    Entry("WRITE", "check", "check:check", "Lint campaigns: what is wrong, where, and what to do."),
    Entry("WRITE", "render", "render:render", "Print a campaign as one person gets it."),
    Entry("WRITE", "feeds", "feeds:feeds", "Ask the feeds of a digest what is new, and show what becomes of it."),
    Entry("PEOPLE", "import", "people_import:import_", "Bring people in from a CSV file, or take an import back."),
    Entry("PEOPLE", "export", "export:export", "Write people as CSV or JSON."),
    Entry("PEOPLE", "subscribers", "subscribers:subscribers", "Look at people, add, tag, unsubscribe, erase them."),
    Entry("PEOPLE", "segment", "segment:segment", "Count, show and explain segments."),
    Entry("PEOPLE", "suppress", "suppress:suppress", "Addresses that are never mailed."),
    Entry("SEND", "test-send", "trying_out:test_send", "Send a campaign to a few addresses, to see it in a mailbox."),
    Entry("SEND", "approve", "approve:approve", "Say that somebody has looked at a campaign, and answers for it."),
    Entry("SEND", "schedule", "schedule:schedule", "Let campaigns go out later, once or again and again."),
    Entry("SEND", "send", "send:send", "Send a campaign to the people it is for, now or at a time."),
    Entry("SEND", "status", "status:status", "Show how a mailing stands, or all of them."),
    Entry("SEND", "pause", "control:pause", "Stop a mailing at once; it can go on later."),
    Entry("SEND", "resume", "control:resume", "Go on with a mailing that was paused, held or interrupted."),
    Entry("SEND", "cancel", "control:cancel", "End a mailing: whoever has not had it will not."),
    Entry("SEND", "retry", "control:retry", "Try again with those that failed, or are in doubt."),
    Entry("SEND", "why", "why:why", "Say why somebody gets a campaign or not, and what became of it."),
    Entry("RUN", "up", "up:up", "Run it all: serve, scheduler and worker in one process tree."),
    Entry("RUN", "serve", "serve:serve", "Serve what mail links to: leave, read in the browser, pictures."),
    Entry(
        "RUN", "worker", "worker:worker", "Send what is queued, until stopped or, with --drain, until nothing is due."
    ),
    Entry("RUN", "scheduler", "scheduler:scheduler", "Let scheduled campaigns go out when their time has come."),
    Entry("RUN", "inbox", "inbox:inbox", "Take mail on this machine and show it; pass none on."),
    Entry("RUN", "db", "db:db", "Upgrade or check the database; back it up, bring a backup back."),
    Entry("RUN", "relay", "relay:relay", "The servers that carry your mail: add, list, test them."),
    Entry("RUN", "dkim", "dkim:dkim", "Sign mail with DKIM: make a key, print its DNS record."),
    Entry("RUN", "healthcheck", "healthcheck:healthcheck", "Ask whether web, worker or scheduler is well."),
    Entry("RUN", "completion", "completion:completion", "Let TAB complete commands and names in bash, zsh or fish."),
)
#: The variable in which a shell's script (`mailer completion`) asks what may come next.
COMPLETION = "_MAILER_COMPLETE"
GLOBAL_OPTIONS = (
    click.Option(
        ["--project"], metavar="DIR", help="The project folder; default: the nearest parent with mailer.toml."
    ),
    click.Option(["--json", "as_json"], is_flag=True, help="Print one JSON document on stdout."),
    click.Option(["--no-color"], is_flag=True, help="No colour (NO_COLOR does the same)."),
    click.Option(["--no-input"], is_flag=True, help="Never ask: refuse where a question would be needed."),
    click.Option(["-v", "--verbose"], count=True, help="Say more."),
    click.Option(["-q", "--quiet"], is_flag=True, help="Say nothing but errors."),
)


class Root(click.Group):
    """Lists commands under headings and imports one only when it runs."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        return [entry.name for entry in COMMANDS]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        entry = next((entry for entry in COMMANDS if entry.name == cmd_name), None)
        if entry is None:
            return None
        module, _, attribute = entry.target.partition(":")
        command: click.Command = getattr(importlib.import_module(f"mailer.cli.{module}"), attribute)
        add_global_options(command)
        if COMPLETION in os.environ:
            from mailer.cli.completing import offer_names

            offer_names(command)
        return command

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem[str]]:
        """The commands without importing each, which a person who presses TAB would wait for."""
        found = [CompletionItem(entry.name, help=entry.help) for entry in COMMANDS if entry.name.startswith(incomplete)]
        return [*found, *click.Command.shell_complete(self, ctx, incomplete)]

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        for section in dict.fromkeys(entry.section for entry in COMMANDS):
            with formatter.section(section):
                formatter.write_dl([(entry.name, entry.help) for entry in COMMANDS if entry.section == section])


def add_global_options(command: click.Command) -> None:
    """Let `command`, and what is below it, take the global options too: they work before and after the subcommand."""
    if isinstance(command, click.Group):
        for child in command.commands.values():
            add_global_options(child)
        return
    own = {declared for parameter in command.params for declared in parameter.opts}
    missing = [option for option in GLOBAL_OPTIONS if not own & set(option.opts)]
    if not missing or getattr(command, "takes_global_options", False):
        return
    command.takes_global_options = True  # type: ignore[attr-defined]
    command.params.extend(missing)
    callback, names = command.callback, {str(option.name) for option in missing}

    def with_globals(*args: Any, **kwargs: Any) -> Any:
        current_output().take({name: kwargs.pop(name) for name in names})
        assert callback is not None
        return callback(*args, **kwargs)

    command.callback = with_globals


@click.group(
    cls=Root,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    params=list(GLOBAL_OPTIONS),
)
@click.version_option(__version__, "-V", "--version", message="mailer %(version)s")
@click.pass_context
def root(ctx: click.Context, /, **options: Any) -> None:
    """Campaigns as Markdown files: preview, check, schedule and send them to the people who asked for them."""
    ctx.ensure_object(Output).take(options)
    ctx.color = False if ctx.obj.no_color else None
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())


def stand_in_for_closed_streams() -> None:
    """Under `<&-` or a service manager a stream may be missing: reading then finds an end, and writing nobody.

    Without this the next file to be opened, the database say, would get the number of a standard stream.
    """
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, Path(os.devnull).open(mode, encoding="utf-8"))  # noqa: SIM115 (for as long as we run)


def _to_nowhere(*descriptors: int) -> None:
    """What is still buffered would fail again at the very end."""
    for descriptor in descriptors:
        os.dup2(os.open(os.devnull, os.O_WRONLY), descriptor)


def main() -> None:
    """Run one command and leave with its exit code; no traceback for anything a person can mend."""
    stand_in_for_closed_streams()
    output = Output()
    output.as_json = "--json" in sys.argv  # a usage error comes before any option is read
    try:
        code = root.main(prog_name=invocation(), standalone_mode=False, obj=output, complete_var=COMPLETION)
        sys.stdout.flush()
    except click.exceptions.Exit as done:
        code = done.exit_code
    except (click.Abort, KeyboardInterrupt):
        output.say("Interrupted.")
        code = Exit.INTERRUPTED
    except click.ClickException as error:
        output.usage_error(error)
        code = error.exit_code
    except MailerError as error:
        output.error(error)
        code = error.exit_code
    except BrokenPipeError:
        # `mailer … | head`: the reader has seen enough. (SIGPIPE itself stays ignored: a relay or a visitor that hangs up
        # would end the whole program with it.)
        code = Exit.FAILED
        _to_nowhere(1, 2)
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        output.error(DiskFull())
        code = Exit.FAILED
        _to_nowhere(1)
    output.close()
    sys.exit(code if isinstance(code, int) else Exit.OK)
