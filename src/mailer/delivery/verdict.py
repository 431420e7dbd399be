"""From what a relay said to where the row goes: the one place that decides it."""

from collections.abc import Callable
from datetime import datetime

from mailer.backend import Deferred, Receipt, Refused, Sent, Uncertain
from mailer.domain.mailing import InDoubt, RowState
from mailer.storage.ledger import Outcome


def verdict(
    receipt: Receipt,
    *,
    subscriber_id: int,
    relay: str,
    in_doubt: InDoubt,
    next_try: Callable[[], datetime | None],
) -> Outcome:
    """The outcome of one attempt by `relay`. next_try: when there is another, None if no time is left for one."""
    if isinstance(receipt, Sent):  # nearly every answer: there is nothing to weigh
        return Outcome(
            subscriber_id=subscriber_id,
            state=RowState.SENT,
            code=receipt.code,
            enhanced=receipt.enhanced,
            text=receipt.text,
            relay=relay,
        )
    state, due, why, bad_address = RowState.UNCERTAIN, 0, "", False
    match receipt:
        case Refused():
            state, bad_address = RowState.FAILED, receipt.bad_address
        case Deferred() | Uncertain():
            held = isinstance(receipt, Uncertain) and in_doubt is InDoubt.HOLD
            again = None if held else next_try()
            if again is not None:
                state, due = RowState.QUEUED, int(again.timestamp())
            elif isinstance(receipt, Deferred):
                state, why = RowState.FAILED, "gave up, no time is left for another try: "
    return Outcome(
        subscriber_id=subscriber_id,
        state=state,
        due=due,
        code=receipt.code,
        enhanced=receipt.enhanced,
        text=why + receipt.text,
        bad_address=bad_address,
        relay=relay,
    )


def asks_for_less(receipt: Receipt) -> bool:
    """Whether the relay wants mail more slowly: 421 (RFC 5321 §3.8), or a policy that may let the message in later (RFC 3463 §3.8)."""
    return isinstance(receipt, Deferred) and (receipt.code == 421 or receipt.enhanced.startswith("4.7."))
