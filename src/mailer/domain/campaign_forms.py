"""What the values of a campaign file look like, as JSON Schema says it to editors; `campaign_types` reads them."""

from collections.abc import Iterable
from typing import Any

from mailer.domain.count import QUALIFIERS, VAGUE


def form(pattern: str, *examples: str) -> dict[str, Any]:
    """What a text looks like, for editors. pattern: of the whole of it, in the syntax of ECMAScript with its flag u."""
    return {"type": "string", "pattern": f"^({pattern})$", "examples": list(examples)}


def either(pattern: str, kind: str, *examples: str | float) -> dict[str, Any]:
    """The same, or a number. kind: "integer" or "number"."""
    forms = [{"type": kind, "minimum": 0}, {"type": "string", "pattern": f"^({pattern})$"}]
    return {"anyOf": forms, "examples": list(examples)}


def _any_case(words: Iterable[str]) -> str:
    """A pattern of any of `words`, with a small letter or a capital at its beginning."""
    return "|".join(f"[{word[0].upper()}{word[0]}]{word[1:]}" for word in words)


#: A count as `mailer.domain.count` reads it.
COUNTS = rf"(({_any_case(QUALIFIERS)})\s+)?(\d{{1,3}}(,\d{{3}})+|\d{{1,9}})|{_any_case(VAGUE)}"
