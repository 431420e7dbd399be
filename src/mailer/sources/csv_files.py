"""CSV as people's programs write it: any of the usual encodings, delimiters and line ends.

The whole file is looked through once before anything is changed, in constant memory: what is no table of rows is refused
with a sentence that says what to do, and the number of rows is known.
"""

import codecs
import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import BinaryIO

from mailer.errors import InputProblems, MailerError, Problem

_CHUNK = 1 << 20
_MARKS = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
_EXCEL = "save it from Excel or LibreOffice as CSV (UTF-8), then import that"
#: What a file that is no text begins with, and what to do about it.
_FOREIGN = {
    b"PK\x03\x04": ("an Excel workbook or a ZIP archive", _EXCEL),
    b"\xd0\xcf\x11\xe0": ("an old Excel workbook", _EXCEL),
    b"%PDF": ("a PDF", "export the list as CSV from the program that made it"),
    b"\x1f\x8b": ("a compressed file", "unpack it first"),
}
#: A row over this many lines is a quotation mark that was never closed.
_LONGEST_ROW = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class CsvFile:
    """A file that can be read as a table. name: how messages call it; rows: how many below the header."""

    path: Path
    name: str
    encoding: str
    delimiter: str
    header: tuple[str, ...]
    header_line: int
    rows: int

    def records(self) -> Iterator[tuple[int, list[str]]]:
        """(line, cells) of each row below the header; lines count from 1; rows without any text are left out."""
        return _records(self.path, self.name, self.encoding, self.delimiter, after=self.header_line)


def open_csv(path: Path, name: str) -> CsvFile:
    """Look through the file. Raises InputProblems with a line where there is one, MailerError when it cannot be read."""
    try:
        encoding = _encoding(path, name)
        skipped, first = _first_line(path, encoding)
        delimiter = _delimiter(first)
        records = _records(path, name, encoding, delimiter, after=skipped)
        header_line, header = next(records, (0, []))
        rows = sum(1 for _ in records)
    except OSError as error:
        raise MailerError(f"{name} cannot be read: {error.strerror or error}.") from None
    if not header:
        raise _refused(name, "the file is empty")
    last = header_line + sum(cell.count("\n") for cell in header)
    return CsvFile(
        path=path,
        name=name,
        encoding=encoding,
        delimiter=delimiter,
        header=tuple(cell.strip() for cell in header),
        header_line=last,
        rows=rows,
    )


def _refused(name: str, message: str, hint: str = "", line: int | None = None) -> InputProblems:
    return InputProblems([Problem(rule="import", message=message, file=name, line=line, hint=hint)])


def _encoding(path: Path, name: str) -> str:
    """By byte order mark, else UTF-8 if all of it is, else Windows-1252, which Excel writes."""
    with path.open("rb") as file:
        start = file.read(_CHUNK)
        for magic, (what, hint) in _FOREIGN.items():
            if start.startswith(magic):
                raise _refused(name, f"this is {what}, not CSV", hint)
        marked = next((encoding for mark, encoding in _MARKS.items() if start.startswith(mark)), None)
        guessed = marked or _utf16_without_mark(start) or "utf-8"
        file.seek(0)
        if _decodes(file, guessed, name):
            return guessed
        if guessed != "utf-8":
            raise _refused(name, f"the file begins as {guessed} and does not go on so", _EXCEL)
        file.seek(0)
        if _decodes(file, "cp1252", name):
            return "cp1252"
    raise _refused(name, "the text is in an encoding that is not known here", "save it as CSV in UTF-8")


def _utf16_without_mark(start: bytes) -> str | None:
    """Every other byte of a Latin text in UTF-16 is zero."""
    sample = start[:1000]
    if len(sample) < 4 or sample.count(0) < len(sample) // 4:
        return None
    return "utf-16-le" if sample[1::2].count(0) > sample[0::2].count(0) else "utf-16-be"


def _decodes(file: BinaryIO, encoding: str, name: str) -> bool:
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        while chunk := file.read(_CHUNK):
            if "\0" in decoder.decode(chunk):
                raise _refused(name, "this is a binary file, not CSV", _EXCEL)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _first_line(path: Path, encoding: str) -> tuple[int, str]:
    """(lines before the header, the line that tells the delimiter); Excel may say it in a line of its own."""
    with path.open(encoding=encoding, newline="") as file:
        for number, line in enumerate(file):
            if number == 0 and line.lower().startswith("sep="):
                return 1, line[4:5] * 2
            if line.strip():
                return 0, line
    return 0, ""


def _delimiter(line: str) -> str:
    """The likeliest of `,` `;` and tab, counted outside quotation marks."""
    outside = re.sub(r'"[^"]*("|$)', "", line)
    return max(",;\t", key=outside.count)


def _records(path: Path, name: str, encoding: str, delimiter: str, *, after: int) -> Iterator[tuple[int, list[str]]]:
    with path.open(encoding=encoding, newline="") as file:
        for _ in range(after):
            next(file, None)
        reader = csv.reader(file, delimiter=delimiter)
        line, start = 0, after + 1
        try:
            for cells in reader:
                line, start = start, after + reader.line_num + 1
                if start - line > _LONGEST_ROW:
                    raise _unclosed(name, line)
                if any(cells):
                    yield line, cells
        except csv.Error:  # a cell over 128 KB
            if _odd_quotes(path, encoding, start, after + reader.line_num):
                raise _unclosed(name, start) from None
            message = f"a cell of this row has more than {csv.field_size_limit():,} characters"
            raise _refused(name, message, "shorten it, or leave its column out", start) from None
        # Whether the last row swallowed what came after its quotation mark.
        if line and start - line > 1 and _odd_quotes(path, encoding, line, start - 1):
            raise _unclosed(name, line)


def _odd_quotes(path: Path, encoding: str, first: int, last: int) -> bool:
    """Whether the lines from `first` to `last` have a quotation mark that none closes."""
    with path.open(encoding=encoding, newline="") as file:
        return sum(line.count('"') for line in islice(file, first - 1, last)) % 2 == 1


def _unclosed(name: str, line: int) -> InputProblems:
    return _refused(name, "a quotation mark is opened in this row and never closed", "close it, or delete it", line)
