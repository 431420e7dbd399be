"""Everything known about one person, as commands show it and exports carry it to another database."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from mailer.domain.subscriber import SubscriptionStatus, SuppressionReason


class PersonStatus(StrEnum):
    """What all subscriptions and suppressions come to. The words are shown."""

    ACTIVE = "active"  #: a confirmed member of a list, and not suppressed
    PENDING = "pending"  #: asked to join, and has not confirmed
    UNSUBSCRIBED = "unsubscribed"  #: left every list they were on
    NO_LIST = "no_list"
    SUPPRESSED = "suppressed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """consent: what they agreed to and where, in words."""

    list_name: str
    status: SubscriptionStatus
    consent: str
    consented_at: datetime
    changed_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """`given_name` is the name as given whole; `name` falls back on first + last. `public_id`: unsigned, 64 bits.

    topics: what they want to hear of, sorted; none: everything.
    """

    public_id: int
    email: str
    first_name: str
    last_name: str
    given_name: str
    language: str
    timezone: str
    country: str
    topics: tuple[str, ...]
    attributes: Mapping[str, Any]
    tags: tuple[str, ...]
    subscriptions: tuple[Subscription, ...]
    joined_at: datetime
    suppressed: SuppressionReason | None

    @property
    def name(self) -> str:
        return full_name(self.given_name, self.first_name, self.last_name)

    @property
    def lists(self) -> tuple[str, ...]:
        """The lists they are a confirmed member of."""
        confirmed = SubscriptionStatus.CONFIRMED
        return tuple(one.list_name for one in self.subscriptions if one.status is confirmed)

    @property
    def status(self) -> PersonStatus:
        if self.suppressed is not None:
            return PersonStatus.SUPPRESSED
        found = {one.status for one in self.subscriptions}
        for status, meaning in (
            (SubscriptionStatus.CONFIRMED, PersonStatus.ACTIVE),
            (SubscriptionStatus.PENDING, PersonStatus.PENDING),
            (SubscriptionStatus.UNSUBSCRIBED, PersonStatus.UNSUBSCRIBED),
        ):
            if status in found:
                return meaning
        return PersonStatus.NO_LIST


def full_name(name: str, first: str, last: str) -> str:
    """The name as given, else first + last."""
    return name or f"{first} {last}".strip()
