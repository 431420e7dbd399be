"""Files that editions link, by name. A file is kept, and served, as long as an edition names it."""

from collections.abc import Iterable

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from mailer.domain.media import MediaFile
from mailer.storage.tables import media


def put(connection: sa.Connection, files: Iterable[MediaFile]) -> None:
    """Keep `files`. One that is there already stays as it is: its name is the hash of its content."""
    rows = [{"name": file.name, "content_type": file.content_type, "content": file.content} for file in files]
    if rows:
        insert = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
        connection.execute(insert(media).on_conflict_do_nothing(), rows)


def get(connection: sa.Connection, name: str) -> MediaFile | None:
    """The file called `name`, "HASH.EXT"; None when there is none."""
    content = connection.execute(sa.select(media.c.content).where(media.c.name == name)).scalar_one_or_none()
    return None if content is None else MediaFile(name=name, content=content)
