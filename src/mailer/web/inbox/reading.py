"""A message of the inbox, taken apart for the page: what each part says, and what a mailbox provider would do with it."""

import email
import email.message
import email.policy
import re
from dataclasses import dataclass

_HTTP = re.compile(r"<(https?://[^>\s]+)>")


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """One message. html, text: "" when it has no such part. source: as it stood on the wire, undecodable bytes marked."""

    headers: tuple[tuple[str, str], ...]
    html: str
    text: str
    source: str
    one_click: str  #: where the mailbox provider's "unsubscribe" button posts (RFC 8058 §3.1), "" when it shows none


def open_message(content: bytes) -> Opened:
    """Whatever arrived: a broken message is shown as far as it can be read."""
    message = email.message_from_bytes(content, policy=email.policy.default)
    return Opened(
        headers=tuple((name, _one_line(value)) for name, value in _headers(message)),
        html=_part(message, "html"),
        text=_part(message, "plain"),
        source=content.decode("utf-8", "replace"),
        one_click=_one_click(message),
    )


def _headers(message: email.message.EmailMessage) -> list[tuple[str, str]]:
    try:
        return [(name, str(value)) for name, value in message.items()]
    except Exception:  # noqa: BLE001  (the library's header parser raises half a dozen kinds on broken fields)
        return [(name, str(value)) for name, value in message.raw_items()]


def _one_line(value: str) -> str:
    return " ".join(value.split())


def _part(message: email.message.EmailMessage, kind: str) -> str:
    try:
        part = message.get_body((kind,))
        return "" if part is None else str(part.get_content()).replace("\r\n", "\n")
    except Exception:  # noqa: BLE001  (an unknown charset, a broken encoding, a multipart that is none)
        return ""


def _one_click(message: email.message.EmailMessage) -> str:
    fields = dict(_headers(message))
    if fields.get("List-Unsubscribe-Post", "").strip() != "List-Unsubscribe=One-Click":
        return ""
    found = _HTTP.search(fields.get("List-Unsubscribe", ""))
    return found[1] if found else ""
