"""What a digest's feeds say at the moment, and what becomes of each entry: for people who wonder where one is."""

from dataclasses import dataclass

from mailer.domain.campaign_digest import Digest
from mailer.domain.campaign_feeds import FeedSource
from mailer.domain.campaign_file import CampaignFile
from mailer.domain.feed import KnownEntry, KnownFeed, feed_prefix
from mailer.domain.left_out import Why
from mailer.launch.issues import Issues
from mailer.storage import feeds
from mailer.storage.database import Database


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedNews:
    """One feed of a digest. feed: None if it was never asked. entries: newest first; None: it is in the next issue."""

    source: FeedSource
    feed: KnownFeed | None
    entries: tuple[tuple[KnownEntry, Why | None], ...] = ()


def feed_news(database: Database, issues: Issues, file: CampaignFile) -> list[FeedNews]:
    """The feeds of a digest as they are known, in the order of its file. Asks none."""
    assert isinstance(file.campaign, Digest)
    issue, sources = issues(file), file.campaign.collect.feeds
    with database.reading() as connection:
        known = feeds.known(connection, [source.url for source in sources], all_entries=True)
    fates: dict[str, Why | None] = {one.key: one.why for one in issue.left_out}
    fates |= dict.fromkeys(item.key for item in issue.items)
    return [_news(source, known.get(source.url), fates) for source in sources]


def _news(source: FeedSource, feed: KnownFeed | None, fates: dict[str, Why | None]) -> FeedNews:
    entries = feed.entries if feed else ()
    prefix = feed_prefix(feed.id) if feed else ""
    # What an issue held is not looked at again, and so is in neither.
    return FeedNews(
        source=source, feed=feed, entries=tuple((one, fates.get(prefix + one.key, Why.HELD)) for one in entries)
    )
