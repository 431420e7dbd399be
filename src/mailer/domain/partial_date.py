"""A date of which only as much is said as is known: a day, a month or a year (ISO 8601: 2024-01-27, 2024-01, 2024)."""

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import date

_FORM = re.compile(r"(\d{4})(?:-(\d\d)(?:-(\d\d))?)?")


@dataclass(frozen=True, slots=True, kw_only=True)
class PartialDate:
    """A day, a month (`day` is None) or a year (`month` is None too)."""

    year: int
    month: int | None = None
    day: int | None = None

    def __str__(self) -> str:
        """In the form of ISO 8601, at the precision that it has."""
        parts = [f"{self.year:04}", *(f"{part:02}" for part in (self.month, self.day) if part is not None)]
        return "-".join(parts)

    @property
    def first_day(self) -> date:
        """The earliest day that it may mean."""
        return date(self.year, self.month or 1, self.day or 1)

    @property
    def last_day(self) -> date:
        """The latest day that it may mean."""
        month = self.month or 12
        return date(self.year, month, self.day or monthrange(self.year, month)[1])


def parse_partial_date(text: str) -> PartialDate | None:
    """The date that `text` states in ISO 8601; None when it states none, or one that does not exist."""
    found = _FORM.fullmatch(text.strip())
    if found is None:
        return None
    year, month, day = (int(part) if part else None for part in found.groups())
    assert year is not None
    parsed = PartialDate(year=year, month=month, day=day)
    try:
        parsed.first_day  # noqa: B018 (a date that does not exist raises)
    except ValueError:
        return None
    return parsed
