"""A person on the list, as storage hands them to an edition."""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import NamedTuple

#: The closed set of fields of `subscriber` in templates, beside the attributes that an import brought.
STANDARD_FIELDS = frozenset(
    {
        "email",
        "first_name",
        "last_name",
        "name",
        "language",
        "timezone",
        "country",
        "topics",
        "tags",
        "lists",
        "joined_at",
        "attributes",
    }
)


_RECEIVED = "received:"


def received_need(mailing_id: int) -> str:
    """What to ask for, among the fields, to know whether a mailing reached somebody. No field has a colon in its name."""
    return f"{_RECEIVED}{mailing_id}"


def is_received(need: str) -> bool:
    return need.startswith(_RECEIVED)


def mailings_in(needs: Iterable[str]) -> tuple[int, ...]:
    """The mailings that `received_need` named among `needs`."""
    return tuple(sorted(int(need.removeprefix(_RECEIVED)) for need in needs if is_received(need)))


class SubscriptionStatus(StrEnum):
    """What a person and a list are to each other. The words are stored and shown."""

    PENDING = "pending"  #: asked to join and has not confirmed; nothing else resolves it
    CONFIRMED = "confirmed"
    UNSUBSCRIBED = "unsubscribed"  #: left; no import brings them back


class SuppressionReason(StrEnum):
    """Why an address may not be mailed, whatever lists it is on."""

    MANUAL = "manual"
    LEFT = "left"  #: asked to hear nothing more from us at all
    BAD_ADDRESS = "bad_address"  #: a relay said that it does not exist
    COMPLAINT = "complaint"
    IMPORTED = "imported"  #: another tool's export said so
    ERASED = "erased"


class Recipient(NamedTuple):
    """One person as an edition sees them.

    public_id: random, unsigned, 64 bits; the only identity that leaves the database.
    fields: the standard fields that were asked for, and the attributes, in one flat mapping (a standard field wins);
    `attributes` holds the attributes alone. Values are str, int, float, bool, None, or a tuple of str; `joined_at` is an
    ISO date. A field that the person does not have is absent.
    received: those of the mailings that were asked about which reached them, or may have.
    """

    subscriber_id: int
    public_id: int
    email: str
    fields: Mapping[str, object]
    received: tuple[int, ...] = ()
