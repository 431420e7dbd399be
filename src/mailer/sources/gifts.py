"""A fund's ledger of gifts: a CSV with the columns `date` and `amount`, kept by hand or exported from a bank."""

import csv
import io
from datetime import date
from decimal import Decimal, InvalidOperation
from pathlib import Path

LARGEST_BYTES = 20_000_000


def sum_of_gifts(root: Path, name: str, *, until: object = None) -> tuple[Decimal, bytes, str]:
    """(the sum of all gifts up to and including the day `until`, the file's bytes, what is wrong with it or "").

    name: relative to the project. until: a date as text, else everything counts.
    """
    path = (root / name).resolve()
    if not path.is_relative_to(root.resolve()):
        return Decimal(0), b"", f'"{name}" lies outside the project'
    try:
        if path.stat().st_size > LARGEST_BYTES:
            return Decimal(0), b"", f'"{name}" has over {LARGEST_BYTES:,} bytes'
        content = path.read_bytes()
        rows = list(csv.DictReader(io.StringIO(content.decode("utf-8-sig")), strict=True))
    except OSError as error:
        return Decimal(0), b"", f'"{name}" cannot be read: {error.strerror}'
    except (UnicodeDecodeError, csv.Error) as error:
        return Decimal(0), b"", f'"{name}" is not CSV in UTF-8: {error}'
    total, last = Decimal(0), str(until or "")[:10]
    for number, row in enumerate(rows, 2):
        try:
            day, amount = date.fromisoformat((row["date"] or "").strip()), Decimal((row["amount"] or "").strip())
        except KeyError as missing:
            return Decimal(0), b"", f'"{name}" has no column {missing}'
        except (ValueError, InvalidOperation):
            day, amount = date.min, Decimal("NaN")
        if not amount.is_finite():
            return Decimal(0), b"", f'"{name}", row {number}: a date as 2024-11-30 and an amount as 12.50 are wanted'
        if not last or day.isoformat() <= last:
            total += amount
    return total, content, ""
