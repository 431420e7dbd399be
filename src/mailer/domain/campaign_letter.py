"""The kind `letter`: a named person writes to another, signs, and asks for one thing at most."""

from typing import ClassVar, Literal

from pydantic import Field

from mailer.domain.campaign import Campaign
from mailer.domain.campaign_types import Model, Text, Url


class Writer(Model):
    """Who writes, and signs."""

    name: Text = Field(description="as it stands below the letter")
    role: Text | None = Field(None, description="what they are: membership secretary")


class Action(Model):
    """The one thing that is asked for."""

    label: Text = Field(description="what the button says: Renew your membership")
    url: Url = Field(description="where it leads")


class Letter(Campaign):
    """A letter from a person."""

    name: ClassVar[str] = "letter"

    kind: Literal["letter"] = Field(description="letter")
    writer: Writer = Field(description="who writes, and signs")
    action: Action | None = Field(None, description="the one thing that is asked for: a button below the text")
    sign_off: Text | None = Field(None, description="the words before the name; default: With best wishes,")
    ps: Text | None = Field(None, description="what comes after the name; inline Markdown")
