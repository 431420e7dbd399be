"""The packaged example campaigns, one of each kind: what a project's brand is looked at with."""

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache

from mailer.domain.campaign_file import CampaignFile
from mailer.domain.campaign_kinds import KINDS
from mailer.errors import UnknownName
from mailer.settings import load
from mailer.settings.starter import starter_project
from mailer.sources.campaign_files import campaign_slugs, read_campaign


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """now: the moment at which its figures are true."""

    kind: str
    summary: str
    file: CampaignFile
    now: datetime


@lru_cache(maxsize=1)
def examples() -> dict[str, Example]:
    """By kind, in the order of KINDS; kinds that no example campaign is of are left out."""
    root = starter_project()
    now = load(root, {}).project.clock or datetime.now(UTC)
    by_kind: dict[str, CampaignFile] = {}
    for slug in campaign_slugs(root):
        file = read_campaign(root, slug)
        by_kind.setdefault(file.campaign.kind, file)
    return {
        name: Example(kind=name, summary=(kind.__doc__ or "").partition("\n")[0], file=by_kind[name], now=now)
        for name, kind in KINDS.items()
        if name in by_kind
    }


def example_of(kind: str) -> Example:
    """Raises UnknownName."""
    found = examples().get(kind)
    if found is None:
        raise UnknownName(f'There is no example of the kind "{kind}".', hint=f"Kinds: {', '.join(examples())}.")
    return found
