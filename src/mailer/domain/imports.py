"""What an import reads and what becomes of it: `read = new + updated + unchanged + suppressed + invalid + duplicate`."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime

from mailer.domain.person import Subscription
from mailer.domain.subscriber import SuppressionReason


@dataclass(slots=True)
class ImportRow:
    """One person in a file. Text is "" where the file says nothing: an empty cell changes nothing.

    memberships: None means the list and consent of the import; only our own export says more, and only that gives a
    public_id (unsigned), for who is new and if nobody else has it. topics: sorted. line: where the row begins, from 1.
    """

    line: int
    email: str
    first_name: str = ""
    last_name: str = ""
    name: str = ""
    language: str = ""
    timezone: str = ""
    country: str = ""
    attributes: Mapping[str, object] = field(default_factory=dict)
    tags: tuple[str, ...] = ()
    joined_at: datetime | None = None
    memberships: tuple[Subscription, ...] | None = None
    suppressed: SuppressionReason | None = None
    public_id: int | None = None
    topics: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RowProblem:
    """A row that was not imported, and why, in words for the person whose file it is."""

    line: int
    email: str
    reason: str


@dataclass(slots=True, kw_only=True)
class ImportCounts:
    """How many rows came to what. A row of somebody who left, or is suppressed, is `suppressed` and left alone."""

    read: int = 0
    new: int = 0
    updated: int = 0
    unchanged: int = 0
    suppressed: int = 0
    invalid: int = 0
    duplicate: int = 0

    def to_json(self) -> dict[str, int]:
        return asdict(self)

    @property
    def adds_up(self) -> bool:
        parts = self.new + self.updated + self.unchanged + self.suppressed + self.invalid + self.duplicate
        return self.read == parts


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportPlan:
    """What an import does to everybody in the file. list_name None: only our own export, which names its lists.

    fields: those of `ImportRow` that the file has columns for; None: it may have any.
    """

    file: str
    list_name: str | None
    consent: str
    tags: tuple[str, ...] = ()
    dry_run: bool = False
    fields: frozenset[str] | None = None
