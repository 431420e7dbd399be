"""Campaigns as items of a digest: those that were mailed, or that their file says were published.

A candidate has a mailing, or `published:` in its file. A campaign that was mailed stays an item whatever becomes of its
file: then the mailing says what it was called. One that cannot be taken up is left out with a note, and never holds up the
issue.
"""

import re
from collections.abc import Iterator
from datetime import date, datetime, time
from pathlib import Path
from zoneinfo import ZoneInfo

from mailer.domain.campaign_digest import Collect
from mailer.domain.campaign_file import CampaignFile
from mailer.domain.digest import DIGEST, ITEM_RULE, Item, ItemPicture, Mailed, Records, campaign_key
from mailer.domain.feed import link_name, page_name
from mailer.domain.left_out import LeftOut, Why
from mailer.errors import InputProblems, Problem, Severity, UnknownName
from mailer.sources.campaign_files import read_campaign
from mailer.sources.campaign_slugs import FOLDER, campaign_slugs

#: Most campaigns are only mailed; their files need not be read to see that they say nothing of being published.
_PUBLISHED = re.compile(rb"^published\s*:", re.MULTILINE)


class CampaignItems:
    """One look through a project; `notes` and `left_out` fill while `items` runs."""

    def __init__(self, digest: CampaignFile, wanted: Collect, records: Records, today: date, zone: ZoneInfo) -> None:
        self._digest, self._wanted, self._records = digest, wanted, records
        self._today, self._zone = today, zone
        self.notes: list[Problem] = []
        self.left_out: list[LeftOut] = []

    def _left_out(self, key: str, headline: str, why: Why, detail: str = "") -> None:
        self.left_out.append(LeftOut(key=key, headline=headline, why=why, detail=detail))

    def items(self) -> Iterator[Item]:
        root = self._digest.root
        published = {slug for slug in campaign_slugs(root) if _says_published(root / FOLDER / f"{slug}.md")}
        for slug in sorted((self._records.mailed.keys() | published) - {self._digest.slug}):
            mailed, key = self._records.mailed.get(slug), campaign_key(slug)
            if not self._records.is_due(key):
                self._left_out(key, mailed.title if mailed else slug, self._records.why_not(key))
                continue
            item = self._from_file(slug, mailed)
            if item is not None:
                yield item

    def _from_file(self, slug: str, mailed: Mailed | None) -> Item | None:
        try:
            read = read_campaign(self._digest.root, slug)
        except UnknownName:
            return self._from_mailing(slug, mailed)
        except InputProblems as error:
            first = error.problems[0]
            left_out = "" if mailed else ": it is left out"
            self._note(first.file, first.line, f"this file has errors ({first.message}){left_out}", first.hint)
            if mailed is None:
                self._left_out(campaign_key(slug), slug, Why.BROKEN, first.message)
            return self._from_mailing(slug, mailed, is_told=True)
        why = self._why_unwanted(read.campaign.kind, read.campaign.topics)
        if why is not None:
            self._left_out(campaign_key(slug), read.campaign.headline, why)
            return None
        at = mailed.at if mailed else self._published(read)
        return None if at is None else _item(read, at, self._zone, mailed=mailed)

    def _from_mailing(self, slug: str, mailed: Mailed | None, *, is_told: bool = False) -> Item | None:
        """What is left of a campaign that has no readable file: of its topics nothing is known."""
        if mailed is None:
            return None
        why = self._why_unwanted(mailed.kind, self._wanted.topics)
        if why is not None:
            self._left_out(campaign_key(slug), mailed.title, why)
            return None
        name = f"{FOLDER}/{slug}.md"
        if not is_told:
            known = (
                "its item is its headline alone" if not self._wanted.topics else "it is left out, its topics unknown"
            )
            self._note(name, None, f"this was mailed, and its file is gone: {known}", "")
        if self._wanted.topics:
            self._left_out(campaign_key(slug), mailed.title, Why.TOPIC, "its file is gone, and nothing says its topics")
            return None
        day = mailed.at.astimezone(self._zone).date()
        return Item(
            key=campaign_key(slug), slug=slug, kind=mailed.kind, headline=mailed.title, at=mailed.at, day=day, file=name,
            mailings=mailed.mailings,
        )  # fmt: skip

    def _published(self, read: CampaignFile) -> datetime | None:
        """The beginning of the day on which it came out; None when that says nothing to readers of today."""
        day, line = read.campaign.published, read.line_of("published")
        if day is None:  # the line that looked like it stood in the body
            return None
        if day > self._today:
            message = f"this comes out on {day:%-d %B %Y}: until then {self._digest.slug} leaves it out"
            self._note(read.name, line, message, "")
            self._left_out(campaign_key(read.slug), read.campaign.headline, Why.LATER, f"on {day:%-d %B %Y}")
        elif read.campaign.canonical_url is None:
            message = f"this is published, and {self._digest.slug} has no page to lead to: it is left out"
            self._note(read.name, line, message, "add canonical_url, or mail it: then it has a public page")
            self._left_out(campaign_key(read.slug), read.campaign.headline, Why.NO_PAGE)
        else:
            return datetime.combine(day, time(), tzinfo=self._zone)
        return None

    def _why_unwanted(self, kind: str, topics: tuple[str, ...]) -> Why | None:
        """None for what the digest collects."""
        wanted = self._wanted
        if kind == DIGEST or (wanted.kinds and kind not in wanted.kinds):
            return Why.KIND
        return Why.TOPIC if wanted.topics and not set(topics) & set(wanted.topics) else None

    def _note(self, file: str, line: int | None, message: str, hint: str) -> None:
        self.notes.append(
            Problem(rule=ITEM_RULE, severity=Severity.WARNING, file=file, line=line, message=message, hint=hint)
        )


def _says_published(path: Path) -> bool:
    try:
        return _PUBLISHED.search(path.read_bytes()) is not None
    except OSError:  # a folder, or not ours to read: `check` says so
        return False


def _item(read: CampaignFile, at: datetime, zone: ZoneInfo, *, mailed: Mailed | None) -> Item:
    campaign, image, page = read.campaign, read.campaign.image, read.campaign.canonical_url
    return Item(
        key=campaign_key(read.slug),
        slug=read.slug,
        kind=campaign.kind,
        headline=campaign.headline,
        at=at,
        day=at.astimezone(zone).date(),
        file=read.name,
        kicker=campaign.kicker,
        standfirst=campaign.standfirst,
        picture=ItemPicture(src=image.src, alt=image.alt, credit=image.credit) if image else None,
        topics=campaign.topics,
        mailings=mailed.mailings if mailed else (),
        address=None if mailed else page,
        standfirst_line=read.line_of("standfirst"),
        picture_line=read.line_of("image", "src"),
        traces=(page_name(page),) if page else (),
        twins=(link_name(page),) if page else (),
    )
