"""When a deferred message is tried again, or that it is not: arithmetic, without a clock."""

from datetime import datetime, timedelta

from mailer.backend import Deferred, Receipt

#: RFC 5321 §4.5.4.1 wants retries to go on for days; a wait never grows beyond this, so they do.
LONGEST_WAIT = timedelta(hours=6)
#: A wait is drawn from this part of itself on either side, so that those deferred together do not return together.
JITTER = 0.2


def next_try(
    receipt: Receipt, *, attempts: int, first_seconds: float, deadline: datetime, now: datetime, chance: float
) -> datetime | None:
    """The instant of the next attempt, or None: it would fall after `deadline`.

    attempts: how often the message was tried before this answer. chance: evenly random in [0, 1). A relay that names a
    wait (`retry_after`) is not asked again before it is over.
    """
    doubled = first_seconds * 2.0 ** min(attempts, 32)
    wait = min(doubled, LONGEST_WAIT.total_seconds()) * (1 + JITTER * (2 * chance - 1))
    if isinstance(receipt, Deferred) and receipt.retry_after is not None:
        wait = max(wait, receipt.retry_after)
    try:
        then = now + timedelta(seconds=wait)
    except OverflowError:  # a relay asked us to come back in ten thousand years
        return None
    return then if then <= deadline else None
