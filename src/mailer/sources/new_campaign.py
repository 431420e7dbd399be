"""What `mailer new` writes: `skeletons/KIND.md`, a campaign of each kind that is whole but for its TODOs."""

from datetime import date, timedelta
from pathlib import Path
from string import Template

_SKELETONS = Path(__file__).parent / "skeletons"
#: Days from today to the deadline, or the event, that a new campaign proposes.
_AHEAD = timedelta(days=30)


def kinds() -> list[str]:
    """The kinds of which a campaign can be begun, sorted."""
    return sorted(path.stem for path in _SKELETONS.glob("*.md"))


def skeleton(kind: str, *, today: date) -> str:
    """The file of a new campaign of `kind`. `$$` stands for a dollar sign in a skeleton, `$today` and `$deadline` for days."""
    template = Template((_SKELETONS / f"{kind}.md").read_text(encoding="utf-8"))
    return template.substitute(today=today.isoformat(), deadline=(today + _AHEAD).isoformat())
