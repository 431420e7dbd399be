"""Whether what is about to go on is still what was approved."""

from mailer.domain.mailing import Mailing
from mailer.errors import Refused
from mailer.launch.draft import sources_now
from mailer.launch.plan import Desk
from mailer.storage import editions


def refuse_changed(desk: Desk, mailing: Mailing, *, as_approved: bool) -> None:
    """Raises Refused when nothing of the mailing is frozen, or, but `as_approved`, when the campaign is another now."""
    with desk.database.reading() as connection:
        frozen = editions.sources_of(connection, mailing.id)
    if frozen is None:
        raise Refused(
            f"{mailing.slug} ({mailing.id}) was held before anything of it was frozen: {mailing.state_reason}.",
            hint=f"`mailer schedule run-now {mailing.slug}` lets it go out now; `mailer cancel {mailing.id}` ends it.",
        )
    if as_approved or desk.settings.root is None:
        return  # a machine without the project's files only works what was frozen
    if sources_now(desk, mailing.slug, mailing.list_name) != frozen:
        raise Refused(
            f"The file of {mailing.slug}, or what it uses, has changed since mailing {mailing.id} was frozen.",
            hint=f"`mailer resume {mailing.id} --as-approved` goes on with what was frozen. To send the new text to the"
            f" others: `mailer cancel {mailing.id}`, then `mailer send {mailing.slug} --rest`.",
        )
