"""Whoever lives looks whether somebody does not: what is due and nobody does, and a relay that the others stand in for.

A process that has just begun has not waited yet: beside it others may be about to begin too. So only what it has seen for a
while is written down to be told. Where nothing runs at all nobody looks: `healthcheck` and `/metrics` are asked from outside.
"""

import logging
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from mailer.domain.limits import Limits
from mailer.errors import MailerError
from mailer.settings import Settings
from mailer.storage import alerts, heartbeats
from mailer.storage.alerts import Kind
from mailer.storage.database import Connection, Database
from mailer.storage.silence import silences

log = logging.getLogger(__name__)
#: Seen for so long, it is no restart and no moment's trouble.
PATIENCE = timedelta(minutes=2)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Finding:
    kind: Kind
    key: str
    detail: str
    slug: str = ""
    mailing_id: int | None = None


class Watch:
    """Looks at one database again and again, from one thread."""

    def __init__(
        self, database: Database, settings: Settings, *, clock: Callable[[], datetime], limits: Mapping[str, Limits]
    ) -> None:
        """limits: of each relay, by its name."""
        self._database, self._clock, self._limits = database, clock, limits
        self._relays = tuple(relay.name for relay in settings.relays)
        self._first_seen: dict[str, datetime] = {}

    def look(self) -> None:
        """Write down what has been so for a while. What goes wrong is logged, and looked at again later."""
        now = self._clock()
        try:
            with self._database.reading() as connection:
                found = {f"{one.kind}:{one.key}": one for one in self._findings(connection, now)}
            self._first_seen = {key: self._first_seen.get(key, now) for key in found}
            lasting = [one for key, one in found.items() if now - self._first_seen[key] >= PATIENCE]
            if lasting:
                self._tell(lasting, now)
        except MailerError as error:  # the database: the next look tries again
            log.warning("watch.failed error=%s", error.code)

    def _tell(self, lasting: list[_Finding], now: datetime) -> None:
        with self._database.writing() as connection:
            for one in lasting:
                is_new = alerts.add(
                    connection,
                    one.kind,
                    key=one.key,
                    detail=one.detail,
                    at=now,
                    slug=one.slug,
                    mailing_id=one.mailing_id,
                )
                if is_new:
                    log.error("watch.%s campaign=%s: %s", one.kind, one.slug or "-", one.detail)

    def _findings(self, connection: Connection, now: datetime) -> Iterator[_Finding]:
        for one in silences(connection, now=now, limits=self._limits):
            yield _Finding(kind=Kind.SILENT, key=one.key, detail=one.detail, slug=one.slug, mailing_id=one.mailing_id)
        for said in heartbeats.troubles(connection, now=now):
            named = [name for name in self._relays if said.startswith(f"{name}: ") or f" {name}: " in said]
            if len(named) < len(self._relays):  # with all of them in trouble nothing leaves, and that is told otherwise
                for name in named:
                    yield _Finding(kind=Kind.RELAY, key=f"{name}:{now:%Y-%m-%d}", detail=said.rstrip("."))
