"""Whether what is about to go on is still what was approved."""

from mailer.domain.mailing import Mailing
from mailer.errors import InputProblems, Refused, UnknownName
from mailer.launch.draft import compile_draft, read_file
from mailer.launch.plan import Desk
from mailer.storage import editions, mailings


def refuse_changed(desk: Desk, mailing: Mailing) -> None:
    """Raises Refused when the campaign's file, or what it uses, is another than the one that was frozen."""
    with desk.database.reading() as connection:
        frozen = editions.sources_of(connection, mailing.id)
        audience = mailings.audience_of(connection, mailing.id)
    if frozen is None:
        raise Refused(
            f"{mailing.slug} ({mailing.id}) was held before anything of it was frozen: {mailing.state_reason}.",
            hint=f"`mailer cancel {mailing.id}`, then send or schedule it again.",
        )
    if desk.settings.root is None:
        return  # a machine without the project's files only works what was frozen
    try:
        changed = compile_draft(desk, read_file(desk, mailing.slug), audience).edition.sources != frozen
    except (InputProblems, UnknownName):
        changed = True
    if changed:
        raise Refused(
            f"The file of {mailing.slug}, or what it uses, has changed since mailing {mailing.id} was frozen.",
            hint=f"`mailer resume {mailing.id} --as-approved` goes on with what was frozen. To send the new text to the"
            f" others: `mailer cancel {mailing.id}`, then `mailer send {mailing.slug} --rest`.",
        )
