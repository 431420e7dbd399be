"""Collects what a digest would hold: campaigns that were mailed, or that their file says were published, and feeds.

A candidate has a mailing, or `published:` in its file. `collect` narrows by kind and topic; other digests are never
candidates. What an earlier issue carried is not new. The order is newest first, by when something was mailed or came
out. A campaign that was mailed stays an item whatever becomes of its file: then the mailing says what it was called. One
that cannot be taken up is left out with a note, and never holds up the issue.
"""

import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from mailer.domain.campaign_digest import Collect, Digest
from mailer.domain.campaign_file import CampaignFile
from mailer.domain.digest import DIGEST, ITEM_RULE, Issue, Item, ItemPicture, Mailed, Reach, Records, campaign_key
from mailer.domain.feed import feed_prefix, link_name, page_name
from mailer.domain.hold_over import chosen
from mailer.domain.left_out import LeftOut, Why
from mailer.errors import InputProblems, Problem, Severity, UnknownName
from mailer.sources.campaign_files import FOLDER, campaign_slugs, read_campaign
from mailer.sources.feed_items import feed_items, feed_notes

#: Most campaigns are only mailed; their files need not be read to see that they say nothing of being published.
_PUBLISHED = re.compile(rb"^published\s*:", re.MULTILINE)


def collect(file: CampaignFile, records: Records, *, now: datetime, zone: ZoneInfo) -> Issue:
    """The issue that the digest `file` would be now. zone: in which its readers count days."""
    assert isinstance(file.campaign, Digest)
    wanted = file.campaign.collect
    search = _Search(file, wanted, records, now.astimezone(zone).date(), zone)
    topics = _topics(file, wanted) if wanted.topics or wanted.feeds else frozenset()
    entries = feed_items(file, records, topics=topics, zone=zone, leave_out=search.leave_out)
    due = [*search.items(), *entries]
    found = sorted(records.distinct(due), key=lambda item: (item.at, item.key), reverse=True)
    kept = _reached(found, wanted.reach, records, now)
    over = [name for item in found if item not in kept for name in item.names]
    items, unread = chosen(kept, wanted.max_items, last_at=records.last_at), tuple(feed_notes(file, records))
    for why, more, fewer in ((Why.SAME, due, found), (Why.TOO_OLD, found, kept), (Why.WAITS, kept, items)):
        search.leave_out_rest(more, fewer, why)
    return Issue(
        items=items,
        least=wanted.min_items,
        waiting=max(len(kept) - wanted.max_items, 0),
        passed_over=records.shown.passed_over if records.shown else tuple(over),
        notes=(*search.notes, *unread),
        topics=topics,
        is_rest=records.only is not None,
        is_blind=records.is_blind,
        already_mailed=wanted.already_mailed,
        left_out=(*search.left_out, *(LeftOut(key="", headline=one.message, why=Why.FEED) for one in unread)),
    )


def _topics(digest: CampaignFile, wanted: Collect) -> frozenset[str]:
    """Every topic that a campaign of the project has, or the digest gives to a feed."""
    found = {topic for feed in wanted.feeds for topic in feed.topics}
    for slug in campaign_slugs(digest.root):
        with suppress(InputProblems, UnknownName):
            found.update(read_campaign(digest.root, slug).campaign.topics)
    return frozenset(found)


def _reached(found: list[Item], reach: Reach, records: Records, now: datetime) -> list[Item]:
    """Those of `found`, newest first, that an issue reaches back to: the first one, or the first one with a feed."""
    if records.only is not None or records.shown is not None:
        return found
    if not records.has_run:
        return _within(found, reach, now)
    feeds = [feed_prefix(feed.id) for feed in records.feeds.values()]
    new = tuple(prefix for prefix in feeds if not records.has_held(prefix))
    reached = [_within([item for item in found if item.key.startswith(prefix)], reach, now) for prefix in new]
    keys = {item.key for items in reached for item in items}
    return [item for item in found if item.key in keys or not item.key.startswith(new)]


def _within(found: list[Item], reach: Reach, now: datetime) -> list[Item]:
    """Those of `found`, newest first, that a first issue reaches back to."""
    if reach.days is not None:
        return [item for item in found if item.at > now - timedelta(days=reach.days)]
    return found[: reach.items]


class _Search:
    """One look through a project; `notes` and `left_out` fill while `items` runs."""

    def __init__(self, digest: CampaignFile, wanted: Collect, records: Records, today: date, zone: ZoneInfo) -> None:
        self._digest, self._wanted, self._records = digest, wanted, records
        self._today, self._zone = today, zone
        self.notes: list[Problem] = []
        self.left_out: list[LeftOut] = []

    def leave_out(self, item: Item, why: Why) -> None:
        self._left_out(item.key, item.headline, why)

    def leave_out_rest(self, more: Sequence[Item], fewer: Sequence[Item], why: Why) -> None:
        """What is in `more` and not in `fewer`."""
        kept = {item.key for item in fewer}
        for item in more:
            if item.key not in kept:
                self.leave_out(item, why)

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
