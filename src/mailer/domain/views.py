"""Who sees what of an issue: of each item all, its headline alone, or nothing.

A *view* is what one group of people sees, a letter for each item in the order of the issue: "ff-b". It follows from the
topics that a person chose and from the mailings that reached them, by one rule that is frozen with the issue. Who sees
nothing of it gets none.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace

from mailer.domain.audience import Want
from mailer.domain.count import counted
from mailer.domain.digest import AlreadyMailed, Issue
from mailer.domain.subscriber import received_need

View = str
FULL, BRIEF, OUT = "f", "b", "-"
_RANK = {OUT: 0, BRIEF: 1, FULL: 2}
#: What one issue is compiled into at most: each takes some 40 ms, and its place in every worker's memory.
MOST_VIEWS = 256
#: Why somebody sees nothing of an issue.
CHOSE_OTHERS = "chose other topics"
HAD_ALL = "has had all of it"


@dataclass(frozen=True, slots=True, kw_only=True)
class ViewItem:
    """What decides about one item. topics: empty, it is for everybody. mailings: ids of those that count as having had it."""

    topics: tuple[str, ...] = ()
    mailings: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ViewRule:
    """By which a person's view is found. had: what becomes of an item of which they had one of the mailings."""

    items: tuple[ViewItem, ...]
    had: View = FULL

    @property
    def whole(self) -> View:
        """The view of whoever sees everything."""
        return FULL * len(self.items)

    @property
    def mailings(self) -> tuple[int, ...]:
        """All that have to be asked about."""
        return tuple(sorted({one for item in self.items for one in item.mailings}))

    @property
    def needs(self) -> frozenset[str]:
        """What has to be read of a person."""
        topics = {"topics"} if any(item.topics for item in self.items) else set()
        return frozenset(topics | {received_need(one) for one in self.mailings})

    def view(self, topics: Collection[str], received: Collection[int]) -> View:
        """What somebody sees who chose `topics` (none: everything) and whom the mailings `received` reached."""
        return "".join(self._letter(item, topics, received) for item in self.items)

    def _letter(self, item: ViewItem, topics: Collection[str], received: Collection[int]) -> str:
        if item.topics and topics and not set(item.topics).intersection(topics):
            return OUT
        return self.had if any(one in received for one in item.mailings) else FULL

    @property
    def wants(self) -> tuple[Want, ...]:
        """Of whom any holds sees something; () when everybody does."""
        topics: dict[tuple[int, ...], set[str] | None] = {}  # None: whatever they chose
        for item in self.items:
            without = item.mailings if self.had == OUT else ()
            known = topics.setdefault(without, set())
            topics[without] = known | set(item.topics) if item.topics and known is not None else None
        if topics.get((), set()) is None:
            return ()
        return tuple(Want(topics=tuple(sorted(any_of or ())), without=without) for without, any_of in topics.items())


def rule_of(issue: Issue) -> ViewRule | None:
    """The rule of an issue; None when everybody sees all of it."""
    asks = issue.already_mailed is not AlreadyMailed.INCLUDE
    items = tuple(ViewItem(topics=item.topics, mailings=item.mailings if asks else ()) for item in issue.items)
    if not any(item.topics or item.mailings for item in items):
        return None
    return ViewRule(items=items, had=_HAD[issue.already_mailed])


_HAD = {AlreadyMailed.INCLUDE: FULL, AlreadyMailed.SHORTEN: BRIEF, AlreadyMailed.SKIP: OUT}


def is_empty(view: View) -> bool:
    return not view.strip(OUT)


def are_one(views: Iterable[View]) -> bool:
    """Whether everybody sees everything, which one has no need to talk about."""
    return all(view == FULL * len(view) for view in views)


def shown(view: View) -> int:
    """How many items it shows."""
    return len(view) - view.count(OUT)


def described(view: View) -> str:
    """How much of an issue it shows: "3 of 7 items (1 in brief)"."""
    brief = view.count(BRIEF)
    amount = (
        f"all {len(view)} items" if shown(view) == len(view) > 1 else f"{shown(view)} of {counted(len(view), 'item')}"
    )
    return f"{amount} ({brief} in brief)" if brief else amount


def seen(issue: Issue, view: View) -> Issue:
    """The issue as people of that view see it."""
    each = zip(issue.items, view, strict=True)
    return replace(issue, items=tuple(replace(item, brief=how == BRIEF) for item, how in each if how != OUT))


def nearest(view: View, compiled: Iterable[View]) -> View | None:
    """That of `compiled` which shows the most without anything that `view` does not show; None if each shows more.

    For whoever chose other topics after the issue was put together.
    """
    fitting = [one for one in compiled if all(_RANK[has] <= _RANK[may] for has, may in zip(one, view, strict=True))]
    return max(fitting, key=lambda one: (one.count(FULL), one.count(BRIEF), one), default=None)
