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
    from mailer.rendering.compile import compile_campaign
    from mailer.sources.campaign_files import read_campaign

    app = output.app
    file = read_campaign(project_root(app), slug)
    compiled = compile_campaign(file, surroundings(app))
    for warning in compiled.warnings:
        output.warn(str(warning))
    say_of_issue(output, compiled.issue)
    if form == "mjml":
        content = compiled.mjml.encode()
    else:
        program, recipient = _reader(output, app, compiled.edition, email)
        content = _form(program, recipient, form, app)
    if output.as_json:
        output.document({"campaign": slug, "format": form, "content": content.decode("utf-8", "replace")})
    else:
        sys.stdout.buffer.write(content)


def _form(program: "Program", recipient: "Recipient", form: str, app: "App") -> bytes:
    if form == "eml":
        return program.message(recipient, at=app.now).content
    text: str = program.html(recipient) if form == "html" else program.text(recipient)
    return text.encode("utf-8", "replace")


def _reader(output: Output, app: "App", edition: "Edition", email: str | None) -> tuple["Program", "Recipient"]:
    from mailer.domain.sample import SAMPLE
    from mailer.edition.program import Program

    if email is None:
        # Nobody's links: no key is made for them, and they change nothing.
        return Program(edition, key=b"a sample for nobody", mailing_id=0, test=True), SAMPLE
    if not app.has_database:
        raise _unknown(email)
    from mailer.domain.audience import Audience
    from mailer.storage import audiences, mailings, subscribers

    everyone = Audience(list_name=edition.meta.list_name, segment=None, exclude=None, segment_label="everyone")
    with app.database.reading() as connection:
        recipient = subscribers.recipient_by_email(connection, email)
        if recipient is None:
            raise _unknown(email)
        earlier = mailings.of_slug(connection, edition.meta.slug)
        if not audiences.includes(connection, everyone, recipient.subscriber_id, now=app.clock()):
            output.warn(f'{email} would not be mailed on the list "{everyone.list_name}".')
    return Program(edition, key=app.secret_key, mailing_id=earlier[-1].id if earlier else 0), recipient


def _unknown(email: str) -> UnknownName:
    return UnknownName(
        f"Nobody here has the address {email}.",
        hint="`mailer subscribers list` shows who there is; without --as a sample reads.",
    )
