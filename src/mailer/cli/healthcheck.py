"""`mailer healthcheck`: for whatever restarts or watches our processes. Exit code 0 or 1, with a sentence."""

import http.client
import ipaddress

import click

from mailer.cli.output import Output
from mailer.domain.count import counted
from mailer.errors import MailerError

_TIMEOUT = 5.0


@click.command()
@click.argument("role", type=click.Choice(["web", "worker", "scheduler"]))
@click.option("--port", type=click.IntRange(1, 65535), metavar="N", help="The port of `serve`; default: web.port.")
@click.pass_obj
def healthcheck(output: Output, role: str, port: int | None) -> None:
    """Ask a process that should run on this machine whether it is well: exit code 0, else 1.

    web: its /readyz answers. worker, scheduler: it wrote its heartbeat into the database in the last 15 seconds. Whether
    mail goes out is another question: messages that are due, and that nobody has touched for two minutes, are named.
    """
    if role == "web":
        output.data(_web(output, port))
        output.document({"role": role, "ok": True})
        return
    said, untouched = _beats(output, role)
    output.data(said)
    if untouched:
        output.warn(
            f"{counted(untouched, 'message')} should be on the way, and nothing has moved for two minutes: see the log."
        )
    output.document({"role": role, "ok": True} | ({"untouched": untouched} if untouched else {}))


def _web(output: Output, port: int | None) -> str:
    settings = output.app.settings.web
    host, port = _reachable(settings.host), port or settings.port
    shown = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    connection = http.client.HTTPConnection(host, port, timeout=_TIMEOUT)
    try:
        connection.request("GET", "/readyz")
        status = connection.getresponse().status
    except (OSError, http.client.HTTPException) as error:
        why = getattr(error, "strerror", None) or str(error) or type(error).__name__
        raise MailerError(f"No `serve` answers on {shown}: {why}.", hint=_start("serve")) from None
    finally:
        connection.close()
    if status != http.HTTPStatus.OK:
        hint = "Look whether the database runs: `mailer db check`. Once it does, this mends itself."
        raise MailerError(f"`serve` on {shown} answers {status}: it cannot read its database.", hint=hint)
    return f"web on {shown} is ready."


def _reachable(host: str) -> str:
    """Where to ask a server that listens on `host`: one that listens on every address is asked on loopback."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host
    if not address.is_unspecified:
        return host
    return "127.0.0.1" if address.version == 4 else "::1"


def _beats(output: Output, role: str) -> tuple[str, int]:
    """What there is to say of the process, and how many messages no worker touches although they are due."""
    import socket

    from mailer.storage.database import Database
    from mailer.storage.heartbeats import ALIVE_FOR, Role, nearest_beat
    from mailer.storage.measures import untouched
    from mailer.storage.schema import current_revision

    app = output.app
    if not app.has_database:
        raise MailerError(f"There is no database yet, so no {role} can be at work.", hint=_start(role))
    now, host = app.clock(), socket.gethostname()
    with Database(app.database_url).reading() as connection:  # not app.database: looking must not bring up the schema
        ready = current_revision(connection) is not None
        beat = nearest_beat(connection, Role(role), host=host, now=now) if ready else None
        idle = untouched(connection, now=now, limits=app.limits) if beat and role == Role.WORKER else 0
    if beat is None:
        raise MailerError(f"No {role} is at work on {host}.", hint=_start(role))
    age = abs((now - beat).total_seconds())
    if age > ALIVE_FOR.total_seconds():
        hint = f"It was killed, or hangs: its log says more. {_start(role)}"
        raise MailerError(f"The {role} on {host} has given no sign of life for {age:.0f} s.", hint=hint)
    return f"{role} on {host} is at work; last sign of life {age:.0f} s ago.", idle


def _start(command: str) -> str:
    return (
        f"Start it: `mailer {command}`, or `mailer up` with all the others; as a service: `systemctl restart mailer`."
    )
