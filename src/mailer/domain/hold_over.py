"""Which items an issue holds when there are more than fit, so that the news is in it and nothing waits for ever."""

from collections.abc import Sequence
from datetime import datetime

from mailer.domain.digest import Item


def chosen(found: Sequence[Item], most: int, *, last_at: datetime | None) -> tuple[Item, ...]:
    """At most `most` of `found`, in its order, which is newest first. last_at: when the issue before was put together.

    What is older than that issue has waited since. It has up to half of the places (the odd one too), those that waited
    longest first, and more where there is nothing newer to fill them. So each issue makes the queue shorter from behind:
    whatever comes in, an item with n before it comes after 2n/most issues at the latest, and the newest are always there.
    """
    waited = [item for item in found if last_at is not None and item.at < last_at]
    newer = len(found) - len(waited)
    places = min(len(waited), max((most + 1) // 2, most - newer))
    kept = {item.key for item in (*found[: min(newer, most - places)], *waited[len(waited) - places :])}
    return tuple(item for item in found if item.key in kept)
