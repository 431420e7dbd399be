"""Rules about invitations: whether people can come, and whether they know what awaits them."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from mailer.domain.campaign_event_invite import Event, EventInvite
from mailer.domain.campaign_types import end_of
from mailer.errors import Severity
from mailer.rendering.lints.rule import Found, Material, error, warning
from mailer.rendering.views.when import local

#: A meeting that goes on for longer is more often a slip in a date than a meeting.
_LONG = timedelta(days=31)


def _event(material: Material) -> Event | None:
    campaign = material.file.campaign
    return campaign.event if isinstance(campaign, EventInvite) else None


@error("event-past", "an invitation to what is over or has begun, or will have when it goes out")
def event_past(material: Material) -> Iterator[Found]:
    event, zone = _event(material), material.zone
    if event is None:
        return
    line, hint = material.file.line_of("event", "start"), "correct the date, or report on it with kind: event_report"
    if end_of(event.end or event.start, zone) < material.now:
        day = _day(event.end or event.start, zone)
        yield Found(line=line, message=f"the event was over on {day:%-d %B %Y}", hint=hint)
    elif end_of(event.start, zone) < material.now and material.file.campaign.send_by is None:
        hint = "if it is still worth coming, say until when to mail: send_by"
        yield Found(line=line, message="the event has begun, and nobody would be mailed", hint=hint)
    yield from _scheduled_too_late(material, event)


def _scheduled_too_late(material: Material, event: Event) -> Iterator[Found]:
    campaign = material.file.campaign
    planned = campaign.schedule
    if planned is None or planned.at is None or campaign.send_by is not None:
        return
    if end_of(planned.at, ZoneInfo(planned.timezone) if planned.timezone else material.zone) > end_of(
        event.start, material.zone
    ):
        line = material.file.line_of("schedule", "at")
        yield Found(
            line=line, message="it would go out when the event has begun", hint="schedule it for an earlier day"
        )


@error("event-time", "a time that no clock shows, because the clocks go forward; one that they show twice is a warning")
def event_time(material: Material) -> Iterator[Found]:
    event, zone = _event(material), material.zone
    for name in ("start", "end"):
        moment = getattr(event, name, None)
        if not isinstance(moment, datetime) or moment.tzinfo:
            continue
        line, shown = material.file.line_of("event", name), f"{moment:%H:%M} on {moment:%-d %B %Y}"
        first, second = (moment.replace(tzinfo=zone, fold=fold).utcoffset() for fold in (0, 1))
        if local(moment, zone).replace(tzinfo=None) != moment:
            hint = f"the clocks go forward over it: {local(moment, zone):%H:%M} is what they show instead"
            yield Found(line=line, message=f"there is no {shown} in {zone.key}", hint=hint)
        elif first != second:
            hint = (
                f"the first is meant as it stands; say which: {moment.replace(tzinfo=zone).isoformat(' ', 'minutes')}"
            )
            message = f"{shown} comes twice in {zone.key}, because the clocks go back"
            yield Found(line=line, message=message, hint=hint, severity=Severity.WARNING)


@warning("event-length", "an event that goes on for more than a month")
def event_length(material: Material) -> Iterator[Found]:
    event, zone = _event(material), material.zone
    if event is None or event.end is None:
        return
    length = end_of(event.end, zone) - end_of(event.start, zone)
    if length > _LONG:
        line = material.file.line_of("event", "end")
        yield Found(line=line, message=f"the event takes {length.days} days", hint="correct start or end")


@warning("access-notes", "an invitation that does not say what people need to know who need more than a chair")
def access_notes(material: Material) -> Iterator[Found]:
    event = _event(material)
    if event and not event.access:
        hint = "add access: steps, loops, captions, children; what is missing there is worth saying too"
        yield Found(line=material.file.line_of("event"), message="there are no notes on access", hint=hint)


@warning("programme-time", "a part of the programme that lies outside the event, or before the part above it")
def programme_time(material: Material) -> Iterator[Found]:
    campaign, zone = material.file.campaign, material.zone
    if not isinstance(campaign, EventInvite):
        return
    event, before = campaign.event, None
    first, last = _day(event.start, zone), _day(event.end or event.start, zone)
    sittings = [(day or first, sitting) for day, of_day in campaign.programme for sitting in of_day]
    for number, (day, sitting) in enumerate(sittings):
        if not first <= day <= last:
            line = material.file.line_of("sessions", number, "day")
            yield Found(line=line, message=f"{day:%-d %B %Y} is no day of the event", hint="correct its day")
        if sitting.at is None:
            continue
        line, at = material.file.line_of("sessions", number, "at"), _at(day, sitting.at, event, zone)
        if first <= day <= last and isinstance(event.start, datetime) and not _within(at, event, zone):
            yield Found(line=line, message=f"at {sitting.at} there is no event", hint="correct at, start or end")
        if before is not None and at < before:
            yield Found(line=line, message=f"{sitting.at} comes before the part above it", hint="put them in order")
        before = at


def _at(day: date, clock: str, event: Event, zone: ZoneInfo) -> datetime:
    """The time on `day`; of an event through the night, what is earlier than its start is after midnight."""
    at = datetime.fromisoformat(f"{day} {clock}")
    if not isinstance(event.start, datetime) or not isinstance(event.end, datetime):
        return at
    start, end = (local(moment, zone).replace(tzinfo=None) for moment in (event.start, event.end))
    tomorrow = at + timedelta(days=1)
    return tomorrow if at < start and tomorrow <= end else at


def _within(at: datetime, event: Event, zone: ZoneInfo) -> bool:
    assert isinstance(event.start, datetime)
    assert isinstance(event.end, datetime)
    # Doors may open an hour before.
    opens = local(event.start, zone).replace(tzinfo=None) - timedelta(hours=1)
    return opens <= at <= local(event.end, zone).replace(tzinfo=None)


def _day(moment: date | datetime, zone: ZoneInfo) -> date:
    return local(moment, zone).date() if isinstance(moment, datetime) else moment


RULES = (event_past, event_time, event_length, access_notes, programme_time)
