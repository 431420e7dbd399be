"""Entries of feeds as items of a digest: from what is known of the feeds, never by asking one."""

from collections.abc import Collection, Iterator
from datetime import timedelta
from zoneinfo import ZoneInfo

from mailer.domain.campaign_digest import Collect, Digest
from mailer.domain.campaign_feeds import FeedSource
from mailer.domain.campaign_file import CampaignFile
from mailer.domain.digest import FEED_ITEM, ITEM_RULE, Item, Records
from mailer.domain.feed import (
    KnownEntry,
    KnownFeed,
    feed_prefix,
    page_name,
    site_of,
    traces_of,
)
from mailer.domain.left_out import LeftOut, Why
from mailer.errors import Problem, Severity

#: What comes up this much later than it says it came out is no news: an archive has surfaced.
ARCHIVED = timedelta(days=30)


class FeedItems:
    """One look through a digest's feeds, in the order of its file; `left_out` fills while `items` runs."""

    def __init__(
        self, digest: CampaignFile, wanted: Collect, records: Records, topics: Collection[str], zone: ZoneInfo
    ) -> None:
        """topics: those that categories may stand for."""
        self._digest, self._wanted, self._records = digest, wanted, records
        self._topics, self._zone = topics, zone
        self.left_out: list[LeftOut] = []

    def items(self) -> Iterator[Item]:
        """The entries that are due."""
        for source in self._wanted.feeds:
            feed = self._records.feeds.get(source.url)
            if feed is not None:
                yield from self._of(source, feed)

    def _of(self, source: FeedSource, feed: KnownFeed) -> Iterator[Item]:
        prefix = feed_prefix(feed.id)
        # An archive is news to a first issue, as far as that reaches back.
        is_first = self._records.only is not None or not self._records.has_held(prefix)
        takes_all = is_first or not self._wanted.reach.is_bounded
        for entry in feed.entries:
            item = self._item(source, feed, prefix, entry)
            why = self._why_not(item, is_archived=not takes_all and entry.seen_at - entry.at > ARCHIVED)
            if why is None:
                yield item
            else:
                self.left_out.append(LeftOut(key=item.key, headline=item.headline, why=why))

    def _why_not(self, item: Item, *, is_archived: bool) -> Why | None:
        if self._wanted.topics and not set(item.topics) & set(self._wanted.topics):
            return Why.TOPIC
        if not self._records.is_due(item.key):
            return self._records.why_not(item.key)
        return Why.TOO_OLD if is_archived else None

    def _item(self, source: FeedSource, feed: KnownFeed, prefix: str, entry: KnownEntry) -> Item:
        named = (*source.topics, *(category for category in entry.categories if category in self._topics))
        traces = traces_of(entry)
        return Item(
            key=prefix + entry.key,
            kind=FEED_ITEM,
            headline=entry.headline,
            at=entry.at,
            day=entry.at.astimezone(self._zone).date(),
            file=self._digest.name,
            kicker=source.name or feed.title or site_of(source.url),
            summary=entry.summary or None,
            topics=tuple(dict.fromkeys(named)),
            address=entry.link,
            traces=traces,
            twins=(*traces, page_name(entry.link)),
        )


def feed_notes(digest: CampaignFile, records: Records) -> Iterator[Problem]:
    """What there is to know of the feeds that the file names. Their addresses are not repeated: they may be secrets."""
    if records.is_blind:
        return
    assert isinstance(digest.campaign, Digest)
    for number, source in enumerate(digest.campaign.collect.feeds):
        found = _state(records.feeds.get(source.url), site_of(source.url), digest.slug)
        if found:
            line = digest.line_of("collect", "feeds", number)
            message, hint = found
            yield Problem(
                rule=ITEM_RULE, severity=Severity.WARNING, file=digest.name, line=line, message=message, hint=hint
            )


def _state(feed: KnownFeed | None, site: str, slug: str) -> tuple[str, str] | None:
    """What to say of a feed, and what to do."""
    if feed is None or feed.asked_at is None:
        return f"the feed of {site} was not asked yet", f"`mailer feeds {slug}` asks it; so does what sends the digest"
    if feed.gone:
        return f"the feed of {site} is gone: it is not asked any more", "write its new address, or take it out"
    if feed.trouble:
        return f"the feed of {site} cannot be read: {feed.trouble}", "what it brings meanwhile comes once it answers"
    if feed.moved_to:
        return f"the feed of {site} has moved", f"write its new address, which `mailer feeds {slug}` says"
    return None
