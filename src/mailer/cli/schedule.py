"""`mailer schedule`: what is armed to go out at a time. Nothing else arms anything; saving a file never does."""

import click

from mailer.cli.schedule_add import add
from mailer.cli.schedule_change import pause, remove, resume, skip
from mailer.cli.schedule_run_now import run_now
from mailer.cli.schedule_show import history, list_, next_


@click.group()
def schedule() -> None:
    """Let campaigns go out later, once or again and again. A running `scheduler` queues them when their time has come, and a `worker` sends them."""


for command in (add, list_, next_, skip, pause, resume, remove, run_now, history):
    schedule.add_command(command)
