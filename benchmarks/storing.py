"""Rows 4 to 6: a campaign's messages built once, an audience written into the ledger, a list imported."""

import statistics
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import sqlalchemy as sa
import world
from engines import cost, engines, sqlite
from report import at_most, spread

from ledger_world import add_people, email, make_database
from mailer.domain.audience import Audience
from mailer.domain.mailing import InDoubt, MailingState
from mailer.launch import Order, read_draft, rehearse
from mailer.storage import mailings, materialise
from mailer.storage.bulk import know_sizes
from mailer.storage.import_files import FileOptions, import_file
from mailer.storage.tables import suppression
from sending_world import desk_for

MATERIALISE_SECONDS = {"SQLite": 2, "PostgreSQL": 5}
IMPORT_SECONDS = {"SQLite": 25, "PostgreSQL": 20}
#: The targets are for a million rows; fewer are judged by what a row may cost.
MILLION = 1_000_000


def building(size):
    """Row 4: the dry run of `send`, which builds everybody's message once."""
    seconds = []
    with tempfile.TemporaryDirectory() as name, sqlite() as engine:
        desk = desk_for(world.make_letter_project(Path(name) / "project"), url=engine.url)
        add_people(desk.database, size.built)
        world.give_attributes(desk.database)
        draft = read_draft(desk, Order(slug="letter"))
        for _ in range(size.rounds):
            found, spent = cost(engine, lambda: rehearse(desk, draft))
            assert found.people == size.built
            seconds.append(spent.cpu / size.built * 10_000)
        desk.database.dispose()
    each = spread([one / 10_000 * 1e6 for one in seconds])
    notes = (f"{size.built:,} messages of {world.octets():,} octets, {size.rounds} rounds; {each} µs each",)
    return [
        at_most(
            4,
            "personalising 10,000 recipients (dry run)",
            statistics.median(seconds),
            0.8,
            "s of CPU",
            *notes,
            digits=2,
        )
    ]


def materialising(size):
    """Row 5: everybody a confirmed member of one list, one in a hundred suppressed, the ledger with all its indexes."""
    results = []
    for make in engines():
        with make() as engine:
            database = make_database(engine.url)
            add_people(database, size.people)
            now = datetime.now(UTC)
            with database.writing() as connection:
                some = [{"email_key": email(one)} for one in range(1, size.people + 1, 100)]
                connection.execute(sa.insert(suppression).values(reason="left", detail="", at=now), some)
                know_sizes(connection)  # as an import does
            costs = [_materialise(engine, database, number) for number in range(1, size.heavy_rounds + 1)]
            database.dispose()
        results.append(
            _result(5, "materialise 1,000,000 deliveries", engine, costs, rows=size.people, limits=MATERIALISE_SECONDS)
        )
    return results


def _materialise(engine, database, number):
    now = datetime.now(UTC)
    content = mailings.Content(
        edition_id=None,
        title="",
        audience=Audience(list_name="news"),
        starts_at=now,
        send_by=None,
        give_up_at=now,
        in_doubt=InDoubt.HOLD,
    )
    new = {"slug": "letter", "number": number, "kind": "article", "state": MailingState.MATERIALISING}
    with database.writing() as connection:
        mailing_id = mailings.add(connection, **new, content=content, at=now)
    _, spent = cost(engine, lambda: materialise.materialise(database, mailing_id, at=now, undo=timedelta(0)))
    return spent


def importing(size):
    """Row 6: six columns, two tags each, into an empty database."""
    results = []
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "people.csv"
        _write_list(path, size.people)
        for make in engines():
            costs = []
            for _ in range(size.heavy_rounds):
                with make() as engine:
                    costs.append(_import(engine, path, size.people))
            results.append(
                _result(6, "import 1,000,000 rows of CSV", engine, costs, rows=size.people, limits=IMPORT_SECONDS)
            )
    return results


def _write_list(path, rows):
    with path.open("w", encoding="utf-8") as file:
        file.write("Email,First name,Last name,City,Age,Tags\n")
        for number in range(rows):
            tags = f"donor, {'volunteer' if number % 3 else 'member'}"
            file.write(f'person.{number}@example.org,Ana,Rivas {number},Leeds,{number % 90},"{tags}"\n')


def _import(engine, path, rows):
    database = make_database(engine.url)
    options = FileOptions(name=path.name, list_name="news", default_list="news", declared_lists=("news",))
    problems = path.with_suffix(".problems.csv")
    done, spent = cost(
        engine, lambda: import_file(lambda: database, path, options, problems=problems, at=datetime.now(UTC))
    )
    database.dispose()
    assert done.counts.new == rows
    return spent


def _result(row, what, engine, costs, *, rows, limits):
    """Judged by CPU, the server's included: the clock also counts what the neighbours do."""
    share = MILLION / rows
    notes = (
        f"{rows:,} rows, {len(costs)} rounds",
        f"seconds for a million by the clock {spread([one.wall * share for one in costs], '{:.1f}')}",
        f"CPU of this program {spread([one.client * share for one in costs], '{:.1f}')}, of the server {spread([one.server * share for one in costs], '{:.1f}')}",
    )
    seconds = statistics.median(one.cpu * share for one in costs)
    return at_most(row, f"{what}, {engine.name}", seconds, limits[engine.name], "s of CPU", *notes, digits=1)
