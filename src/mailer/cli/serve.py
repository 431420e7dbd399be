"""`mailer serve`: the pages that subscribers meet."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext

import click

from mailer.cli import long_running, service_manager
from mailer.cli.output import Output
from mailer.errors import MailerError

STEP = 0.2


@click.command()
@long_running.host
@long_running.port
@long_running.log_format
@click.pass_obj
def serve(output: Output, host: str | None, port: int | None, log_format: str | None) -> None:
    """Serve what mail links to: leave, read in the browser, public pages, pictures, health.

    Runs until Ctrl-C. A reverse proxy with https stands before it, and web.public_url names that proxy's address.
    """
    output.begin_log(log_format)
    url = serve_pages(output, host, port, ready=lambda: service_manager.tell(service_manager.READY))
    output.document({"url": url})


def serve_pages(
    output: Output,
    host: str | None,
    port: int | None,
    *,
    ready: Callable[[], None],
    wanted: Callable[[], bool] = lambda: True,
) -> str:
    """Serve until a signal comes, or nobody wants it any more; the address it had. ready: called when it listens."""
    from contextlib import ExitStack

    from mailer.storage.heartbeats import Role, beating
    from mailer.web.metrics import measured
    from mailer.web.server import Server, listen, until_signalled
    from mailer.web.site import make_site

    app = output.app
    site = make_site(app)
    listener = listen(host or app.settings.web.host, app.settings.web.port if port is None else port)
    with ExitStack() as running:
        stop = running.enter_context(until_signalled())
        server = running.enter_context(Server(site, listener))
        figures = running.enter_context(measured(app))
        running.enter_context(beating(app.database, app.clock, Role.WEB))
        running.enter_context(_telling(output))
        if app.settings.web.public_url:
            output.say(f"Mail links to {app.settings.web.public_url}, which must lead here.")
        else:
            output.warn("web.public_url is not set, so no mail can link here: add it to [web] in mailer.toml.")
        if figures:
            output.say(f"Figures for Prometheus on {figures}/metrics.")
        output.say(f"Serving on {server.url}. Stop with Ctrl-C.")
        ready()
        while not stop.wait(STEP) and wanted():
            pass
    return server.url


def _telling(output: Output) -> AbstractContextManager[None]:
    """The pages are there for people who want to leave, whether anybody can be told of alerts from here or not."""
    try:
        return output.app.teller().beside()
    except MailerError as error:
        output.warn(f"Nobody is told of alerts from here: {error.message}")
        return nullcontext()
