"""The kind `article`: a piece to be read, with a picture, a pull quote and a note on its author."""

from datetime import date, datetime
from typing import ClassVar, Literal

from pydantic import Field

from mailer.domain.campaign import Campaign
from mailer.domain.campaign_fund import Fund


class Article(Campaign):
    """A piece to be read."""

    name: ClassVar[str] = "article"

    kind: Literal["article"] = Field(description="article")
    fund: Fund | None = Field(None, description="an appeal below the article")

    def deadline(self) -> date | datetime | None:
        return None  # an article outlives the appeal below it
