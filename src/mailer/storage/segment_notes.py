"""Names in a segment that nobody has: not wrong, for people may still come, but usually a slip of the pen."""

import sqlalchemy as sa

from mailer.domain.segment import Attribute, Hears, Received, Segment, Tagged, leaves
from mailer.domain.segment_terms import suggestion
from mailer.storage.subscribers import known_attributes
from mailer.storage.tables import mailing, subscriber


def notes(connection: sa.Connection, segment: Segment) -> list[str]:
    """One sentence for each attribute, tag, topic or campaign in the segment that nobody has, chose, or was ever sent."""
    found: list[str] = []
    asked = leaves(segment)
    for what, names, known in (
        ("attribute", [leaf.name for leaf in asked if isinstance(leaf, Attribute)], known_attributes),
        ("tag", [leaf.tag for leaf in asked if isinstance(leaf, Tagged)], _tags),
        ("topic", [leaf.topic for leaf in asked if isinstance(leaf, Hears)], _topics),
        ("campaign", [leaf.slug for leaf in asked if isinstance(leaf, Received)], _slugs),
    ):
        there = known(connection) if names else frozenset()
        for name in dict.fromkeys(names):
            if name not in there:
                hint = suggestion(name, there)
                missing = {
                    "campaign": f'no campaign "{name}" has been sent',
                    "topic": f'nobody has chosen the topic "{name}": it holds for those who chose nothing',
                }.get(what, f'nobody has the {what} "{name}"')
                found.append(f"{missing}; {hint}" if hint else missing)
    return found


def _tags(connection: sa.Connection) -> frozenset[str]:
    return _all_of(connection, subscriber.c.tags)


def _topics(connection: sa.Connection) -> frozenset[str]:
    return _all_of(connection, subscriber.c.topics)


def _all_of(connection: sa.Connection, names: sa.ColumnElement[list[str]]) -> frozenset[str]:
    """Every name that anybody has there."""
    combinations = sa.select(names).where(names != sa.text("'[]'")).distinct()
    return frozenset(name for some in connection.scalars(combinations) for name in some)


def _slugs(connection: sa.Connection) -> frozenset[str]:
    return frozenset(connection.scalars(sa.select(mailing.c.slug).distinct()))
