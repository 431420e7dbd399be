"""The packaged example campaigns, one of each kind: what a project's brand is looked at with."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from mailer.domain.campaign_file import CampaignFile
from mailer.domain.campaign_kinds import KINDS
from mailer.domain.digest import DIGEST, Issue, Mailed, Records
from mailer.errors import UnknownName
from mailer.settings import load
from mailer.settings.starter import starter_project
from mailer.sources.campaign_files import read_campaign
from mailer.sources.campaign_slugs import campaign_slugs
from mailer.sources.digest_items import collect

_UTC = ZoneInfo("UTC")


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """now: the moment at which its figures are true."""

    kind: str
    summary: str
    file: CampaignFile
    now: datetime
    mailed: Mapping[str, Mailed]  #: the other examples, as if each had gone out before: what a digest of them holds

    def issue_of(self, digest: CampaignFile) -> Issue:
        return collect(digest, Records(mailed=self.mailed), now=self.now, zone=_UTC)


@lru_cache(maxsize=1)
def examples() -> dict[str, Example]:
    """By kind, in the order of KINDS; kinds that no example campaign is of are left out."""
    root = starter_project()
    now = load(root, {}).project.clock or datetime.now(_UTC)
    files = [read_campaign(root, slug) for slug in campaign_slugs(root)]
    by_kind = {file.campaign.kind: file for file in reversed(files)}
    mailed = {
        file.slug: Mailed(
            slug=file.slug, kind=file.campaign.kind, title=file.campaign.headline, at=now - timedelta(days=days)
        )
        for days, file in enumerate(files, 1)
        if file.campaign.kind != DIGEST
    }
    return {
        name: Example(
            kind=name, summary=(kind.__doc__ or "").partition("\n")[0], file=by_kind[name], now=now, mailed=mailed
        )
        for name, kind in KINDS.items()
        if name in by_kind
    }


def example_of(kind: str) -> Example:
    """Raises UnknownName."""
    found = examples().get(kind)
    if found is None:
        raise UnknownName(f'There is no example of the kind "{kind}".', hint=f"Kinds: {', '.join(examples())}.")
    return found
