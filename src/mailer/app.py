"""Assembly, and nothing else: settings become a database, a secret key, backends. Everything heavy is made on first use."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache, cached_property, partial
from importlib.metadata import entry_points
from pathlib import Path
from typing import TYPE_CHECKING

from mailer.errors import Refused, SettingsError
from mailer.runtime import spare_collector
from mailer.settings import RelaySettings, Settings
from mailer.settings.secret_key import long_enough, read_or_make_key

if TYPE_CHECKING:
    from mailer.alerts.teller import Teller
    from mailer.backend import Backend
    from mailer.delivery.at_once import AtOnce
    from mailer.delivery.observer import Observer
    from mailer.delivery.pace import Route
    from mailer.delivery.worker import Worker
    from mailer.domain.limits import Limits
    from mailer.edition.dkim import Signer
    from mailer.launch import Desk
    from mailer.scheduler import Scheduler
    from mailer.storage.database import Database


def system_clock() -> datetime:
    return datetime.now(UTC)


@dataclass
class App:
    """One program over one project. `clock` is the real time: leases and the ledger use it, never `project.clock`."""

    settings: Settings
    clock: Callable[[], datetime] = field(default=system_clock)

    def __post_init__(self) -> None:
        """On PostgreSQL the server's clock counts, which all machines share."""
        if self.clock is system_clock and self.settings.database.url.startswith("postgresql"):
            from mailer.storage.clock import SharedClock

            self.clock = SharedClock(lambda: vars(self).get("database"), system_clock)

    @property
    def now(self) -> datetime:
        """Now, for what people read: compile, check, render, preview, demo. The project's own clock if it sets one."""
        return self.settings.project.clock or self.clock()

    @property
    def database_url(self) -> str:
        if self.settings.database.url:
            return self.settings.database.url
        if self.settings.root is None:
            raise SettingsError(
                "There is no project here, and no database is named.",
                hint="Change into a folder with mailer.toml, run `mailer init`, or set MAILER_DATABASE_URL.",
            )
        return f"sqlite:///{self.settings.root / 'mailer.db'}"

    @property
    def has_database(self) -> bool:
        """Whether one is there already: render, check and preview look at it but never make it."""
        url = self.database_url if self.settings.database.url or self.settings.root else ""
        return bool(url) and (not url.startswith("sqlite") or Path(url.removeprefix("sqlite:///")).is_file())

    @cached_property
    def database(self) -> "Database":
        """The database at its current schema, made if it is not there."""
        from mailer.storage.database import Database
        from mailer.storage.schema import upgrade

        database = Database(self.database_url)
        upgrade(database)
        return database

    @cached_property
    def sending_database(self) -> "Database":
        """The database, for whatever may send: one that was set back to an older state of itself comes up paused."""
        from mailer.storage.instance import settle

        settle(self.database, now=self.clock())
        return self.database

    def close(self) -> None:
        """Close the database, if it was opened: with SQLite this writes its log back into the one file people copy."""
        if "database" in vars(self):
            self.database.dispose()

    @cached_property
    def secret_key(self) -> bytes:
        """Signs links. From the settings, else .mailer/secret.key, made on first use (0600)."""
        if self.settings.web.secret_key:
            return long_enough(self.settings.web.secret_key, self.settings.origins.get("web.secret_key", "secret_key"))
        if self.settings.root is None or not self.database_url.startswith("sqlite"):
            raise Refused(
                "No secret key is set, so the links in the mail could not be checked by other machines.",
                hint="Carry .mailer/secret.key over, and name it in MAILER_SECRET_KEY_FILE.",
            )
        return read_or_make_key(self.settings.root / ".mailer" / "secret.key")

    @property
    def relays(self) -> tuple[RelaySettings, ...]:
        """The relays that carry the mail, at least one. Raises SettingsError when none is configured."""
        if not self.settings.relays:
            raise SettingsError(
                "No relay is configured, so there is no way for mail to leave.",
                hint="Add one: `mailer relay add`, or set MAILER_SMTP_URL.",
            )
        return self.settings.relays

    def refuse_unknown_backends(self) -> None:
        """Raises SettingsError for a relay whose backend is not installed here."""
        for relay in self.settings.relays:
            backend_kind(relay.backend)

    @cached_property
    def signer(self) -> "Signer | None":
        """Signs the mail that leaves here; None where [dkim] names no key. Raises SettingsError for one of no use."""
        if not self.settings.dkim.wanted:
            return None
        from mailer.edition.dkim_keys import signer_for

        return signer_for(self.settings)

    @property
    def limits(self) -> "Mapping[str, Limits]":
        """What bounds the mail through each relay, by its name."""
        from mailer.domain.limits import all_limits

        return all_limits(self.settings)

    @property
    def desk(self) -> "Desk":
        """What campaigns are launched from."""
        from mailer.launch import Desk

        return Desk(settings=self.settings, database=self.sending_database, key=self.secret_key, clock=self.clock)

    def scheduler(self, *, told: Callable[[str], None] = lambda _: None) -> "Scheduler":
        """Fires what is due, from enter to exit. told: is told in a sentence what went out or went wrong."""
        from mailer.scheduler import Scheduler

        return Scheduler(self.desk, told=told)

    def worker(self, *, observer: "Observer | None" = None, only: int | None = None, processes: int = 1) -> "Worker":
        """One of `processes` workers over this project's relays. only: a mailing's id, None for all that is due."""
        from mailer.delivery.pace import pace_for
        from mailer.delivery.worker import Worker
        from mailer.storage.wake import woken

        routes = self._routes(self.carrier, processes=processes)
        spare_collector()
        return Worker(
            self.sending_database,
            clock=self.clock,
            key=self.secret_key,
            routes=routes,
            pace=pace_for(self.settings),
            observer=observer,
            only=only,
            woken=partial(woken, self.database),
        )

    def at_once(self, *, waits: Callable[[str, float], None] = lambda _relay, _seconds: None) -> "AtOnce":
        """Carries messages that are of no mailing through this project's relays. waits: as `AtOnce` takes it."""
        from mailer.delivery.at_once import AtOnce

        return AtOnce(self.database, self._routes(self.backend), clock=self.clock, waits=waits)

    def _routes(self, make_backend: "Callable[[RelaySettings], Backend]", *, processes: int = 1) -> "list[Route]":
        """The ways out of one of `processes` processes."""
        from mailer.delivery.pace import route_for

        return [
            route_for(
                self.settings,
                relay,
                partial(make_backend, relay),
                processes=processes,
                signer=self.signer,
                takes_turns=backend_kind(relay.backend).takes_turns,
            )
            for relay in self.relays
        ]

    def teller(self) -> "Teller":
        """Tells people what waits for them. Raises SettingsError when [alerts] cannot be followed."""
        from mailer.alerts.teller import Teller
        from mailer.alerts.watch import Watch
        from mailer.edition.dispatch import PLAIN, dispatch_for

        wanted = self.settings.alerts.relay
        relay = next((one for one in self.settings.relays if wanted in ("", one.name)), None)
        if self.settings.organisers and not self.settings.organisation.from_address:
            name = "alerts.to" if self.settings.alerts.to else "schedule.proof_to"
            raise SettingsError(
                f"{name} is set, and mail has no address to come from.", hint="Set organisation.from_address."
            )
        if relay is None and wanted:
            names = ", ".join(one.name for one in self.settings.relays)
            raise SettingsError(
                f'alerts.relay is "{wanted}", and no relay is called that.', hint=f"There are: {names}."
            )
        return Teller(
            self.database,
            self.settings,
            clock=self.clock,
            make_backend=lambda: self.backend(relay or self.relays[0]),
            dispatch=dispatch_for(relay, self.signer) if relay else PLAIN,
            make_key=lambda: self.secret_key,
            watch=Watch(self.database, self.settings, clock=self.clock, limits=self.limits),
        )

    def carrier(self, relay: RelaySettings) -> "Backend":
        """A fresh backend for mailings: in a rehearsal it sends everything to one address."""
        from mailer.backends.redirect import RedirectBackend

        backend, to = self.backend(relay), self.settings.sending.redirect_to
        # A bounce of a rehearsal must say nothing of the person for whom the message was made.
        sender = f"rehearsal@{relay.bounce_domain.lower()}" if relay.envelope == "verp" else ""
        return RedirectBackend(backend, to, sender=sender) if to else backend

    def backend(self, relay: RelaySettings) -> "Backend":
        """A fresh backend for `relay`. Several hosts of one account stand in for each other."""
        from mailer.backends.failover import FailoverBackend
        from mailer.settings.relay_options import options_for

        kind = backend_kind(relay.backend)
        options = options_for(relay, self.settings.root)
        each: list[Backend] = [kind(options | {"host": host}) for host in relay.hosts or ("",)]
        return each[0] if len(each) == 1 else FailoverBackend(each)


@cache
def backend_kind(name: str) -> "type[Backend]":
    """The class that is registered under `name`. Raises SettingsError. Looking through all that is installed takes a while."""
    found = entry_points(group="mailer.backends", name=name)
    if not found:
        names = sorted({point.name for point in entry_points(group="mailer.backends")})
        raise SettingsError(f'There is no backend "{name}".', hint=f"Installed: {', '.join(names)}.")
    kind: type[Backend] = next(iter(found)).load()
    return kind
