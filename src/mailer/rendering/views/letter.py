"""`letter` in templates: what a letter has at its head."""

from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from mailer.domain.campaign import Campaign
from mailer.domain.campaign_letter import Letter


@dataclass(frozen=True, slots=True, kw_only=True)
class LetterView:
    """date: the day on which it is written; of a letter that came out before, that day."""

    date: date


def letter_view(campaign: Campaign, now: datetime, zone: ZoneInfo) -> LetterView | None:
    if not isinstance(campaign, Letter):
        return None
    return LetterView(date=campaign.published or now.astimezone(zone).date())
