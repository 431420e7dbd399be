"""Rules about when a campaign proposes to go out."""

from collections.abc import Iterator
from zoneinfo import ZoneInfo

from mailer.domain.campaign_event_invite import EventInvite
from mailer.domain.campaign_types import end_of
from mailer.domain.schedule import resolve
from mailer.rendering.lints.rule import Found, Material, warning


@warning("schedule-late", "a schedule that proposes a time after the campaign's own deadline: it could not be armed")
def schedule_late(material: Material) -> Iterator[Found]:
    campaign, planned = material.file.campaign, material.file.campaign.schedule
    until = campaign.send_until(material.zone)
    of_event = isinstance(campaign, EventInvite) and campaign.send_by is None  # event-past knows more of those
    if planned is None or planned.at is None or until is None or of_event:
        return
    if end_of(planned.at, _zone(material)) > until:
        yield Found(
            line=material.file.line_of("schedule", "at"),
            message=f"it would go out after {until:%-d %B %Y %H:%M}, when it is stale",
            hint="propose an earlier time, or move send_by or the deadline",
        )


@warning("schedule-time", "a schedule that proposes a time which clocks skip, or show twice, because they change")
def schedule_time(material: Material) -> Iterator[Found]:
    planned, zone = material.file.campaign.schedule, _zone(material)
    if planned is None or planned.at is None or planned.at.tzinfo is not None:
        return
    shown = resolve(planned.at, zone).astimezone(zone)
    line, said = material.file.line_of("schedule", "at"), f"{planned.at:%H:%M} on {planned.at:%-d %B %Y}"
    if shown.replace(tzinfo=None) != planned.at:
        message = f"no clock in {zone.key} shows {said}: it would go out at {shown:%H:%M}"
        yield Found(line=line, message=message, hint="choose another time")
    elif planned.at.replace(tzinfo=zone, fold=1).utcoffset() != shown.utcoffset():
        message = f"clocks in {zone.key} show {said} twice: it would go out the first time"
        yield Found(line=line, message=message, hint="choose another time, or write it with its offset: +00:00")


def _zone(material: Material) -> ZoneInfo:
    """Where the schedule's times are read."""
    planned = material.file.campaign.schedule
    return ZoneInfo(planned.timezone) if planned is not None and planned.timezone else material.zone


RULES = (schedule_late, schedule_time)
