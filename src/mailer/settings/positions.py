"""Where things stand in a TOML file: its parser keeps no positions, so this looks where a person would."""

import re

_HEADER = re.compile(r"\s*(\[\[?)\s*([\w.-]+)\s*\]")
_QUOTES = re.compile(r'"""|\'\'\'')


class Positions:
    """Line numbers count from 1."""

    def __init__(self, text: str) -> None:
        #: (line, its text, the table it stands in, which of the tables of that name, whether it is that table's header)
        self._lines = list(_placed(text))

    def line_of(self, key: str, table: str = "", number: int = 0) -> int | None:
        """Where `key` stands in `table`, the `number`th [[…]] of that name. None if it is not to be seen."""
        entry, below = re.compile(rf"\s*\"?{re.escape(key)}\"?\s*[=.]"), f"{table}.{key}" if table else key
        for line, text, here, place, is_header in self._lines:
            if place == number and ((is_header and here == below) or (here == table and entry.match(text))):
                return line
        return None

    def header_of(self, table: str, number: int = 0) -> int | None:
        """Where `table` begins, the `number`th [[…]] of that name; else where its name stands at the top."""
        for line, _, here, place, is_header in self._lines:
            if is_header and (here, place) == (table, number):
                return line
        return self.line_of(table)

    def end_of(self, table: str) -> int | None:
        """The last line that says something of `table`, or of the last [[…]] of that name, tables below it included."""
        ends = [
            line
            for line, text, here, _, _ in self._lines
            if (here == table or here.startswith(f"{table}.")) and text.strip() and not text.lstrip().startswith("#")
        ]
        return ends[-1] if ends else None


def _placed(text: str) -> "list[tuple[int, str, str, int, bool]]":
    found, counts, here, inside = [], dict[str, int](), "", False
    for line, content in enumerate(text.splitlines(), 1):
        header = None if inside else _HEADER.match(content)
        if header:
            here = header[2]
            if header[1] == "[[":
                counts[here] = counts.get(here, -1) + 1
        # A table below a [[…]] belongs to the last one of it.
        place = next((counts[name] for name in _above(here) if name in counts), 0)
        found.append((line, content, here, place, header is not None))
        inside ^= len(_QUOTES.findall(content)) % 2 == 1
    return found


def _above(table: str) -> list[str]:
    parts = table.split(".")
    return [".".join(parts[:length]) for length in range(len(parts), 0, -1)]
