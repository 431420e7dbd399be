"""How many people see how much of an issue, in one line: for whoever is about to send it, and for the organisers."""

from collections import Counter
from collections.abc import Mapping

from mailer.domain.count import people
from mailer.domain.views import View, are_one, described

#: Beside what most people see.
_FEW = 3


def views_line(views: Mapping[View, int]) -> str:
    """As in "2: 5,210 people see all 7 items, 1 sees 2 of 7 items (1 in brief)"; "" where all see the same."""
    if are_one(views):
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
