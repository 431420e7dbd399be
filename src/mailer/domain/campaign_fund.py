"""A fund: what an author writes down, and the figures that follow from it and the clock. Nobody types a remainder."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import Field, model_validator

from mailer.domain.campaign_types import ITEMS, Amount, Currency, Model, Moment, Text, Url, day_of, wrong
from mailer.domain.money import Money


class FundState(StrEnum):
    RUNNING = "running"
    LAST_DAY = "last_day"  #: the deadline is today
    TARGET_PASSED = "target_passed"  #: all that was asked for is there, and the deadline has not passed
    ENDED = "ended"  #: the deadline has passed


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What a fund stands at on one day.

    raised + needed = target until the target is passed; then needed is nothing. percent: whole, rounded down, over 100
    once passed. days_left: whole days after today until the deadline; 0 on the last day and afterwards, None without one.
    """

    target: Money
    raised: Money
    needed: Money
    percent: int
    as_of: date
    deadline: date | None
    days_left: int | None
    state: FundState


class Fund(Model):
    """Money that is being raised."""

    name: Text = Field(description="what it is called: Fighting fund")
    currency: Currency = Field("GBP", description="ISO 4217 code")
    target: Amount = Field(description="what is being asked for in all")
    raised: Amount | None = Field(None, description="what is there; or name a ledger")
    ledger: Text | None = Field(None, description="CSV of gifts with the columns date and amount: raised is their sum")
    as_of: Moment = Field(description="when that was true")
    deadline: Moment | None = Field(None, description="the last day")
    donate_url: Url = Field(description="where people give")
    asks: Annotated[tuple[Amount, ...], ITEMS] = Field((), description="amounts to offer as buttons")
    if_over: Text | None = Field(None, description="what happens with money beyond the target")
    if_under: Text | None = Field(None, description="what happens if the target is missed")

    @model_validator(mode="after")
    def _consistent(self) -> "Fund":
        if (self.raised is None) == (self.ledger is None):
            raise wrong('a fund has either "raised" or a "ledger"', "keep one of them")
        if self.target == 0:
            raise wrong("the target is nothing", "write what is being asked for in all")
        utc = ZoneInfo("UTC")
        if self.deadline and day_of(self.as_of, utc) > day_of(self.deadline, utc):
            raise wrong("as_of is later than the deadline", "correct one of them")
        return self

    def figures(self, now: datetime, zone: ZoneInfo) -> Figures:
        """What the fund stands at `now`, as a reader in `zone` counts days."""
        raised = self.raised or Decimal(0)
        today = now.astimezone(zone).date()
        deadline = day_of(self.deadline, zone) if self.deadline else None
        return Figures(
            target=self.money(self.target),
            raised=self.money(raised),
            needed=self.money(max(self.target - raised, Decimal(0))),
            percent=int(raised * 100 / self.target),
            as_of=day_of(self.as_of, zone),
            deadline=deadline,
            days_left=max((deadline - today).days, 0) if deadline else None,
            state=self._state(raised, today, deadline),
        )

    def _state(self, raised: Decimal, today: date, deadline: date | None) -> FundState:
        if deadline and today > deadline:
            return FundState.ENDED
        if raised >= self.target:
            return FundState.TARGET_PASSED
        return FundState.LAST_DAY if today == deadline else FundState.RUNNING

    def money(self, amount: Decimal) -> Money:
        return Money(amount, self.currency)
