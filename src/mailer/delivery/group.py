"""What one transaction of the group commit writes, and writing it."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from mailer.delivery.work import Lease, Parcel, Settlement
from mailer.domain.mailing import RowState
from mailer.storage.kept import Kept
from mailer.storage.ledger import Ledger, Outcome
from mailer.waiting import Promise


@dataclass(slots=True)
class Group:
    """What one transaction writes."""

    marks: list[tuple[Sequence[Parcel], "Promise[list[Parcel]]"]] = field(default_factory=list)
    settled: list[Settlement] = field(default_factory=list)
    unsent: list[Settlement] = field(default_factory=list)
    given_back: list[Parcel] = field(default_factory=list)
    #: Refused when a commit failed. It may have been made all the same, and its confirmation lost: then they are marked.
    withdrawn: list[Parcel] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.marks or self.settled or self.unsent or self.given_back or self.withdrawn)

    def add(self, other: "Group") -> None:
        self.marks += other.marks
        self.settled += other.settled
        self.unsent += other.unsent
        self.given_back += other.given_back
        self.withdrawn += other.withdrawn


@dataclass(frozen=True, slots=True)
class Written:
    """Per lease, the rows that a transaction marked, those whose end it wrote, and all that are no longer in our hands.

    unsent: of these, those that are queued again without having left.
    """

    marked: dict[Lease, set[int]] = field(default_factory=dict)
    settled: dict[Lease, set[int]] = field(default_factory=lambda: defaultdict(set))
    gone: dict[Lease, set[int]] = field(default_factory=lambda: defaultdict(set))
    unsent: dict[Lease, set[int]] = field(default_factory=lambda: defaultdict(set))

    def release(self, ledger: Ledger, lease: Lease, ids: set[int]) -> None:
        """Queue rows again that were not marked. If others have taken over some of them, it is not ours to say which."""
        if ledger.release(lease.token, lease.mailing_id, ids) == len(ids):
            self.unsent[lease] |= ids
        self.gone[lease] |= ids


def write(ledger: Ledger, group: Group, kept: Kept | None = None) -> Written:
    """All of it, or nothing. kept: the connection of this thread's own, if it has one."""
    written = Written()
    with ledger.one_commit(kept) as (together, _):
        # Marks first: they lock the mailing, and whoever cancels it locks it before its rows.
        for lease, ids in by_lease(parcel for parcels, _ in group.marks for parcel in parcels):
            written.marked[lease] = together.mark_sending(lease.token, lease.mailing_id, ids)
            if refused := ids - written.marked[lease]:
                written.release(together, lease, refused)
        for lease, outcomes in _outcomes(group.settled):
            written.settled[lease] |= together.settle(lease.token, lease.mailing_id, outcomes)
            written.gone[lease].update(one.subscriber_id for one in outcomes)
            again = {one.subscriber_id for one in outcomes if one.state is RowState.QUEUED and not one.counted}
            written.unsent[lease] |= again & written.settled[lease]
        for lease, outcomes in _outcomes(group.unsent):
            written.settled[lease] |= together.fail_unsent(lease.token, lease.mailing_id, outcomes)
            written.gone[lease].update(one.subscriber_id for one in outcomes)
        for lease, ids in by_lease([*group.given_back, *group.withdrawn]):
            written.release(together, lease, ids)
        for lease, ids in by_lease(group.withdrawn):
            back = [Outcome(subscriber_id=one, state=RowState.QUEUED, counted=False) for one in ids]
            together.settle(lease.token, lease.mailing_id, back)
    return written


def by_lease(parcels: Iterable[Parcel]) -> Iterable[tuple[Lease, set[int]]]:
    ids: dict[Lease, set[int]] = defaultdict(set)
    for parcel in parcels:
        ids[parcel.lease].add(parcel.subscriber_id)
    return ids.items()


def _outcomes(settlements: Iterable[Settlement]) -> Iterable[tuple[Lease, list[Outcome]]]:
    outcomes: dict[Lease, list[Outcome]] = defaultdict(list)
    for one in settlements:
        outcomes[one.parcel.lease].append(one.outcome)
    return outcomes.items()
