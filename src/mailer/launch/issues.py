"""What a digest would hold now: the project's files, beside what the database knows of mailings and earlier issues."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from mailer.domain.campaign_digest import Digest
from mailer.domain.campaign_file import CampaignFile
from mailer.domain.digest import Issue, Records, Shown
from mailer.domain.feed import KnownEntry
from mailer.launch.feeds import Asker
from mailer.launch.plan import Desk
from mailer.settings import Settings
from mailer.sources.digest_items import collect
from mailer.storage import digest_items
from mailer.storage.database import Database


@dataclass(frozen=True, slots=True, kw_only=True)
class Issues:
    """Collects each digest once, so that all who ask within one command see the same issue.

    database: None where there is none: then only what files say was published is there.
    rest: the newest issue once more, for those who have not had it. shown: by its proof, None if it has none.
    now, clock: as a `Desk` has them. What was mailed a day ago is a day old at `now` too, whatever clock the project has.
    asks_feeds: for what is to go out, feeds are asked first; whoever only looks sees what they said last.
    """

    settings: Settings
    database: Database | None
    now: datetime
    clock: Callable[[], datetime]
    rest: bool = False
    shown: Shown | None = None
    asks_feeds: bool = False
    _known: dict[str, Issue] = field(default_factory=dict)

    def __call__(self, digest: CampaignFile) -> Issue:
        if digest.slug not in self._known:
            assert isinstance(digest.campaign, Digest)
            zone = ZoneInfo(digest.campaign.timezone or self.settings.project.timezone)
            records = self._records(digest.slug, [feed.url for feed in digest.campaign.collect.feeds])
            offered = self.settings.subscribers.topics
            self._known[digest.slug] = collect(digest, records, now=self.now, zone=zone, offered=offered)
        return self._known[digest.slug]

    def _records(self, slug: str, feeds: list[str]) -> Records:
        if self.database is None:
            return Records(is_blind=True)
        if self.asks_feeds and not self.rest and self.shown is None:
            Asker(settings=self.settings, database=self.database, clock=self.clock).for_issue(slug, feeds)
        with self.database.reading() as connection:
            found = digest_items.records(connection, slug, feeds=feeds, rest=self.rest)
        return replace(_shifted(found, self.now - self.clock()), shown=self.shown)


def issue_now(desk: Desk, file: CampaignFile) -> Issue | None:
    """What the campaign would hold now, if it is a digest. Raises InputProblems."""
    if not isinstance(file.campaign, Digest):
        return None
    return Issues(settings=desk.settings, database=desk.database, now=desk.now, clock=desk.clock)(file)


def _shifted(records: Records, by: timedelta) -> Records:
    mailed = {slug: replace(one, at=one.at + by) for slug, one in records.mailed.items()}
    feeds = {url: replace(one, entries=_later(one.entries, by)) for url, one in records.feeds.items()}
    return replace(records, mailed=mailed, feeds=feeds, last_at=records.last_at and records.last_at + by)


def _later(entries: tuple[KnownEntry, ...], by: timedelta) -> tuple[KnownEntry, ...]:
    return tuple(replace(entry, at=entry.at + by, seen_at=entry.seen_at + by) for entry in entries)
