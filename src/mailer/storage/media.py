"""Pictures that editions link, by name. A picture is kept, and served, as long as an edition names it."""

from collections.abc import Iterable

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from mailer.domain.picture import Picture
from mailer.storage.tables import media


def put(connection: sa.Connection, pictures: Iterable[Picture]) -> None:
    """Keep `pictures`. One that is there already stays as it is: its name is the hash of its content."""
    rows = [
        {"name": picture.name, "content_type": picture.content_type, "content": picture.content} for picture in pictures
    ]
    if rows:
        insert = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
        connection.execute(insert(media).on_conflict_do_nothing(), rows)


def get(connection: sa.Connection, name: str) -> tuple[str, bytes] | None:
    """(content type, content) of the picture called `name`, "HASH.EXT"; None when there is none."""
    row = connection.execute(sa.select(media.c.content_type, media.c.content).where(media.c.name == name)).one_or_none()
    return None if row is None else (row.content_type, row.content)
