"""What a digest's views are, for the panel and the document of `send`: how many people see how much of the issue."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from mailer.domain.count import people
from mailer.domain.views import BRIEF, FULL, View, described, shown

_FEW = 3


def views_line(views: Mapping[View, int]) -> str:
    """As in "2: 5,210 people see all 7 items, 1 sees 2 of 7 items (1 in brief)"; "" where all see the same."""
    if _is_one(views):
        return ""
    seen: Counter[str] = Counter()
    for view, number in views.items():
        seen[described(view)] += number
    (most, number), *others = sorted(seen.items(), key=lambda one: (-one[1], one[0]))
    rest = sum(number for _, number in others[_FEW:])
    parts = [
        _see(people(number), number, most),
        *(_see(f"{count:,}", count, amount) for amount, count in others[:_FEW]),
    ]
    if rest:
        parts.append(f"{rest:,} others")
    return f"{len(views)}: {', '.join(parts)}"


def _see(who: str, number: int, amount: str) -> str:
    return f"{who} {'sees' if number == 1 else 'see'} {amount}"


def views_document(views: Mapping[View, int]) -> list[dict[str, Any]]:
    """One entry per view, that of the most people first; none where all see the same."""
    if _is_one(views):
        return []
    ordered = sorted(views.items(), key=lambda one: (-one[1], one[0]))
    return [{"items": shown(view), "brief": view.count(BRIEF), "people": number} for view, number in ordered]


def _is_one(views: Mapping[View, int]) -> bool:
    return all(view == FULL * len(view) for view in views)
