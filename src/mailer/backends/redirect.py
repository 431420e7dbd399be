"""Everything to one address: a rehearsal in which nobody on the list gets anything.

The message's content stays as it is but for its head: `[TEST]` stands before the subject, To is the one address, and
X-Original-To says for whom it was. What would no longer be true, or would act for the person it was made for, is taken
out: the DKIM signature, which covers the subject, and List-Unsubscribe, whose button would take that person off the list.
Nor does a refusal of the one address say anything about the person's own: it never counts as a bad address.
"""

from collections.abc import Generator, Iterator
from dataclasses import replace
from typing import ClassVar

from mailer.backend import Backend, Receipt, Refused
from mailer.domain.message import TEST_MARK, OutgoingMessage

TAKEN_OUT = frozenset({b"dkim-signature", b"list-unsubscribe", b"list-unsubscribe-post"})


class RedirectBackend(Backend):
    """Wraps any other. to: where everything goes. sender: the envelope's, where that of each message names its person."""

    name: ClassVar[str] = "redirect"

    def __init__(self, backend: Backend, to: str, *, sender: str = "") -> None:
        super().__init__()
        self._backend, self._to, self._sender = backend, to, sender

    def open(self) -> None:
        self._backend.open()

    def send(self, message: OutgoingMessage) -> Receipt:
        return about_nobody(self._backend.send(redirected(message, self._to, sender=self._sender)))

    def send_many(self, messages: Iterator[OutgoingMessage]) -> Iterator[Receipt]:
        receipts = self._backend.send_many(redirected(message, self._to, sender=self._sender) for message in messages)
        try:
            yield from map(about_nobody, receipts)
        finally:
            if isinstance(receipts, Generator):
                receipts.close()

    def close(self) -> None:
        self._backend.close()

    def abort(self) -> None:
        self._backend.abort()


def redirected(message: OutgoingMessage, to: str, *, sender: str = "") -> OutgoingMessage:
    """`message` as the one address gets it; its key stays. sender: as `RedirectBackend` takes it."""
    head, gap, body = message.content.partition(b"\r\n\r\n")
    fields = [field for field in _fields(head) if _name(field) not in {*TAKEN_OUT, b"to"}]
    if not any(_name(field) == b"subject" for field in fields):
        fields.append(b"Subject:")
    original = message.recipient.encode("ascii", "backslashreplace")
    head = b"\r\n".join([b"To: " + to.encode("ascii"), b"X-Original-To: " + original, *map(_marked, fields)])
    parts = (head, gap, body)
    return message._replace(sender=sender or message.sender, recipient=to, parts=parts, size=sum(map(len, parts)))


def about_nobody(receipt: Receipt) -> Receipt:
    """A receipt for the one address, as one that says nothing about the person's."""
    return replace(receipt, bad_address=False) if isinstance(receipt, Refused) else receipt


def _fields(head: bytes) -> list[bytes]:
    """The fields of a head, each with the lines it is folded over (RFC 5322 §2.2.3)."""
    fields: list[bytes] = []
    for line in head.split(b"\r\n"):
        if line[:1] in b" \t" and line and fields:
            fields[-1] += b"\r\n" + line
        else:
            fields.append(line)
    return fields


def _name(field: bytes) -> bytes:
    return field.partition(b":")[0].strip().lower()


def _marked(field: bytes) -> bytes:
    """The subject on a line of its own below the mark: no line grows, however it is encoded."""
    if _name(field) != b"subject":
        return field
    subject = field.partition(b":")[2].strip()
    return b"Subject: " + TEST_MARK.encode() + (b"\r\n " + subject if subject else b"")
