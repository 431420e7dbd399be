"""What is armed to go out, once or again and again, and what becomes of each of its occurrences."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from mailer.domain.audience import Audience
from mailer.domain.catch_up import CatchUp
from mailer.domain.limits import window_of
from mailer.domain.recurrence import Occurrence, Rule
from mailer.domain.schedule import When

#: The key of a one-off's only occurrence.
ONCE = "once"


class Kind(StrEnum):
    """How often it goes out. The words are stored."""

    ONCE = "once"
    AGAIN = "again"


class State(StrEnum):
    """Whether it still does. The words are stored."""

    ARMED = "armed"
    PAUSED = "paused"  #: by a person, or because the database was set back
    ENDED = "ended"  #: it has gone out, or nothing comes any more
    REMOVED = "removed"


#: Those that a person still sees.
STANDING = frozenset({State.ARMED, State.PAUSED})


class Outcome(StrEnum):
    """What one firing came to. The words are stored."""

    SENT = "sent"
    EMPTY = "empty"  #: nobody to mail, or nothing new
    EXPIRED = "expired"  #: so late that it would have surprised people
    HELD = "held"  #: a person must look first
    SKIPPED = "skipped"  #: a person said so; or it was missed, or the one before it was still under way


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """zone: of all its times. until: nothing comes later. hours: "08:00-20:00", outside of which it has no occurrence; "": any.

    proof: so long before each occurrence a proof is mailed; None: never.
    """

    zone: str
    until: datetime | None = None
    hours: str = ""
    catch_up: CatchUp = CatchUp.LATEST
    proof: timedelta | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """One armed campaign. rule: None for a one-off. next: None when nothing comes any more.

    audience: whom it goes to, relative dates not yet counted back; people: how many those were when it was armed.
    not_before: what is due waits until then. sources: the hash of all that was compiled when it was armed.
    mailing_id: what a one-off will send, scheduled already; of others the newest that it sent, None before the first.
    """

    id: int
    slug: str
    kind: Kind
    state: State
    rule: Rule | None
    terms: Terms
    audience: Audience
    people: int
    next: Occurrence | None
    not_before: datetime | None
    sources: str
    mailing_id: int | None
    created_at: datetime

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.terms.zone)

    def when(self, one: Occurrence) -> When:
        """An occurrence in the words and the zone of whoever reads it."""
        local = one.at.astimezone(self.zone).replace(tzinfo=None, fold=0)
        return When(at=one.at, local=local, zone=self.terms.zone)

    @property
    def next_when(self) -> When:
        """The same of what comes next, which there is."""
        assert self.next is not None
        return self.when(self.next)

    def following(self, instant: datetime) -> Iterator[Occurrence]:
        """Its occurrences after `instant`, whatever became of them: within its hours and not after its last day."""
        if self.rule is None:
            return
        window = window_of(self.terms.hours, self.zone) if self.terms.hours else None
        for one in self.rule.following(instant, self.zone, window=window):
            if self.terms.until is not None and one.at > self.terms.until:
                return
            yield one
