"""What a digest's views are, in the documents of `send` and `preview`."""

from collections.abc import Mapping
from typing import Any

from mailer.domain.views import BRIEF, View, are_one, shown


def views_document(views: Mapping[View, int]) -> list[dict[str, Any]]:
    """One entry per view, that of the most people first; none where all see the same."""
    if are_one(views):
        return []
    ordered = sorted(views.items(), key=lambda one: (-one[1], one[0]))
    return [{"items": shown(view), "brief": view.count(BRIEF), "people": number} for view, number in ordered]
