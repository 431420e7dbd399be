"""A letter from the program itself to one person: of no campaign and no list. `relay test` sends one, and so do alerts.

It is plain text; a proof has an HTML part beside it, in which people see the issue as it will go out.
"""

import secrets
from collections.abc import Iterator
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
    html: str = "",
    at: datetime,
    dispatch: Dispatch = PLAIN,
    key: str = "",
) -> OutgoingMessage:
    """The finished message. sender, name: who it is from; at: its Date, aware; dispatch: as its relay wants it.

    html: the same for who sees HTML, "" for none. key: the left part of its Message-ID, for a notice that may be sent again;
    default: a new one. Raises EditionError for an address that no envelope can carry.
    """
    sender, to, key = ascii_address(sender), envelope_address(to), key or secrets.token_hex(12)
    shown = phrase(name)
    fields = [
        fold("From", f"{shown} <{sender}>" if shown else sender),
        f"To: {to}",
        unstructured("Subject", subject),
        *_common_fields(at, f"{key}@{domain_of(sender)}"),
    ]
    # "=_" is in no quoted-printable text (RFC 2045 §6.7), so no part can contain the boundary.
    boundary = f"=_{secrets.token_hex(12)}" if html else ""
    fields += [f'Content-Type: multipart/alternative; boundary="{boundary}"'] if html else _part_fields("plain")
    header = [f"{field}\r\n".encode() for field in fields]
    body = b"".join(_both(text, html, boundary)) if html else _encoded(text)
    signed = dispatch.signer.sign(header, body, at=at) if dispatch.signer else b""
    return OutgoingMessage.whole(
        key=key,
        # Of a notice no bounce is read, so none needs an address of its own.
        sender=dispatch.sender.where if dispatch.sender.rule is Rule.FIXED else sender,
        recipient=to,
        content=b"".join([signed, *header, b"\r\n", body]),
        eight_bit=not to.isascii(),
    )


def _common_fields(at: datetime, message_id: str) -> list[str]:
    return [
        f"Date: {format_datetime(at.astimezone(UTC))}",
        f"Message-ID: <{message_id}>",
        "Auto-Submitted: auto-generated",  # RFC 3834 §5
        "MIME-Version: 1.0",
    ]


def _both(text: str, html: str, boundary: str) -> Iterator[bytes]:
    """multipart/alternative, text first, HTML last (RFC 2046 §5.1.4)."""
    for subtype, content in (("plain", text), ("html", html)):
        head = [f"--{boundary}", *_part_fields(subtype), "", ""]
        yield "\r\n".join(head).encode() + _encoded(content)
    yield f"--{boundary}--\r\n".encode()


def _part_fields(subtype: str) -> list[str]:
    return [f"Content-Type: text/{subtype}; charset=utf-8", "Content-Transfer-Encoding: quoted-printable"]


def _encoded(content: str) -> bytes:
    return run(content.rstrip("\n") + "\n")
