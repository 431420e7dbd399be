"""A plain letter from the program itself to one person: no campaign, no list, no links. `relay test` sends one, and so do alerts."""

import secrets
from datetime import UTC, datetime
from email.utils import format_datetime

from mailer.domain.message import OutgoingMessage
from mailer.edition.dispatch import PLAIN, Dispatch
from mailer.edition.encoded_words import fold, phrase, unstructured
from mailer.edition.envelope import ascii_address, domain_of, envelope_address
from mailer.edition.quoted_printable import run
from mailer.edition.sender import Rule


def notice(
    *,
    sender: str,
    name: str,
    to: str,
    subject: str,
    text: str,
    at: datetime,
    dispatch: Dispatch = PLAIN,
    key: str = "",
) -> OutgoingMessage:
    """The finished message. sender, name: who it is from; at: its Date, aware; dispatch: as its relay wants it.

    key: the left part of its Message-ID, for a notice that may be sent again; default: a new one. Raises EditionError for an address that no envelope can carry.
    """
    sender, to, key = ascii_address(sender), envelope_address(to), key or secrets.token_hex(12)
    shown = phrase(name)
    fields = [
        fold("From", f"{shown} <{sender}>" if shown else sender),
        f"To: {to}",
        unstructured("Subject", subject),
        f"Date: {format_datetime(at.astimezone(UTC))}",
        f"Message-ID: <{key}@{domain_of(sender)}>",
        "Auto-Submitted: auto-generated",  # RFC 3834 §5
        "MIME-Version: 1.0",
        "Content-Type: text/plain; charset=utf-8",
        "Content-Transfer-Encoding: quoted-printable",
    ]
    header, body = [f"{field}\r\n".encode() for field in fields], run(text.rstrip("\n") + "\n")
    signed = dispatch.signer.sign(header, body, at=at) if dispatch.signer else b""
    return OutgoingMessage(
        key=key,
        # Of a notice no bounce is read, so none needs an address of its own.
        sender=dispatch.sender.where if dispatch.sender.rule is Rule.FIXED else sender,
        recipient=to,
        content=b"".join([signed, *header, b"\r\n", body]),
        eight_bit=not to.isascii(),
    )
