"""The kind `event_invite`: people are asked to come to something, at a time and in a place or online.

Times without a zone are those of clocks in the campaign's `timezone`: which instants they are is decided where the zone
is known (`rendering/views/when.py`). What is wrong whatever the zone may be is refused here.
"""

from datetime import date, datetime
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, ValidationInfo, field_validator, model_validator

from mailer.domain.campaign import Campaign
from mailer.domain.campaign_parts import Session
from mailer.domain.campaign_types import ITEMS, Day, Model, Moment, Text, Url, wrong


class Venue(Model):
    """A place that people can go to."""

    name: Text = Field(description="what it is called: The Old Printworks")
    address: Text | None = Field(None, description="where it stands, as one would tell a taxi")
    url: Url | None = Field(None, description="how to get there: a map, a page of directions")


class Online(Model):
    """A place that people can be in from anywhere."""

    url: Url = Field(description="where one joins")
    note: Text | None = Field(None, description="what one needs, or gets: captions, a recording afterwards")


class Event(Model):
    """What people are asked to come to."""

    name: Text = Field(description="what calendars call it: Winter meeting of the Network")
    start: Moment = Field(description="when it begins: 2024-12-05 18:30, or a day alone if it takes all day")
    end: Moment | None = Field(
        None,
        validate_default=True,
        description="when it is over: a time if start has one; of whole days the last, if there are several",
    )
    place: Venue | None = Field(None, description="where people meet")
    online: Online | None = Field(None, description="how people take part from afar")
    access: Annotated[tuple[Text, ...], ITEMS] = Field(
        (), description="what people need to know who need more than a chair: steps, loops, captions, children"
    )
    cost: Text | None = Field(None, description="what it costs: Free, with a collection")
    rsvp_url: Url | None = Field(None, description="where one signs up; without it the button adds it to a calendar")

    @field_validator("end")
    @classmethod
    def _after_the_start(cls, end: date | datetime | None, info: ValidationInfo) -> date | datetime | None:
        start = info.data.get("start")
        if start is not None:
            _ordered(start, end)
        return end

    @model_validator(mode="after")
    def _somewhere(self) -> "Event":
        if self.place is None and self.online is None:
            raise wrong('an event is somewhere: it has neither "place" nor "online"', "add one of them, or both")
        return self


def _ordered(start: date | datetime, end: date | datetime | None) -> None:
    """Refuse an end that cannot be that of `start`."""
    if isinstance(start, datetime) and end is None:
        raise wrong("the event has no end", "people plan their way home by it: end: 2024-12-05 20:30")
    if end is None:
        return
    if isinstance(start, datetime) != isinstance(end, datetime):
        raise wrong("one of start and end has a time, the other has none", "write both with a time, or both without")
    later: Any = end
    if isinstance(start, datetime) and (start.tzinfo is None) != (later.tzinfo is None):
        raise wrong("one of start and end has a zone, the other has none", "write both with one, or both without")
    if later < start:
        raise wrong("the event ends before it begins", "correct start or end")
    if isinstance(start, datetime) and later == start:
        raise wrong("the event ends when it begins", "correct start or end")


class Sitting(Session):
    """A part of the event; of one that takes several days, a part of one of them."""

    day: Day | None = Field(
        None, description="on which day, if the event takes several; default: that of the one above"
    )


class EventInvite(Campaign):
    """People are asked to come to something."""

    name: ClassVar[str] = "event_invite"

    kind: Literal["event_invite"] = Field(description="event_invite")
    event: Event = Field(description="what people are asked to come to")
    sessions: Annotated[tuple[Sitting, ...], ITEMS] = Field((), description="its programme, in order")

    @property
    def programme(self) -> tuple[tuple[date | None, tuple[Sitting, ...]], ...]:
        """The sessions by day, in order; one that names no day is on that of the one above it."""
        days: list[tuple[date | None, tuple[Sitting, ...]]] = []
        for sitting in self.sessions:
            if days and sitting.day in (None, days[-1][0]):
                days[-1] = (days[-1][0], (*days[-1][1], sitting))
            else:
                days.append((sitting.day, (sitting,)))
        return tuple(days)

    def deadline(self) -> date | datetime | None:
        """Nobody is invited to what has begun; `send_by` can say otherwise."""
        return self.event.start
