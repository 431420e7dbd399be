"""The kind `petition`: a statement that people put their names to, and how many have done so.

An author writes how many had signed on a day; what is still to go, the percentage and the days left follow from that and
the clock.
"""

import re
from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Any, ClassVar, Literal
from zoneinfo import ZoneInfo

from pydantic import BeforeValidator, Field, WithJsonSchema, model_validator

from mailer.domain.campaign import Campaign
from mailer.domain.campaign_parts import Video
from mailer.domain.campaign_progress import State, days_until, percent_of, require_order, state_of
from mailer.domain.campaign_types import ITEMS, Model, Moment, Text, Url, day_of, wrong
from mailer.domain.count import Count, parse_count


@dataclass(frozen=True, slots=True, kw_only=True)
class SignatureFigures:
    """What a petition stands at on one day.

    signed + to_go = goal until the goal is reached; then nothing is to go. goal, to_go and percent are None without a goal.
    percent and days_left: see `campaign_progress`.
    """

    signed: Count
    goal: Count | None
    to_go: Count | None
    percent: int | None
    as_of: date
    deadline: date | None
    days_left: int | None
    state: State


def _signatures(value: Any) -> Any:
    count = parse_count(str(value)) if isinstance(value, int | str) else None
    if count is None or count.number is None or count.qualifier:
        raise wrong(f'"{value}" is not a number of signatures', "they are counted: write the figure alone, 1204")
    return count.number


Signatures = Annotated[
    int, BeforeValidator(_signatures), WithJsonSchema({"type": ["integer", "string"], "description": "1204 or 1,204"})
]


class Petition(Model):
    """What people sign, and how many have."""

    title: Text = Field(description="what the statement is called")
    statement: Text = Field(description="its text; an empty line between paragraphs")
    demands: Annotated[tuple[Text, ...], ITEMS] = Field((), description="what it calls for, one by one")
    target: Text = Field(description="whom it is addressed to: the Foreign Secretary")
    sign_url: Url = Field(description="where people sign")
    signed: Signatures = Field(description="how many have signed")
    goal: Signatures | None = Field(None, description="how many signatures are wanted")
    as_of: Moment = Field(description="when that many had signed")
    deadline: Moment | None = Field(None, description="the last day to sign")
    consent_note: Text | None = Field(
        None, description="what becomes of a signature, and that it joins nobody to a list"
    )

    @model_validator(mode="after")
    def _consistent(self) -> "Petition":
        if self.goal == 0:
            hint = "write how many signatures are wanted, or leave the line out"
            raise wrong("the goal is nothing", hint, key="goal")
        require_order(self.as_of, self.deadline)
        return self

    @property
    def paragraphs(self) -> tuple[str, ...]:
        """The statement's, each on one line."""
        return tuple(" ".join(part.split()) for part in re.split(r"\n\s*\n", self.statement))

    def figures(self, now: datetime, zone: ZoneInfo) -> SignatureFigures:
        """What the petition stands at `now`, as a reader in `zone` counts days."""
        today = now.astimezone(zone).date()
        deadline = day_of(self.deadline, zone) if self.deadline else None
        to_go = None if self.goal is None else max(self.goal - self.signed, 0)
        return SignatureFigures(
            signed=Count(number=self.signed),
            goal=None if self.goal is None else Count(number=self.goal),
            to_go=None if to_go is None else Count(number=to_go),
            percent=percent_of(self.signed, self.goal) if self.goal else None,
            as_of=day_of(self.as_of, zone),
            deadline=deadline,
            days_left=days_until(deadline, today),
            state=state_of(self.signed, self.goal, deadline=deadline, today=today),
        )


class PetitionLetter(Campaign):
    """People are asked to sign; the body may report how the statement came about."""

    name: ClassVar[str] = "petition"

    kind: Literal["petition"] = Field(description="petition")
    petition: Petition = Field(description="what people sign")
    video: Video | None = Field(None, description="a recording that goes with it")

    def deadline(self) -> date | datetime | None:
        return self.petition.deadline
