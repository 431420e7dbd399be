"""A fund's ledger of gifts: a CSV with the columns `date` and `amount`, kept by hand or exported from a bank.

Comma, semicolon or tab, with or without a byte order mark; other columns may be there and are not looked at, but for
`currency`. A negative amount is a gift that was given back. What is wrong is told by line and never quoted: the cells
hold people's names.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from pathlib import Path

from mailer.errors import InputProblems, MailerError, Problem
from mailer.sources.csv_files import CsvFile, open_csv

LARGEST_BYTES = 20_000_000
_MOST_PROBLEMS = 20
#: 1,250.00 or 1250 or -20.50, behind or before the sign or code of a currency.
_AMOUNT = re.compile(
    r"(?P<minus>[-−]?)\s*(?P<sign>[£€$]|[A-Z]{3})?\s*(?P<minus2>[-−]?)(?P<number>\d{1,3}(?:,\d{3})+(?:\.\d{1,2})?|\d{1,12}(?:\.\d{1,2})?)"
    r"\s*(?P<code>[£€$]|[A-Z]{3})?"
)
_SIGNS = {"£": "GBP", "€": "EUR", "$": "USD"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Gifts:
    """total: of all gifts that count. content: the file's bytes."""

    total: Decimal
    content: bytes


def sum_of_gifts(root: Path, name: str, *, currency: str = "GBP", until: date | None = None) -> Gifts:
    """The sum of all gifts up to and including the day `until`; without one, of all.

    name: relative to the project. Raises InputProblems: of the file as a whole without a line, else with it.
    """
    path = (root / name).resolve()
    if not path.is_relative_to(root.resolve()):
        raise InputProblems([_problem(name, f'"{name}" lies outside the project', hint="keep it in the project")])
    if path.is_file() and path.stat().st_size > LARGEST_BYTES:
        raise InputProblems([_problem(name, f'"{name}" has over {LARGEST_BYTES:,} bytes')])
    try:
        content = path.read_bytes()
        file = open_csv(path, name)
        rows = list(_rows(file, currency))
    except OSError as error:
        raise InputProblems([_problem(name, f'"{name}" cannot be read: {error.strerror}')]) from None
    except InputProblems as error:
        raise InputProblems([replace(problem, rule="gifts") for problem in error.problems]) from None
    except MailerError as error:
        raise InputProblems([_problem(name, error.message)]) from None
    wrong = [row for row in rows if isinstance(row, Problem)]
    if wrong:
        raise InputProblems(wrong[:_MOST_PROBLEMS])
    total = sum((row[1] for row in rows if not isinstance(row, Problem) and (not until or row[0] <= until)), Decimal())
    if total < 0:
        raise InputProblems([_problem(name, "more was given back than given", hint="negative amounts are refunds")])
    return Gifts(total=total, content=content)


def _rows(file: CsvFile, currency: str) -> Iterator[tuple[date, Decimal] | Problem]:
    """(day, amount) of each row, or what is wrong with it."""
    columns = {title.strip().lower(): number for number, title in reversed(list(enumerate(file.header)))}
    missing = [title for title in ("date", "amount") if title not in columns]
    if missing:
        hint = "the first line names the columns: date,amount"
        yield _problem(file.name, f"no column is called {' or '.join(missing)}", line=file.header_line, hint=hint)
        return
    for line, cells in file.records():
        day, amount, code = (
            cells[columns[title]].strip() if columns.get(title, len(cells)) < len(cells) else ""
            for title in ("date", "amount", "currency")
        )
        try:
            yield _day(day), _amount(amount, {code.upper()} - {""}, currency)
        except _Unclear as unclear:
            yield _problem(file.name, unclear.message, line=line, hint=unclear.hint)


class _Unclear(MailerError):
    """A cell that cannot be counted."""


def _day(cell: str) -> date:
    try:
        return date.fromisoformat(cell)
    except ValueError:
        raise _Unclear("the date of this gift cannot be read", hint="write it as 2024-11-30") from None


def _amount(cell: str, units: set[str], currency: str) -> Decimal:
    """units: what another column says it is counted in."""
    found = _AMOUNT.fullmatch(cell)
    if found is None or (found["minus"] and found["minus2"]) or (found["sign"] and found["code"]):
        raise _Unclear("the amount of this gift cannot be read", hint="write it as 1250.00")
    units |= {_SIGNS.get(unit, unit) for unit in (found["sign"], found["code"]) if unit}
    if units - {currency}:
        raise _Unclear("this gift is in another currency", hint=f"a ledger holds {currency}, the currency of its fund")
    number = Decimal(found["number"].replace(",", ""))
    return -number if found["minus"] or found["minus2"] else number


def _problem(name: str, message: str, *, line: int | None = None, hint: str = "") -> Problem:
    return Problem(rule="gifts", file=name, line=line, message=message, hint=hint)
