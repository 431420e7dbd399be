"""`mailer serve`: the pages that subscribers meet."""

import click

from mailer.cli.output import Output


@click.command()
@click.option("--host", metavar="ADDRESS", help="Listen on this address; default: web.host.")
@click.option("--port", type=click.IntRange(0, 65535), metavar="N", help="Listen on this port; default: web.port.")
@click.pass_obj
def serve(output: Output, host: str | None, port: int | None) -> None:
    """Serve what mail links to: leave, read in the browser, public pages, pictures, health.

    Runs until Ctrl-C. A reverse proxy with https stands before it, and web.public_url names that proxy's address.
    """
    from mailer.storage.heartbeats import Role, beating
    from mailer.web.server import Server, listen, until_signalled
    from mailer.web.site import make_site

    app = output.app
    site = make_site(app)
    listener = listen(host or app.settings.web.host, app.settings.web.port if port is None else port)
    with (
        until_signalled() as stop,
        Server(site, listener) as server,
        beating(app.database, app.clock, Role.WEB),
    ):
        if app.settings.web.public_url:
            output.say(f"Mail links to {app.settings.web.public_url}, which must lead here.")
        else:
            output.warn("web.public_url is not set, so no mail can link here: add it to [web] in mailer.toml.")
        output.say(f"Serving on {server.url}. Stop with Ctrl-C.")
        stop.wait()
    output.document({"url": server.url})
