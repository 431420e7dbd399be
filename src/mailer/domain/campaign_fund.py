"""A fund: what an author writes down, and the figures that follow from it and the clock. Nobody types a remainder."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import Field, model_validator

from mailer.domain.campaign_progress import State, days_until, percent_of, require_order, state_of
from mailer.domain.campaign_types import ITEMS, Amount, Currency, Model, Moment, Text, Url, day_of, wrong
from mailer.domain.money import Money


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What a fund stands at on one day.

    raised + needed = target until the target is reached; then needed is nothing. percent and days_left: see
    `campaign_progress`.
    """

    target: Money
    raised: Money
    needed: Money
    percent: int
    as_of: date
    deadline: date | None
    days_left: int | None
    state: State


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
            raise wrong("the target is nothing", "write what is being asked for in all", key="target")
        require_order(self.as_of, self.deadline)
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
            percent=percent_of(raised, self.target),
            as_of=day_of(self.as_of, zone),
            deadline=deadline,
            days_left=days_until(deadline, today),
            state=state_of(raised, self.target, deadline=deadline, today=today),
        )

    def money(self, amount: Decimal) -> Money:
        return Money(amount, self.currency)
