"""Imports of a text into a database, for tests."""

import csv
import io
from datetime import UTC, datetime, timedelta

from mailer.storage import people
from mailer.storage.import_files import FileOptions, import_file
from mailer.storage.subscribers import find_by_email

NOW = datetime(2024, 11, 22, 9, tzinfo=UTC)


def importer(database, folder):
    """Imports a text; gives the counts that are not zero. Its `batch` and `problems` are those of the last."""
    clock = iter(NOW + timedelta(minutes=number) for number in range(100))

    def run(text, **options):
        path = folder / "people.csv"
        path.write_text(text, encoding="utf-8", newline="")
        settings = {
            "name": "people.csv",
            "list_name": None,
            "default_list": "news",
            "declared_lists": ("news", "events"),
        }
        problems = folder / "people.problems.csv"
        problems.unlink(missing_ok=True)
        done = import_file(lambda: database, path, FileOptions(**settings | options), problems=problems, at=next(clock))
        assert done.counts.adds_up
        run.problems = list(csv.reader(io.StringIO(problems.read_text())))[1:] if done.problems else []
        run.batch = done.batch
        return {name: number for name, number in done.counts.to_json().items() if number}

    return run


def who(database, email):
    with database.reading() as connection:
        found = find_by_email(connection, email)
        return None if found is None else people.person(connection, found)
