"""`petition` in templates: what people sign, and the figures."""

from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from mailer.domain.campaign import Campaign
from mailer.domain.campaign_petition import Petition, SignatureFigures
from mailer.domain.count import Count


@dataclass(frozen=True, slots=True, kw_only=True)
class PetitionView:
    """Counts print with their thousands apart; `.number` is for comparing. `state` is the value of a `State`."""

    title: str
    statement: tuple[str, ...]  #: its paragraphs
    demands: tuple[str, ...]
    target: str
    sign_url: str
    consent_note: str | None
    signed: Count
    goal: Count | None
    to_go: Count | None
    percent: int | None
    as_of: date
    deadline: date | None
    days_left: int | None
    state: str


def petition_view(campaign: Campaign, now: datetime, zone: ZoneInfo) -> PetitionView | None:
    petition: Petition | None = getattr(campaign, "petition", None)
    if petition is None:
        return None
    figures = petition.figures(now, zone)
    shown = {name: getattr(figures, name) for name in SignatureFigures.__slots__}
    return PetitionView(
        title=petition.title, statement=petition.paragraphs, demands=petition.demands, target=petition.target,
        sign_url=petition.sign_url, consent_note=petition.consent_note, **shown | {"state": figures.state.value},
    )  # fmt: skip
