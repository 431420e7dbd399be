"""Collects what a digest would hold: campaigns that were mailed, or that their file says were published, and feeds.

`collect` narrows by kind and topic; other digests are never candidates. What an earlier issue carried is not new. The order
is newest first, by when something was mailed or came out.
"""

from collections.abc import Collection, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from mailer.domain.campaign_digest import Collect, Digest
from mailer.domain.campaign_file import CampaignFile
from mailer.domain.digest import Issue, Item, Reach, Records
from mailer.domain.feed import feed_prefix
from mailer.domain.hold_over import chosen
from mailer.domain.left_out import LeftOut, Why
from mailer.errors import InputProblems, UnknownName
from mailer.sources.campaign_files import read_campaign
from mailer.sources.campaign_items import CampaignItems
from mailer.sources.campaign_slugs import campaign_slugs
from mailer.sources.feed_items import FeedItems, feed_notes


def collect(
    file: CampaignFile, records: Records, *, now: datetime, zone: ZoneInfo, offered: Collection[str] = ()
) -> Issue:
    """The issue that the digest `file` would be now. zone: in which its readers count days. offered: topics to choose from."""
    assert isinstance(file.campaign, Digest)
    wanted = file.campaign.collect
    topics = _topics(file, wanted, records, offered)
    campaigns = CampaignItems(file, wanted, records, now.astimezone(zone).date(), zone)
    entries = FeedItems(file, wanted, records, topics, zone)
    due = [*campaigns.items(), *entries.items()]
    found = sorted(records.distinct(due), key=lambda item: (item.at, item.key), reverse=True)
    kept = _reached(found, wanted.reach, records, now)
    items, unread = chosen(kept, wanted.max_items, last_at=records.last_at), tuple(feed_notes(file, records))
    over = [name for item in _without(found, kept) for name in item.names]
    left_out = [*campaigns.left_out, *entries.left_out]
    for why, more, fewer in ((Why.SAME, due, found), (Why.TOO_OLD, found, kept), (Why.WAITS, kept, items)):
        left_out += [LeftOut(key=item.key, headline=item.headline, why=why) for item in _without(more, fewer)]
    return Issue(
        items=items,
        least=wanted.min_items,
        waiting=max(len(kept) - wanted.max_items, 0),
        passed_over=records.shown.passed_over if records.shown else tuple(over),
        notes=(*campaigns.notes, *unread),
        topics=topics,
        is_rest=records.only is not None,
        is_blind=records.is_blind,
        already_mailed=wanted.already_mailed,
        left_out=(*left_out, *(LeftOut(key="", headline=one.message, why=Why.FEED) for one in unread)),
    )


def _without(more: Sequence[Item], fewer: Sequence[Item]) -> list[Item]:
    """What is in `more` and not in `fewer`."""
    kept = {item.key for item in fewer}
    return [item for item in more if item.key not in kept]


def _topics(digest: CampaignFile, wanted: Collect, records: Records, offered: Collection[str]) -> frozenset[str]:
    """Every topic that people can choose, a campaign of the project has, or the digest gives to a feed; if anybody asks."""
    is_asked = wanted.topics or any(entry.categories for feed in records.feeds.values() for entry in feed.entries)
    if not is_asked:  # every file would have to be read
        return frozenset()
    found = set(offered) | {topic for feed in wanted.feeds for topic in feed.topics}
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
