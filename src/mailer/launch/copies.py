"""Copies to try a campaign out: to a few addresses that somebody named, each as the readers would get theirs.

They are of no mailing, so nothing is counted or written down but the pictures that they link. Their links are those of a
test: they open pages and change nothing, and neither they nor the envelope know the person whose fields were filled in.
"""

from collections.abc import Iterable, Iterator, Sequence
from functools import partial

from mailer.domain.address import email_key
from mailer.domain.audience import Audience
from mailer.domain.media import MediaFile
from mailer.domain.message import TEST_MARK
from mailer.domain.subscriber import Recipient
from mailer.edition.format import Edition
from mailer.edition.program import Program
from mailer.errors import Refused
from mailer.launch.gate import refuse_stranded, refuse_unfit
from mailer.launch.plan import Desk
from mailer.settings import Settings
from mailer.storage import media, suppressions


def copying(desk: Desk, edition: Edition) -> Program:
    """What makes the copies of `edition`."""
    return Program(edition, key=desk.key, mailing_id=0, test=True, subject_prefix=f"{TEST_MARK} ")


def copies_of(reader: Recipient, addresses: Iterable[str]) -> list[Recipient]:
    """Those who get a copy: at these addresses, as `reader` would get it."""
    # Each has a number of its own, or they would be one message to whoever gets two of them, under one Message-ID.
    return [reader._replace(public_id=number, email=to) for number, to in enumerate(addresses, 1)]


def keep_pictures(desk: Desk, files: Sequence[MediaFile]) -> None:
    """So that the pages of `serve` have what the copies link."""
    with desk.database.writing() as connection:
        media.put(connection, files)


def refuse_elsewhere(settings: Settings, addresses: Iterable[str]) -> None:
    """Raises Refused in a rehearsal for any address but the one that everything goes to."""
    to = settings.sending.redirect_to
    if to and any(email_key(address) != email_key(to) for address in addresses):
        raise Refused(
            f"Every message goes to {to} (sending.redirect_to), and to nobody else.",
            hint=f"Send it there: --to {to}. Or take that setting away first.",
        )


def refuse_silenced(desk: Desk, addresses: Iterable[str]) -> None:
    """Raises Refused for an address that is never mailed."""
    with desk.database.reading() as connection:
        for address in addresses:
            found = suppressions.find(connection, email_key(address))
            if found is not None:
                raise Refused(
                    f"{address} is suppressed ({found.reason}), and is never mailed.",
                    hint="`mailer suppress list` shows who is; `mailer suppress remove` lifts it, if they ask for it.",
                )


def objections(desk: Desk, audience: Audience) -> Iterator[Refused]:
    """What `send` would refuse for the sake of its readers. A copy goes out nevertheless: it is there to find that out."""
    if not desk.settings.leaves_this_machine:
        return
    for refuse in (partial(refuse_unfit, desk.settings), partial(refuse_stranded, desk, audience)):
        try:
            refuse()
        except Refused as refusal:
            yield refusal
