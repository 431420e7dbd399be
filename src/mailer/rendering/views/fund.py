"""`fund` in templates: the figures, and what the author says beside them."""

from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from mailer.domain.campaign import Campaign
from mailer.domain.campaign_fund import Figures, Fund
from mailer.domain.money import Money


@dataclass(frozen=True, slots=True, kw_only=True)
class FundView:
    """Amounts print as people write them; `state` is the value of a `FundState`."""

    name: str
    donate_url: str
    asks: tuple[Money, ...]
    if_over: str | None
    if_under: str | None
    target: Money
    raised: Money
    needed: Money
    percent: int
    as_of: date
    deadline: date | None
    days_left: int | None
    state: str


def fund_view(campaign: Campaign, now: datetime, zone: ZoneInfo) -> FundView | None:
    fund: Fund | None = getattr(campaign, "fund", None)
    if fund is None:
        return None
    figures = fund.figures(now, zone)
    shown = {name: getattr(figures, name) for name in Figures.__slots__}
    return FundView(
        name=fund.name, donate_url=fund.donate_url, asks=tuple(fund.money(ask) for ask in fund.asks),
        if_over=fund.if_over, if_under=fund.if_under, **shown | {"state": figures.state.value},
    )  # fmt: skip
