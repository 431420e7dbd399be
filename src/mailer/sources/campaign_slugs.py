"""Which campaigns a project has: known from the names of their files, without reading any of them."""

import re
from pathlib import Path

FOLDER = "campaigns"
_SLUG = re.compile(r"[a-z][a-z0-9-]*")


def campaign_slugs(root: Path) -> list[str]:
    """The slugs of all campaigns of the project, sorted."""
    return sorted(path.stem for path in (root / FOLDER).glob("*.md") if _SLUG.fullmatch(path.stem))
