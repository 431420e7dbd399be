"""Entries of feeds as items of a digest: from what is known of the feeds, never by asking one."""

from collections.abc import Callable, Collection, Iterator
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
from mailer.domain.left_out import Why
from mailer.errors import Problem, Severity

#: What comes up this much later than it says it came out is no news: an archive has surfaced.
ARCHIVED = timedelta(days=30)


def feed_items(
    digest: CampaignFile,
    records: Records,
    *,
    topics: Collection[str],
    zone: ZoneInfo,
    leave_out: Callable[[Item, Why], None],
) -> Iterator[Item]:
    """The entries that are due, feed by feed in the order of the file. topics: those that categories may stand for.

    leave_out: is told of each other entry, and why it is none of them.
    """
    wanted = _wanted(digest)
    for source in wanted.feeds:
        feed = records.feeds.get(source.url)
        for entry in feed.entries if feed else ():
            assert feed is not None
            item = _item(digest, source, feed, entry, topics=topics, zone=zone)
            if wanted.topics and not set(item.topics) & set(wanted.topics):
                leave_out(item, Why.TOPIC)
            elif not records.is_due(item.key):
                leave_out(item, records.why_not(item.key))
            elif is_archived(entry, feed, wanted, records):
                leave_out(item, Why.TOO_OLD)
            else:
                yield item


def is_archived(entry: KnownEntry, feed: KnownFeed, wanted: Collect, records: Records) -> bool:
    """Whether it is too old for an issue, beside what a first one passes over."""
    is_first = not records.has_held(feed_prefix(feed.id)) or records.only is not None
    return not is_first and wanted.reach.is_bounded and entry.seen_at - entry.at > ARCHIVED


def _wanted(digest: CampaignFile) -> Collect:
    assert isinstance(digest.campaign, Digest)
    return digest.campaign.collect


def _item(
    digest: CampaignFile,
    source: FeedSource,
    feed: KnownFeed,
    entry: KnownEntry,
    *,
    topics: Collection[str],
    zone: ZoneInfo,
) -> Item:
    named = (*source.topics, *(category for category in entry.categories if category in topics))
    traces = traces_of(entry)
    return Item(
        key=feed_prefix(feed.id) + entry.key,
        kind=FEED_ITEM,
        headline=entry.headline,
        at=entry.at,
        day=entry.at.astimezone(zone).date(),
        file=digest.name,
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
    for number, source in enumerate(_wanted(digest).feeds):
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
