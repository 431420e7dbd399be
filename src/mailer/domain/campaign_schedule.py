"""When a campaign's file proposes that it goes out, read by the same parsers as the command line, and refused in their words."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, WithJsonSchema, model_validator

from mailer.domain.campaign_types import Day, Model, Text, Time, Zone, as_typed, wrong, wrong_as_typed
from mailer.domain.recurrence import Rule, parse_cron, parse_every
from mailer.domain.time_words import hours, length
from mailer.domain.wish import Wish
from mailer.errors import UsageError

_ANY_TIME = datetime(2024, 1, 1, tzinfo=UTC)


def _words(read: Callable[[str], Any], *examples: str) -> tuple[Any, ...]:
    """Text that the command line reads too, by the same parser."""
    return BeforeValidator(as_typed(read)), WithJsonSchema({"type": "string", "examples": list(examples)})


def _every(text: str) -> Rule:
    return parse_every(text, anchor=_ANY_TIME)


class Proof(Model):
    """The issue, as it will go out, for the organisers to look at."""

    before: Annotated[Text, *_words(length, "16h", "2d")] = Field(
        description="so long before its time the issue is mailed to the organisers: 16h"
    )


class Schedule(Model):
    """A proposal only: nothing is armed by saving a file."""

    at: Time | None = Field(None, description="once: 2024-11-22 09:00")
    every: Annotated[Text, *_words(_every, "fri 09:00", "monthly last fri 09:00")] | None = Field(
        None, description='again and again, in words: "fri 09:00", "monthly last fri 09:00", "every 2 weeks mon 18:30"'
    )
    cron: Annotated[Text, *_words(parse_cron, "0 9 * * fri")] | None = Field(
        None, description='again and again, as a crontab line: "0 9 * * fri"'
    )
    timezone: Zone | None = Field(None, description="where these times are read; default: the campaign's")
    until: Day | None = Field(None, description="the last day on which it may fire")
    catch_up: Literal["latest", "skip", "all"] | None = Field(
        None, description="what becomes of occurrences missed while nothing ran: latest (the default), skip, all"
    )
    window: Annotated[Text, *_words(hours, "08:00-20:00")] | None = Field(
        None, description="hours in which it may go out: 08:00-20:00"
    )
    proof: Proof | None = Field(None, description="mail the issue to the organisers before it goes out")

    @property
    def wish(self) -> Wish:
        """The same as if it had been typed."""
        return Wish(
            at=self.at.isoformat() if self.at else None,
            every=self.every,
            cron=self.cron,
            timezone=self.timezone,
            until=self.until.isoformat() if self.until else None,
            window=self.window,
            catch_up=self.catch_up,
            proof=self.proof.before if self.proof else None,
        )

    @model_validator(mode="after")
    def _can_be(self) -> "Schedule":
        if not self.wish.says_when:
            raise wrong("a schedule says when", "add at, every or cron")
        try:
            self.wish.refuse_contradictions()
        except UsageError as error:
            raise wrong_as_typed(error) from None
        return self
