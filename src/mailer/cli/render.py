"""`mailer render`: what one person would get, on stdout."""

import sys
from typing import TYPE_CHECKING

import click

from mailer.cli.campaigns import project_root, say_of_issue, surroundings
from mailer.cli.output import Output
from mailer.errors import UnknownName

if TYPE_CHECKING:
    from mailer.app import App
    from mailer.domain.subscriber import Recipient
    from mailer.edition.format import Edition
    from mailer.edition.program import Program
    from mailer.rendering.compile import Compiled

FORMATS = ("eml", "html", "text", "mjml")


@click.command()
@click.argument("slug")
@click.option("--as", "email", metavar="EMAIL", help="As this person would get it; default: a sample reader.")
@click.option(
    "--format", "form", type=click.Choice(FORMATS), default="eml", show_default=True, help="Which form of it."
)
@click.pass_obj
def render(output: Output, slug: str, email: str | None, form: str) -> None:
    """Print a campaign as one person gets it.

    With --as the links are live: they are that person's own.
    """
    from mailer.domain.sample import SAMPLE
    from mailer.launch.views import as_seen_by
    from mailer.rendering.compile import compile_campaign
    from mailer.sources.campaign_files import read_campaign

    app = output.app
    file = read_campaign(project_root(app), slug)
    around = surroundings(app)
    compiled = compile_campaign(file, around)
    for warning in compiled.warnings:
        output.warn(str(warning))
    say_of_issue(output, compiled.issue)
    if form == "mjml":
        content = compiled.mjml.encode()
    else:
        recipient = _recipient(output, app, compiled, email) if email else SAMPLE
        seen = as_seen_by(file, around, compiled, recipient)
        if seen is None:
            output.warn(f"Nothing in it is for {email}, who would not be mailed; this is the whole issue.")
        content = _form(_program(app, (seen or compiled).edition, email), recipient, form, app)
    if output.as_json:
        output.document({"campaign": slug, "format": form, "content": content.decode("utf-8", "replace")})
    else:
        sys.stdout.buffer.write(content)


def _form(program: "Program", recipient: "Recipient", form: str, app: "App") -> bytes:
    if form == "eml":
        return program.message(recipient, at=app.now).content
    text: str = program.html(recipient) if form == "html" else program.text(recipient)
    return text.encode("utf-8", "replace")


def _program(app: "App", edition: "Edition", email: str | None) -> "Program":
    from mailer.edition.program import Program

    if email is None:
        # Nobody's links: no key is made for them, and they change nothing.
        return Program(edition, key=b"a sample for nobody", mailing_id=0, test=True)
    from mailer.storage import mailings

    with app.database.reading() as connection:
        earlier = mailings.of_slug(connection, edition.meta.slug)
    return Program(edition, key=app.secret_key, mailing_id=earlier[-1].id if earlier else 0)


def _recipient(output: Output, app: "App", compiled: "Compiled", email: str) -> "Recipient":
    """The person of that address, with all that decides what they see. Raises UnknownName."""
    if not app.has_database:
        raise _unknown(email)
    from mailer.domain.audience import Audience
    from mailer.domain.subscriber import STANDARD_FIELDS
    from mailer.launch.views import needs_of
    from mailer.storage import audiences, subscribers

    everyone = Audience(list_name=compiled.edition.meta.list_name)
    with app.database.reading() as connection:
        recipient = subscribers.recipient_by_email(connection, email, STANDARD_FIELDS | needs_of(compiled.issue))
        if recipient is None:
            raise _unknown(email)
        if not audiences.includes(connection, everyone, recipient.subscriber_id, now=app.clock()):
            output.warn(f'{email} would not be mailed on the list "{everyone.list_name}".')
    return recipient


def _unknown(email: str) -> UnknownName:
    return UnknownName(
        f"Nobody here has the address {email}.",
        hint="`mailer subscribers list` shows who there is; without --as a sample reads.",
    )
