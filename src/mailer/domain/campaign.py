"""What every campaign file may say, whatever its kind: the typed front matter of `campaigns/SLUG.md`.

A kind is one small file beside this one (`campaign_article.py`, `campaign_appeal.py`): a subclass with its own
fields, registered in `campaign_kinds.py`. Every field has a description; `config schema` and the documentation
live from them.
"""

from datetime import date, datetime
from email.utils import parseaddr
from typing import Annotated, ClassVar
from zoneinfo import ZoneInfo

from pydantic import Field, model_validator

from mailer.domain.campaign_parts import PullQuote
from mailer.domain.campaign_schedule import Schedule
from mailer.domain.campaign_types import (
    ITEMS,
    Day,
    Language,
    Model,
    Moment,
    Off,
    Sender,
    Slug,
    TemplateName,
    Text,
    Url,
    Zone,
    end_of,
)


class Image(Model):
    """A picture with what people who do not see it, and its maker, are owed."""

    src: Text = Field(description="file, relative to the campaign or to the project")
    alt: str = Field(description='what it shows, for people who do not see it; "" if it only decorates')
    caption: Text | None = Field(None, description="stands below it")
    credit: Text | None = Field(None, description="who made it")
    link: Url | None = Field(None, description="where it leads")


class Waiver(Model):
    """A finding of `check` that is accepted here, by name, for a reason."""

    rule: Text = Field(description="the rule's id, as `check` prints it")
    reason: Text = Field(description="why it is right here")
    until: Day | None = Field(None, description="the last day on which it is waived")


class Campaign(Model):
    """The fields that every kind has."""

    #: What `kind:` says in a file of this class.
    name: ClassVar[str] = ""

    kind: Slug = Field(description="what this is: one of the kinds below")
    subject: Text = Field(description="the Subject of the mail; a template")
    preheader: Text | None = Field(None, description="the line that inboxes show after the subject; a template")
    headline: Text = Field(description="the one heading of the first rank")
    list: Slug | None = Field(None, description="the list it goes to; default: subscribers.default_list")
    audience: Slug | None = Field(None, description="a segment that narrows the list; default: everyone on it")
    exclude: Slug | None = Field(None, description="a segment that is left out")
    kicker: Text | None = Field(None, description="a few words above the headline: the series, the section")
    standfirst: Text | None = Field(None, description="the opening paragraph that sums it up; inline Markdown")
    byline: Text | None = Field(None, description="who wrote it")
    image: Image | None = Field(None, description="the picture at its top")
    pull_quote: PullQuote | None = Field(None, description="a sentence of the body, set large")
    topics: Annotated[tuple[Slug, ...], ITEMS] = Field((), description="what it is about; digests collect by topic")
    published: Day | None = Field(None, description="the day it came out, if it was never mailed: digests take it up")
    send_by: Moment | None = Field(
        None, description="nobody is mailed after this; default: the end of the campaign's own deadline"
    )
    language: Language | None = Field(None, description="default: project.language")
    timezone: Zone | None = Field(None, description="where dates and times are read; default: project.timezone")
    sender: Sender | None = Field(
        None, alias="from", description="who it comes from: News desk <news@example.org>; default: the organisation"
    )
    reply_to: Sender | None = Field(None, description="where answers go; default: organisation.reply_to")
    template: TemplateName | None = Field(None, description="the template pair; default: that of the kind")
    schedule: Schedule | None = Field(None, description="when it should go out; `schedule add` arms it")
    first_published: Text | None = Field(None, description="where it appeared first; inline Markdown")
    canonical_url: Url | None = Field(None, description="the address of the first publication")
    author_note: Text | None = Field(None, description="who the author is, below the text; inline Markdown")
    tracking: Off = Field(default=False, description="always false: readers are not watched")
    election_material: bool = Field(default=False, description="true: the footer carries the promoter's imprint")
    waive: Annotated[tuple[Waiver, ...], ITEMS] = Field((), description="findings of `check` that are accepted here")

    @model_validator(mode="after")
    def _kind_matches(self) -> "Campaign":
        assert self.kind == self.name
        return self

    @property
    def sender_name(self) -> str:
        return parseaddr(self.sender)[0] if self.sender else ""

    @property
    def sender_address(self) -> str:
        return parseaddr(self.sender)[1] if self.sender else ""

    def deadline(self) -> date | datetime | None:
        """The moment after which the campaign itself makes no sense any more; kinds say."""
        return None

    def send_until(self, zone: ZoneInfo) -> datetime | None:
        """The instant after which nobody is mailed any more: `send_by`, else the end of the campaign's own deadline."""
        moment = self.send_by or self.deadline()
        return end_of(moment, zone) if moment else None
