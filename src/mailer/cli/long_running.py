"""Options that up, serve, worker and scheduler have in common."""

import click

log_format = click.option(
    "--log-format",
    type=click.Choice(["text", "json"]),
    help="The log: text, or json (one object a line); default: log.format.",
)
processes = click.option(
    "--processes", type=click.IntRange(1, 64), metavar="N", help="Worker processes; default: sending.processes."
)
host = click.option("--host", metavar="ADDRESS", help="Listen on this address; default: web.host.")
port = click.option(
    "--port", type=click.IntRange(0, 65535), metavar="N", help="Listen on this port; default: web.port."
)
