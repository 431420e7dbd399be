"""`when` in templates: the days and times of an event, as clocks in the campaign's zone show them."""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from mailer.domain.campaign import Campaign
from mailer.domain.campaign_event_invite import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class When:
    """first_day, last_day: the same for an event of one day. starts, ends: "18:30", none if it takes whole days.

    place: whose clocks these are ("London", "Buenos Aires"); "" for a zone that is named after no place.
    zone: what the zone itself is called, at the start ("GMT", "UTC-03").
    """

    first_day: date
    last_day: date
    starts: str | None = None
    ends: str | None = None
    place: str = ""
    zone: str = ""


def when_view(campaign: Campaign, _now: datetime, zone: ZoneInfo) -> When | None:
    event = getattr(campaign, "event", None)
    if not isinstance(event, Event):
        return None
    if not isinstance(event.start, datetime) or not isinstance(event.end, datetime):
        return When(first_day=event.start, last_day=event.end or event.start)
    start, end = local(event.start, zone), local(event.end, zone)
    return When(
        first_day=start.date(), last_day=end.date(), starts=f"{start:%H:%M}", ends=f"{end:%H:%M}",
        place=_place(zone), zone=_name(start),
    )  # fmt: skip


def instant(moment: datetime, zone: ZoneInfo) -> datetime:
    """`moment` in UTC; without a zone of its own it is read off a clock in `zone`."""
    return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).astimezone(UTC)


def local(moment: datetime, zone: ZoneInfo) -> datetime:
    """`moment` as clocks in `zone` show it: a time that they skip becomes the one that they show instead."""
    return instant(moment, zone).astimezone(zone)


def _place(zone: ZoneInfo) -> str:
    area, _, place = zone.key.rpartition("/")
    return place.replace("_", " ") if area and area != "Etc" else ""


def _name(moment: datetime) -> str:
    name = moment.tzname() or ""
    return name if name.isalpha() else f"UTC{name}"
