"""The calendar file of an invitation (RFC 5545): one event that any calendar can take in. The only home of icalendar.

It names no attendee, no organiser and no METHOD: it is a note for one's own calendar, not a request that calls for an
answer (RFC 5546). Its times are UTC, which every calendar shows in its owner's zone; whole days are days everywhere.

The UID is the campaign's for ever, so a later file about the same event replaces the earlier one. DTSTAMP is when the
campaign was compiled: the same sources and the same clock give the same bytes.
"""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from uuid import NAMESPACE_URL, uuid5
from zoneinfo import ZoneInfo

from mailer.domain.campaign_event_invite import Event
from mailer.domain.media import MediaFile
from mailer.rendering.views.when import instant

_PRODUCT = "-//mailer//campaign-mailer//EN"
#: A text holds no control character but line feeds and tabs (RFC 5545 §3.3.11). Fields in quotes can smuggle them in.
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What stands beside the event itself. identity: what tells it from all other events, of all other groups.

    stamp: aware; note: lines of text; url: where all about it can be read.
    """

    identity: str
    stamp: datetime
    zone: ZoneInfo
    note: str
    url: str


def calendar_file(event: Event, entry: Entry) -> MediaFile:
    """`event` as a calendar takes it in."""
    import icalendar  # noqa: PLC0415 (it takes as long to load as a campaign to compile; only invitations need it)

    start, end = _span(event, entry.zone)
    shown = icalendar.Event()
    shown.add("uid", str(uuid5(NAMESPACE_URL, entry.identity)))  # RFC 7986 §5.3: it must tell nobody who made it
    shown.add("dtstamp", entry.stamp.astimezone(UTC))
    shown.add("dtstart", start)
    shown.add("dtend", end)
    shown.add("summary", _line(event.name))
    shown.add("location", _location(event))
    if entry.note.strip():
        shown.add("description", _CONTROL.sub(" ", entry.note.strip()))
    shown.add("url", entry.url)
    calendar = icalendar.Calendar()
    calendar.add("prodid", _PRODUCT)
    calendar.add("version", "2.0")
    calendar.add_component(shown)
    return MediaFile.of(calendar.to_ical(), "ics")


def _span(event: Event, zone: ZoneInfo) -> tuple[date | datetime, date | datetime]:
    """Start, and the first moment or day after it (RFC 5545 §3.6.1: the end is not part of it)."""
    if isinstance(event.start, datetime) and isinstance(event.end, datetime):
        return instant(event.start, zone), instant(event.end, zone)
    return event.start, (event.end or event.start) + timedelta(days=1)


def _location(event: Event) -> str:
    if event.place is None:
        return event.online.url if event.online else ""
    return ", ".join(_line(part) for part in (event.place.name, event.place.address) if part)


def _line(text: str) -> str:
    return " ".join(_CONTROL.sub(" ", text).split())
