"""Public ids as files carry them from one database to another: links in delivered mail name people by these.

A letter and hexadecimal digits: a spreadsheet would round a number of 64 bits, and takes this for text.
"""

import re

_WRITTEN = re.compile(r"p([0-9a-f]{16})")


def written(public_id: int) -> str:
    """The (unsigned) public id as text."""
    return f"p{public_id:016x}"


def read(text: str) -> int | None:
    """What `written` was given; None when this is not its work."""
    found = _WRITTEN.fullmatch(text)
    return None if found is None else int(found[1], 16)
