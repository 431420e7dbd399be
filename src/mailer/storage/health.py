"""Whether a database is sound: its schema, its pages, its references, who may read its file."""

import stat
from dataclasses import dataclass

from mailer.storage.database import Database
from mailer.storage.schema import HEAD, current_revision


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """problems: sentences for a person; none means sound."""

    revision: str | None
    problems: tuple[str, ...]


def examine(database: Database) -> Health:
    """Read all of it once; a million people take seconds."""
    problems = list(_permissions(database))
    with database.reading() as connection:
        revision = current_revision(connection)
        if revision != HEAD:
            what = "has no schema of ours" if revision is None else f"is at schema {revision}, not {HEAD}"
            problems.append(f"The database {what}. Run `mailer db upgrade`.")
        if database.is_sqlite:
            for (line,) in connection.exec_driver_sql("PRAGMA integrity_check(10)"):
                if line != "ok":
                    problems.append(f"The file is damaged: {line}. Restore it from a backup.")
            broken = connection.exec_driver_sql("PRAGMA foreign_key_check").all()
            if broken:
                problems.append(f"{len(broken)} rows point at nothing (the first in {broken[0][0]}).")
    return Health(revision=revision, problems=tuple(problems))


def _permissions(database: Database) -> list[str]:
    file = database.file
    if file is None or not file.exists() or not stat.S_IMODE(file.stat().st_mode) & 0o077:
        return []
    return [f"Others on this machine can read {file.name}. Run: chmod 600 {file}"]
