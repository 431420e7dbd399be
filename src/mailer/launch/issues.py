"""What a digest would hold now: the project's files, beside what the database knows of mailings and earlier issues."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from mailer.domain.campaign_file import CampaignFile
from mailer.domain.digest import Issue, Records
from mailer.settings import Settings
from mailer.sources.digest_items import collect
from mailer.storage import digest_items
from mailer.storage.database import Database


@dataclass(frozen=True, slots=True, kw_only=True)
class Issues:
    """Collects each digest once, so that all who ask within one command see the same issue.

    database: None where there is none: then only what files say was published is there.
    rest: the newest issue once more, for those who have not had it. now, clock: as a `Desk` has them. What was mailed a day ago is a day old at `now` too, whatever clock the project has.
    """

    settings: Settings
    database: Database | None
    now: datetime
    clock: Callable[[], datetime]
    rest: bool = False
    _known: dict[str, Issue] = field(default_factory=dict)

    def __call__(self, digest: CampaignFile) -> Issue:
        if digest.slug not in self._known:
            zone = ZoneInfo(digest.campaign.timezone or self.settings.project.timezone)
            self._known[digest.slug] = collect(digest, self._records(digest.slug), now=self.now, zone=zone)
        return self._known[digest.slug]

    def _records(self, slug: str) -> Records:
        if self.database is None:
            return Records(is_blind=True)
        with self.database.reading() as connection:
            found = digest_items.records(connection, slug, rest=self.rest)
        return _shifted(found, self.now - self.clock())


def _shifted(records: Records, by: timedelta) -> Records:
    mailed = {slug: replace(one, at=one.at + by) for slug, one in records.mailed.items()}
    return replace(records, mailed=mailed, last_at=records.last_at and records.last_at + by)
