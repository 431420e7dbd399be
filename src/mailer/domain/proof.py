"""A proof: the composed issue that organisers are shown before its time, and what they are told beside it."""

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from mailer.domain.digest import Issue, Shown


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """held: headlines of its items, in their order. left_out: what was left out of it and why, a sentence each.

    waiting: how many more items there were than fit. warnings: what `check` would say, a sentence each. views: how many
    people see how much of it, "" where everybody sees all.
    """

    held: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    waiting: int = 0
    warnings: tuple[str, ...] = ()
    views: str = ""

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, document: dict[str, Any]) -> "Facts":
        lists = {name: tuple(document.get(name, ())) for name in ("held", "left_out", "warnings")}
        return cls(**lists, waiting=document.get("waiting", 0), views=document.get("views", ""))


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """The proof of one occurrence, which is at `fire_at`. sources: hash of what was compiled. shown: of a digest.

    people: how many would be mailed when it was composed, at `at`.
    """

    schedule_id: int
    key: str
    fire_at: datetime
    edition_id: int
    sources: str
    shown: Shown
    facts: Facts
    people: int
    at: datetime


def shown_of(issue: Issue | None) -> Shown:
    """issue: None for all but a digest."""
    if issue is None:
        return Shown()
    return Shown(items=tuple(item.key for item in issue.items), passed_over=issue.passed_over)
