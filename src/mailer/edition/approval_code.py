"""The short code that stands in a proof: whoever types it has the proof of exactly this issue before them.

Only a holder of the secret key can make it, and another text, other items or another occurrence have another code. It
is typed at our own command line by people who could approve without it, so six characters are enough.
"""

import hmac
from collections.abc import Sequence

from mailer.edition.links import keyed

#: No 0 and O, no 1, I and L: what is read aloud or copied by hand arrives.
_LETTERS = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
LENGTH = 6


def approval_code(key: bytes, *, schedule_id: int, occurrence: str, sources: str, items: Sequence[str]) -> str:
    """sources: hash of what was compiled. items: keys of what the issue holds, in their order."""
    state = keyed(key, use=b"mailer approval", size=8)
    for part in (str(schedule_id), occurrence, sources, *items):
        state.update(len(part).to_bytes(4, "big") + part.encode())  # so that no two lists read alike
    number = int.from_bytes(state.digest(), "big")
    letters = []
    for _ in range(LENGTH):
        number, digit = divmod(number, len(_LETTERS))
        letters.append(_LETTERS[digit])
    return "".join(letters)


def same_code(typed: str, code: str) -> bool:
    """Whether a person typed it: in small letters too, and with spaces or hyphens."""
    tidy = "".join(letter for letter in typed.upper() if letter.isalnum())
    return hmac.compare_digest(tidy.encode(), code.encode())
