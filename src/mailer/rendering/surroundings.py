"""What a campaign is compiled in, beside its own file."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from mailer.domain.campaign_file import CampaignFile
from mailer.domain.digest import Issue
from mailer.settings import Settings


def nothing_new(_digest: CampaignFile) -> Issue:
    """For whoever compiles no digests."""
    return Issue()


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """now: for all that depends on the clock. known_attributes: those that any subscriber has; None when nobody can be asked.

    issue_of: what a digest would hold now; the same answer however often it is asked.
    """

    settings: Settings
    now: datetime
    known_attributes: frozenset[str] | None = None
    issue_of: Callable[[CampaignFile], Issue] = nothing_new
