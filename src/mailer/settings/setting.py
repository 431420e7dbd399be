"""How one setting is written down: a field of a section with its default and its help."""

from dataclasses import field
from typing import TypeVar

T = TypeVar("T")


def setting(default: T, help_text: str, *, secret: bool = False) -> T:
    """A field of a section; a secret is never printed."""
    return field(default=default, repr=not secret, metadata={"help": help_text, "secret": secret})
