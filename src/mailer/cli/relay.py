"""`mailer relay`: the servers that carry the mail: add one, list them, test them."""

import click

from mailer.cli.output import Output
from mailer.settings.relay_presets import PRESETS


@click.group()
def relay() -> None:
    """The servers that carry your mail. docs/relays.md goes through setting one up."""


@relay.command()
@click.argument("name", required=False)
@click.option("--preset", type=click.Choice(tuple(PRESETS)), help="The service you have an account with.")
@click.option("--host", metavar="HOST", help="The relay's name; the preset knows most.")
@click.option("--port", type=click.IntRange(1, 65535), metavar="N", help="Its port; default: 587, or the preset's.")
@click.option("--security", type=click.Choice(("starttls", "tls", "none")), help="Default: as usual on that port.")
@click.option("--user", metavar="LOGIN", help="The login name.")
@click.option("--password-stdin", is_flag=True, help="Read the password from stdin; else it is asked for.")
@click.option("--weight", type=click.IntRange(0, 1000), metavar="N", help="Its share of the mail; 0: on standby.")
@click.option("--rate", type=click.FloatRange(0), metavar="N", help="Messages a second that it may get.")
@click.pass_obj
def add(
    output: Output,
    *,
    name: str | None,
    preset: str | None,
    host: str | None,
    port: int | None,
    security: str | None,
    user: str | None,
    password_stdin: bool,
    weight: int | None,
    rate: float | None,
) -> None:
    """Write a relay into mailer.toml, and its password into a private file. Asks for what is not given.

    The password is never an argument, and never stands in mailer.toml.
    """
    from mailer.cli.relay_adding import add_relay

    texts = {"name": name, "preset": preset, "host": host, "security": security, "user": user}
    given = {**texts, "port": port, "weight": weight, "rate": rate}
    add_relay(output, given, password_stdin=password_stdin)


@relay.command("list")
@click.pass_obj
def list_(output: Output) -> None:
    """Show every relay: where it is, what it may be given, and what of that its preset knew."""
    from mailer.cli.relay_listing import list_relays

    list_relays(output)


@relay.command()
@click.argument("name", required=False)
@click.option("--to", metavar="ADDRESS", help="Send one message marked [TEST] to this address, and to nobody else.")
@click.pass_obj
def test(output: Output, name: str | None, to: str | None) -> None:
    """Connect to a relay as a worker does, log in, and say what it announces; without NAME to each of them.

    What fails is explained. Nobody on a list gets anything.
    """
    from mailer.cli.relay_testing import test_relays

    test_relays(output, name, to=to)
