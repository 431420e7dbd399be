"""A glance at what a database holds, for somebody who is typing: a few names, at once.

The drivers are asked without SQLAlchemy, which takes longer to load than a person waits for TAB. Nothing is made, upgraded or
waited for: whatever is in the way raises, and whoever asks offers nothing then.
"""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

#: What somebody means is among the newest.
_MOST = 100
#: Seconds; the second is the least that libpq takes.
_SQLITE_WAITS, _POSTGRES_WAITS = 0.2, 2
_MAILINGS = f"SELECT id, slug, state FROM mailing ORDER BY id DESC LIMIT {_MOST}"  # noqa: S608 (a number of ours)
_SCHEDULES = "SELECT slug, state FROM schedule WHERE state IN ('armed', 'paused') ORDER BY slug"


def newest_mailings(url: str) -> list[tuple[int, str, str]]:
    """(id, slug, state), newest first. url: of a database that is there."""
    return _read(url, _MAILINGS)


def schedules_in_force(url: str) -> list[tuple[str, str]]:
    """(slug, state) of those that are armed or paused."""
    return _read(url, _SCHEDULES)


def _read(url: str, query: str) -> list[Any]:
    if url.startswith("sqlite:///"):
        path = Path(url.removeprefix("sqlite:///")).absolute()
        with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True, timeout=_SQLITE_WAITS)) as connection:
            return connection.execute(query).fetchall()
    import psycopg  # noqa: PLC0415 (only where it is needed: it takes a quarter of a second to load)

    address = url.replace("postgresql+psycopg:", "postgresql:", 1)
    with psycopg.connect(address, connect_timeout=_POSTGRES_WAITS) as connection:
        return connection.execute(query.encode()).fetchall()
