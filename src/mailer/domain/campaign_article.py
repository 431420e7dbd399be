"""The kind `article`: a piece to be read, with a picture, a pull quote and a note on its author."""

from datetime import date, datetime
from typing import ClassVar, Literal

from pydantic import Field

from mailer.domain.campaign import Campaign
from mailer.domain.campaign_fund import Fund
from mailer.domain.campaign_types import Model, Text


class PullQuote(Model):
    """A sentence of the body, set large. It is taken from there, so the two can never differ."""

    begins: Text = Field(alias="from", description="the first words of the sentence, exactly as the body has them")
    by: Text | None = Field(None, description="who says it; nobody if the article itself does")
    role: Text | None = Field(None, description="who that is")


class Article(Campaign):
    """A piece to be read."""

    name: ClassVar[str] = "article"

    kind: Literal["article"] = Field(description="article")
    pull_quote: PullQuote | None = Field(None, description="a sentence of the body, set large")
    fund: Fund | None = Field(None, description="an appeal below the article")

    def deadline(self) -> date | datetime | None:
        return None  # an article outlives the appeal below it
