"""A person on the list, as storage hands them to an edition."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipient:
    """One person as an edition sees them.

    public_id: random, unsigned, 64 bits; the only identity that leaves the database.
    fields: the standard fields that were asked for, and the attributes, in one flat mapping (a standard field wins);
    `attributes` holds the attributes alone. Values are str, int, float, bool, None, or a tuple of str; `joined_at` is an
    ISO date. A field that the person does not have is absent.
    """

    subscriber_id: int
    public_id: int
    email: str
    fields: Mapping[str, object]
