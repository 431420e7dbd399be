"""What a worker tells while it works, so that a command can draw a bar and a page can show numbers."""

from collections import Counter
from collections.abc import Sequence

from mailer.delivery.work import Settlement
from mailer.domain.mailing import Mailing, RowState


class Observer:
    """Told by the worker's threads, one call at a time. The methods do nothing: override what you want to hear.

    A method that raises stops the worker.
    """

    def settled(self, mailing: Mailing, counts: "Counter[RowState]") -> None:
        """Rows came to these states, committed; QUEUED are those put off."""

    def finished(self, mailing: Mailing) -> None:
        """A mailing has no open row left."""

    def paused(self, mailing: Mailing, reason: str) -> None:
        """The worker paused a mailing; a person must act."""

    def trouble(self, reason: str, seconds: float) -> None:
        """The relay cannot be used; the next attempt comes in so many seconds."""

    def database_away(self, reason: str) -> None:
        """The database does not answer; it is asked again until it does."""

    def database_back(self) -> None:
        """It answers again."""


def by_mailing(settlements: Sequence[Settlement]) -> list[tuple[Mailing, "Counter[RowState]"]]:
    """What settlements came to, summed up; rows that only went back into the queue are no news."""
    news = [one for one in settlements if one.outcome.counted or one.outcome.state is not RowState.QUEUED]
    mailings = {one.parcel.work.mailing.id: one.parcel.work.mailing for one in news}
    counts = {mailing_id: Counter[RowState]() for mailing_id in mailings}
    for one in news:
        counts[one.parcel.work.mailing.id][one.outcome.state] += 1
    return [(mailing, counts[mailing.id]) for mailing in mailings.values()]
