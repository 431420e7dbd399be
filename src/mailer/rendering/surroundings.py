"""What a campaign is compiled in, beside its own file."""

from dataclasses import dataclass
from datetime import datetime

from mailer.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """now: for all that depends on the clock. known_attributes: those that any subscriber has; None when nobody can be asked."""

    settings: Settings
    now: datetime
    known_attributes: frozenset[str] | None = None
