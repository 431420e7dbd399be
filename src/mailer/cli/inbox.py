"""`mailer inbox`: an SMTP server on this machine that keeps all mail, and a page that shows it."""

import click

from mailer.cli.output import Output


@click.command()
@click.option("--port", type=click.IntRange(0, 65535), default=8025, show_default=True, help="The page's port.")
@click.option("--smtp-port", type=click.IntRange(0, 65535), default=1025, show_default=True, help="The SMTP port.")
@click.pass_obj
def inbox(output: Output, port: int, smtp_port: int) -> None:
    """Take mail on loopback, show it, and pass none on.

    Messages are gone when it ends (Ctrl-C). It can reach nobody: it has no way to send.
    """
    from pathlib import Path
    from tempfile import TemporaryDirectory

    from mailer.web.inbox.pages import make_inbox_site
    from mailer.web.inbox.smtp import LOOPBACK, SmtpInbox
    from mailer.web.inbox.store import Store
    from mailer.web.server import Server, listen, until_signalled

    with until_signalled() as stop, TemporaryDirectory(prefix="mailer-inbox-") as folder:
        store = Store(Path(folder) / "messages")
        site = make_inbox_site(store, output.app.settings)
        with SmtpInbox(store, port=smtp_port) as smtp, Server(site, listen(LOOPBACK, port)) as server:
            output.say(f"Inbox  {server.url}/inbox/")
            output.say(f"SMTP   MAILER_SMTP_URL=smtp://{smtp.host}:{smtp.port}")
            output.say("Nothing leaves this machine. Stop with Ctrl-C.")
            stop.wait()
        output.document({"messages": len(store), "url": server.url, "smtp": f"smtp://{smtp.host}:{smtp.port}"})
