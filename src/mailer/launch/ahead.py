"""A time to come at which a campaign goes out: as it is armed, or else as its file proposes."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from itertools import chain, islice

from mailer.domain.armed import ONCE, Schedule
from mailer.domain.campaign_file import CampaignFile
from mailer.domain.digest import Shown
from mailer.domain.recurrence import Occurrence
from mailer.domain.schedule import When
from mailer.domain.wish import Wish
from mailer.errors import UnknownName, UsageError
from mailer.launch.timing import Again, Once, settle, wished
from mailer.settings import Settings
from mailer.storage import proofs, schedules
from mailer.storage.database import Database

NEXT = "next"
#: So far ahead a time is looked for.
_MOST = 2_000
_SHOWN = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Ahead:
    """One time to come. schedule: by which it is armed; None: the file only proposes it.

    shown: what its proof has shown, if it had one: exactly that goes out.
    """

    when: When
    key: str
    schedule: Schedule | None = None
    shown: Shown | None = None


def find_ahead(
    settings: Settings, database: Database | None, file: CampaignFile, wanted: str, *, now: datetime
) -> Ahead:
    """The time that `wanted` means: "next", or a local time at which it is armed or proposed to go out. Raises UsageError."""
    one = _armed(database, file.slug)
    if one is not None and database is not None:
        with database.reading() as connection:
            times = [] if one.next is None else chain([one.next], schedules.coming(connection, one, after=one.next.at))
            found, when = _chosen(file.slug, ((each, one.when(each)) for each in times), wanted)
            proof = proofs.get(connection, one.id, found.key)
        return Ahead(when=when, key=found.key, schedule=one, shown=proof.shown if proof else None)
    found, when = _chosen(file.slug, _proposed(settings, file, now), wanted)
    return Ahead(when=when, key=found.key)


def _armed(database: Database | None, slug: str) -> Schedule | None:
    if database is None:
        return None
    with database.reading() as connection, suppress(UnknownName):
        return schedules.find(connection, slug)
    return None


def _proposed(settings: Settings, file: CampaignFile, now: datetime) -> Iterator[tuple[Occurrence, When]]:
    try:
        wish = wished(file.campaign, Wish())
    except UsageError:
        raise UsageError(
            f"{file.slug} is not armed, and its file proposes no schedule.",
            hint=f'`mailer schedule add {file.slug} --every "fri 09:00"` arms it; `schedule:` in its file proposes one.',
        ) from None
    match settle(wish, now=now, zone=settings.project.timezone):
        case Once() as once:
            yield Occurrence(at=once.when.at, key=ONCE), once.when
        case Again() as again:
            for each in again.times(now):
                local = each.at.astimezone(again.zone).replace(tzinfo=None, fold=0)
                yield each, When(at=each.at, local=local, zone=again.terms.zone)


def _chosen(slug: str, times: Iterator[tuple[Occurrence, When]], wanted: str) -> tuple[Occurrence, When]:
    near: list[When] = []
    moment = None if wanted == NEXT else _read(wanted)
    for each, when in islice(times, _MOST):
        local = moment is not None and moment.tzinfo is None
        if moment is None or each.key == wanted or (when.local if local else when.at) == moment:
            return each, when
        if len(near) < _SHOWN:
            near.append(when)
    if not near:
        raise UsageError(f"{slug} does not go out any more.", hint="`mailer schedule list` shows what does.")
    raise UsageError(f"{slug} does not go out at {wanted}.", hint=f"It does on {'; '.join(map(str, near))}.")


def _read(wanted: str) -> datetime:
    with suppress(ValueError):
        return datetime.fromisoformat(wanted)
    raise UsageError(f'"{wanted}" is no time.', hint="Write next, or 2026-11-27T09:00.")
