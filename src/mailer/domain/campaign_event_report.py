"""The kind `event_report`: what came of a conference, a rally, a meeting.

The fields hold what is on record: when, where, how many, who spoke and who is thanked. What was said there, and
what it means, is the body's.
"""

from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator, Field

from mailer.domain.campaign import Campaign
from mailer.domain.campaign_parts import Session, Video
from mailer.domain.campaign_types import ITEMS, Model, PartialDay, Tally, Text, wrong
from mailer.domain.count import Count


def _some(count: Count) -> Count:
    if count.number == 0:
        raise wrong("there is nothing to report of 0", "correct the number, or leave the line out")
    return count


#: How many there were, if there were any.
Some = Annotated[Tally, AfterValidator(_some)]


class ReportedEvent(Model):
    """What is on record of an event. Counts are as sure as their words: 22, nearly 300, hundreds."""

    name: Text = Field(description="what it was: Latin America Conference")
    date: PartialDay = Field(description="the day, or as much of it as is known: 2024-01-27, 2024-01, 2024")
    venue: Text | None = Field(None, description="where it was: Hamilton House, London")
    host: Text | None = Field(None, description="whose doors were open: the union, the branch")
    attendance: Some | None = Field(None, description="how many came: nearly 300")
    speakers: Some | None = Field(None, description="how many spoke: more than 60")
    seminars: Some | None = Field(None, description="how many seminars there were: 22")
    seminars_called: Text | None = Field(None, description="what they were, if not seminars: workshops and films")


class SpecialThanks(Model):
    """Without whom not."""

    to: Text = Field(description="who: the National Education Union")
    why: Text | None = Field(None, description="a sentence: They gave us their house for the day.")


class EventReport(Campaign):
    """What came of an event."""

    name: ClassVar[str] = "event_report"

    kind: Literal["event_report"] = Field(description="event_report")
    event: ReportedEvent = Field(description="what is on record")
    sessions: Annotated[tuple[Session, ...], ITEMS] = Field((), description="its parts, with who chaired and spoke")
    video: Video | None = Field(None, description="a recording")
    thanks: Annotated[tuple[Text, ...], ITEMS] = Field((), description="who is thanked: the volunteers")
    special_thanks: SpecialThanks | None = Field(None, description="who is thanked above all")
