"""An alert as a mail: plain text, from the organisation, and marked as written by nobody (RFC 3834 §5)."""

from datetime import UTC, datetime
from email.utils import format_datetime

from mailer.alerts.wording import Told
from mailer.domain.message import OutgoingMessage
from mailer.edition.dispatch import Dispatch
from mailer.edition.encoded_words import fold, phrase, unstructured
from mailer.edition.envelope import ascii_address, domain_of, envelope_address
from mailer.edition.quoted_printable import run
from mailer.edition.sender import BounceAddresses, Rule
from mailer.settings import OrganisationSettings


def letter(
    told: Told,
    *,
    to: str,
    number: int,
    organisation: OrganisationSettings,
    dispatch: Dispatch,
    key: bytes,
    at: datetime,
) -> OutgoingMessage:
    """The mail to one address. number: which of the addresses it is; with the alert's it makes a Message-ID that stays.

    Raises EditionError for an address that mail cannot be sent to.
    """
    sender, recipient = ascii_address(organisation.from_address), envelope_address(to)
    name = f"alert-{told.document['id']}-{number}"
    shown = phrase(organisation.name)
    fields = (
        fold("From", f"{shown} <{sender}>" if shown else sender),
        f"To: {recipient}",
        unstructured("Subject", told.subject),
        f"Date: {format_datetime(at.astimezone(UTC))}",
        f"Message-ID: <{name}.{int(datetime.fromisoformat(told.document['at']).timestamp())}@{domain_of(sender)}>",
        "Auto-Submitted: auto-generated",
        "X-Auto-Response-Suppress: All",
        "MIME-Version: 1.0",
        "Content-Type: text/plain; charset=utf-8",
        "Content-Transfer-Encoding: quoted-printable",
    )
    header, body = "".join(f"{field}\r\n" for field in fields).encode(), run(told.text)
    signature = dispatch.signer.sign([header], body, at=at) if dispatch.signer else b""
    return OutgoingMessage(
        key=name,
        sender=_envelope_sender(dispatch, sender, key),
        recipient=recipient,
        content=signature + header + b"\r\n" + body,
    )


def _envelope_sender(dispatch: Dispatch, sender: str, key: bytes) -> str:
    match dispatch.sender.rule:
        case Rule.FIXED:
            return ascii_address(dispatch.sender.where)
        case Rule.VERP:
            return BounceAddresses(key, 0).address(dispatch.sender.where, 0)  # of no mailing, to nobody on a list
        case _:
            return sender
