"""What a digest's views are, for the panel and the document of `send`: how many people see how much of the issue."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from mailer.domain.count import people
from mailer.domain.views import BRIEF, FULL, View

_FEW = 4


def views_line(views: Mapping[View, int]) -> str:
    """As in "3 views: 5,210 people see all 7 items, 840 see 3 of 7, 12 see 2 of 7 (1 in brief)"; "" where all see the same."""
    if _is_one(views):
        return ""
    seen: Counter[str] = Counter()
    for view, number in views.items():
        seen[_amount(view)] += number
    (most, number), *others = sorted(seen.items(), key=lambda one: (-one[1], one[0]))
    parts = [f"{people(number)} see {most}", *(f"{number:,} see {amount}" for amount, number in others[: _FEW - 1])]
    if others[_FEW - 1 :]:
        parts.append(f"{sum(number for _, number in others[_FEW - 1 :]):,} see others")
    return f"{len(views)} views: {', '.join(parts)}" if len(views) > 1 else parts[0]


def views_document(views: Mapping[View, int]) -> list[dict[str, Any]]:
    """One entry per view, that of the most people first; none where all see the same."""
    if _is_one(views):
        return []
    ordered = sorted(views.items(), key=lambda one: (-one[1], one[0]))
    return [{"items": _shown(view), "brief": view.count(BRIEF), "people": number} for view, number in ordered]


def _is_one(views: Mapping[View, int]) -> bool:
    return all(view == FULL * len(view) for view in views)


def _shown(view: View) -> int:
    return view.count(FULL) + view.count(BRIEF)


def _amount(view: View) -> str:
    whole, brief = len(view) > 1 and _shown(view) == len(view), view.count(BRIEF)
    amount = f"all {len(view)} items" if whole else f"{_shown(view)} of {len(view)}"
    return f"{amount} ({brief} in brief)" if brief else amount
