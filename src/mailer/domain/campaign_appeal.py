"""The kind `appeal`: money is being raised, with a target, figures as of a day, and what happens over or under it."""

from datetime import date, datetime
from typing import ClassVar, Literal

from pydantic import Field

from mailer.domain.campaign import Campaign
from mailer.domain.campaign_fund import Fund
from mailer.domain.campaign_types import Model, Text, Url


class ShareOffer(Model):
    """Membership of a co-operative by buying shares: an offer with a risk, apart from the gift."""

    society: Text = Field(description="the society whose shares these are")
    what: Text = Field(description="what a share buys")
    risk: Text = Field(description="the sentence on what may be lost")
    url: Url = Field(description="where the offer stands in full")


class Appeal(Campaign):
    """Money is being raised."""

    name: ClassVar[str] = "appeal"

    kind: Literal["appeal"] = Field(description="appeal")
    fund: Fund = Field(description="what is being raised")
    share_offer: ShareOffer | None = Field(None, description="membership by buying shares")

    def deadline(self) -> date | datetime | None:
        return self.fund.deadline
