"""The option that says as whom a campaign is looked at, of commands that show it or send it to try it out."""

import click

as_reader = click.option(
    "--as",
    "wish",
    metavar="WHO",
    default="",
    help="As whom: an address, `random` or `worst-case`; default: a sample reader.",
)
