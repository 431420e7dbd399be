"""A date of which only as much is said as is known: a day, a month or a year (ISO 8601: 2024-01-27, 2024-01, 2024)."""

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import date

_FORM = re.compile(r"([0-9]{4})(?:-([0-9]{2})(?:-([0-9]{2}))?)?")


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
        return date(self.year, 1 if self.month is None else self.month, 1 if self.day is None else self.day)

    @property
    def last_day(self) -> date:
        """The latest day that it may mean."""
        month = 12 if self.month is None else self.month
        return date(self.year, month, monthrange(self.year, month)[1] if self.day is None else self.day)


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
