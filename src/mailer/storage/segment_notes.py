"""Names in a segment that nobody has: not wrong, for people may still come, but usually a slip of the pen."""

import sqlalchemy as sa

from mailer.domain.segment import Attribute, Received, Segment, Tagged, leaves
from mailer.domain.segment_terms import suggestion
from mailer.storage.subscribers import known_attributes
from mailer.storage.tables import mailing, tag


def notes(connection: sa.Connection, segment: Segment) -> list[str]:
    """One sentence for each attribute, tag or campaign in the segment that nobody has or that was never sent."""
    found: list[str] = []
    asked = leaves(segment)
    for what, names, known in (
        ("attribute", [leaf.name for leaf in asked if isinstance(leaf, Attribute)], known_attributes),
        ("tag", [leaf.tag for leaf in asked if isinstance(leaf, Tagged)], _tags),
        ("campaign", [leaf.slug for leaf in asked if isinstance(leaf, Received)], _slugs),
    ):
        there = known(connection) if names else frozenset()
        for name in dict.fromkeys(names):
            if name not in there:
                hint = suggestion(name, there)
                missing = (
                    f'no campaign "{name}" has been sent' if what == "campaign" else f'nobody has the {what} "{name}"'
                )
                found.append(f"{missing}; {hint}" if hint else missing)
    return found


def _tags(connection: sa.Connection) -> frozenset[str]:
    return frozenset(connection.scalars(sa.select(tag.c.name)))


def _slugs(connection: sa.Connection) -> frozenset[str]:
    return frozenset(connection.scalars(sa.select(mailing.c.slug).distinct()))
