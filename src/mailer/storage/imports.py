"""The bulk path of an import.

A batch of 50,000 rows is one transaction: it is there whole or not at all, so an import that was interrupted is finished
by running it again. Memory holds one batch's addresses and nothing that grows with the file. Nobody is mailed, and
nobody who left, or is suppressed, is brought back or changed.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import chain, islice

import sqlalchemy as sa

from mailer.domain.address import email_key
from mailer.domain.imports import ImportCounts, ImportPlan, ImportRow, RowProblem
from mailer.storage import import_sql as sql
from mailer.storage.bulk import know_sizes
from mailer.storage.database import Database
from mailer.storage.history import import_named
from mailer.storage.import_staging import Staged, Staging, ahead, looking_up, staging_tables, vouch_for_references
from mailer.storage.tables import import_batch
from mailer.storage.types import UtcDateTime

BATCH = 50_000
#: So many new people change how PostgreSQL had better go about things; by itself it finds that out a minute later, or more.
MANY = 10_000
Report = Callable[[RowProblem], None]
#: Rows by what becomes of them.
Fates = dict[str, int]
UNDECIDED = ""
_REASONS = {
    "unsubscribed": "left this list: left alone",
    "left": "asked to hear nothing more: left alone",
    "duplicate": "the address stands further up already: that row was used",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """batch: what `import --undo` takes; None after a dry run."""

    batch: int | None
    counts: ImportCounts


def import_people(
    database: Database,
    plan: ImportPlan,
    rows: Iterable[ImportRow | RowProblem],
    *,
    at: datetime,
    report: Report,
    progress: Callable[[int], None] = lambda _: None,
) -> Imported:
    """Bring `rows` in. `report` gets every row that was not used, `progress` the number read so far."""
    source = iter(rows)
    with database.holding() as connection, staging_tables(connection, dry_run=plan.dry_run):
        with connection.begin():
            batch = None if plan.dry_run else _begun(connection, plan, at)
        run = _Run(connection, plan, batch=batch, at=at, report=report)
        while first := list(islice(source, 1)):
            with connection.begin():
                run.take(islice(chain(first, source), BATCH))
            progress(run.counts.read)
        with connection.begin():
            finished = import_batch.update().where(import_batch.c.id == batch)
            connection.execute(finished.values(finished_at=datetime.now(UTC)))
            if run.counts.new >= MANY:
                know_sizes(connection)
    return Imported(batch=batch, counts=run.counts)


def _begun(connection: sa.Connection, plan: ImportPlan, at: datetime) -> int:
    made: int | None = connection.scalar(
        import_batch.insert().values(file=plan.file, started_at=at).returning(import_batch.c.id)
    )
    assert made is not None
    return made


class _Run:
    """One import on one connection."""

    def __init__(
        self, connection: sa.Connection, plan: ImportPlan, *, batch: int | None, at: datetime, report: Report
    ) -> None:
        self._connection, self._plan, self._batch, self._report = connection, plan, batch, report
        self._staging = Staging(connection, make=not plan.dry_run, tags=plan.tags, fields=plan.fields)
        self._values = {"at": at, "batch": batch, "file": import_named(batch, plan.file), "consent": plan.consent}
        self._remembering = False
        self.counts = ImportCounts()

    def take(self, rows: Iterable[ImportRow | RowProblem]) -> None:
        """One batch, in the open transaction."""
        staged = self._staging.fill(self._good(rows))
        if self._plan.list_name is not None:
            self._values["list_id"] = self._staging.lists.id(self._plan.list_name)
        self._values["ahead"] = ahead(self._connection)
        fates = self._judge(staged)
        if self._batch is not None:
            self._write(staged, fates)
        self._settle(fates)

    def _judge(self, staged: Staged) -> Fates:
        """Decide on every row; how many came to what."""
        if self._remembering:
            self._execute(sql.SEEN_BEFORE)
        with looking_up(self._connection):
            self._execute(sql.LINK)
        self._execute(sql.SUPPRESSED + "email_key")
        if staged.erased:
            self._execute(sql.SUPPRESSED + "erased_key")
        fates = self._fates()
        if UNDECIDED not in fates:
            return fates
        if self._plan.list_name is not None:
            self._execute(sql.DEFAULT_SUBSCRIPTION)
        for template in sql.JUDGE_KNOWN:
            self._execute(template)
        return self._fates()

    def _write(self, staged: Staged, fates: Fates) -> None:
        vouch_for_references(self._connection, self._staging.lists.known.values())
        if "new" in fates:
            self._execute(sql.ADD_PEOPLE)
            self._execute(sql.ADD_SUBSCRIPTIONS if self._plan.list_name is None else sql.ADD_MEMBERS)
        if "updated" in fates:
            for template in (*sql.APPLY_KNOWN, sql.TELL):
                self._execute(template)
        if staged.topics:
            self._execute(sql.SET_TOPICS)
        if staged.suppressed:
            self._execute(sql.SUPPRESS)

    def _good(self, rows: Iterable[ImportRow | RowProblem]) -> Iterator[tuple[ImportRow, str]]:
        """The rows of this batch that can be used and are the first of their address, with its key; the others are reported."""
        seen: set[str] = set()
        invalid = duplicate = 0
        for row in rows:
            if isinstance(row, RowProblem):
                invalid += 1
                self._report(row)
                continue
            key = email_key(row.email)
            if key in seen:
                duplicate += 1
                self._report(RowProblem(row.line, row.email, _REASONS["duplicate"]))
                continue
            seen.add(key)
            yield row, key
        self.counts.read += len(seen) + invalid + duplicate
        self.counts.invalid += invalid
        self.counts.duplicate += duplicate

    def _execute(self, template: str) -> None:
        clause = sql.statement(self._connection, template)
        types = {"at": UtcDateTime()}
        used = [
            sa.bindparam(name, value, types.get(name))
            for name, value in self._values.items()
            if f":{name}" in clause.text
        ]
        self._connection.execute(clause.bindparams(*used))

    def _fates(self) -> Fates:
        return {row.fate: row.number for row in self._connection.execute(sa.text(sql.FATES))}

    def _settle(self, fates: Fates) -> None:
        """Count the batch, tell of the rows that were left alone, and remember what a later row must not repeat."""
        for fate, number in fates.items():
            setattr(self.counts, fate, getattr(self.counts, fate) + number)
        if fates.keys() & {"suppressed", "duplicate"}:
            for line, email, fate, note in self._connection.execute(sa.text(sql.LEFT_ALONE)):
                words = _REASONS.get(note or fate, f"may not be mailed ({note}): left alone")
                self._report(RowProblem(line, email, words))
        if self._batch is None or fates.keys() - {"new", "duplicate"}:
            self._execute(sql.REMEMBER)
            self._remembering = True
        counted = import_batch.update().where(import_batch.c.id == self._batch)
        self._connection.execute(counted.values(counts=self.counts.to_json()))
