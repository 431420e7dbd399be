"""The table of settings: name, default, help."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime
from pathlib import Path
from urllib.parse import unquote

from mailer.settings.dkim import DkimSettings
from mailer.settings.relays import RelaySettings
from mailer.settings.setting import setting

FILE_NAME = "mailer.toml"
SHORTEST_SECRET = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectSettings:
    timezone: str = setting("Europe/London", "IANA zone in which dates and times without a zone are read")
    language: str = setting("en", "language of campaigns that do not name one")
    clock: datetime | None = setting(
        None, "an ISO instant that stands for now when compiling and checking; examples set it"
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class OrganisationSettings:
    name: str = setting("", "who sends: stands in the header, the footer and beside the From address")
    from_address: str = setting("", "the From address of campaigns that do not name one")
    reply_to: str = setting("", "where answers go when not to the From address")
    postal_address: str = setting("", "stands in every footer: the law of several countries asks for it")
    website: str = setting("", "the organisation's own site, linked from the header")
    about: str = setting("", "one sentence for the footer: who you are")
    promoter: str = setting("", "imprint of election material: name and postal address of the promoter")


@dataclass(frozen=True, slots=True, kw_only=True)
class BrandSettings:
    name: str = setting("", "the name in the header; default: the organisation's")
    logo: str = setting("", "a picture file of the project for the header; without one the name is set in type")
    accent: str = setting("#b3261e", "the one colour: kicker, links, buttons")
    accent_dark: str = setting("", "the accent on dark backgrounds; default: the accent, lightened until it reads")
    ink: str = setting("#1d1b20", "text")
    paper: str = setting("#ffffff", "background of the letter")
    canvas: str = setting("#f2efea", "background around the letter")
    headings: str = setting("Georgia, 'Times New Roman', serif", "font stack of headings")


@dataclass(frozen=True, slots=True, kw_only=True)
class WebSettings:
    public_url: str = setting("", "where subscribers reach `mailer serve`: https, without a path at its end")
    host: str = setting("127.0.0.1", "address `serve` listens on")
    port: int = setting(8000, "port `serve` listens on")
    metrics: str = setting("", "where Prometheus may ask for figures, such as 127.0.0.1:9464; unset: nowhere")
    secret_key: str = setting(
        "", "signs links; made on first run and kept in .mailer/secret.key when unset", secret=True
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class DatabaseSettings:
    url: str = setting("", "sqlite:///path or postgresql+psycopg://…; default: mailer.db in the project", secret=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class ListSettings:
    title: str = setting("", "what subscribers see; default: the list's name")
    description: str = setting("", "what people agreed to get")


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscribersSettings:
    default_list: str = setting("news", "the list of campaigns and imports that do not name one")
    lists: Mapping[str, ListSettings] = field(
        default_factory=lambda: {"news": ListSettings(title="News")},
        metadata={"help": "one table per list: [subscribers.lists.NAME] with title and description", "secret": False},
    )
    topics: Mapping[str, str] = field(
        default_factory=dict,
        metadata={
            "help": "what people can choose to hear of: slug = title under [subscribers.topics]",
            "secret": False,
        },
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class SendingSettings:
    lease_seconds: int = setting(60, "how long a worker holds recipients before others may take them over")
    retry_first_seconds: int = setting(120, "wait before the first retry; doubles each time, with jitter")
    give_up_hours: int = setting(72, "retries end after this, or at the campaign's send_by if that is earlier")
    in_doubt: str = setting("hold", "after a crash, messages that may have left: hold (list them) or resend")
    max_in_doubt: int = setting(64, "messages a worker marks as sending ahead of the wire")
    undo_seconds: int = setting(60, "mailings over 500 people wait this long before the first message leaves")
    breaker: str = setting("on", "pause a mailing whose messages are refused one after another: on or off")
    connections: int = setting(4, "SMTP connections of one worker process")
    rate_per_mailing: float = setting(0.0, "messages a second of each mailing, over all relays; 0: no limit")
    window: str = setting("", "hours in which mail leaves, such as 08:00-20:00; unset: at any hour")
    window_zone: str = setting("", "IANA zone of the hours; default: project.timezone")
    processes: int = setting(1, "worker processes")
    redirect_to: str = setting("", "a rehearsal: every message goes to this address, and nobody on the list gets any")
    require_approval: str = setting("off", "off, over-500 or always")
    unsubscribe_mailbox: str = setting("", "a mailbox that is read for requests to leave; stands in List-Unsubscribe")


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleSettings:
    grace_hours: float = setting(24.0, "a one-off that is later than this expires instead of surprising people")
    hold_after_hours: float = setting(6.0, "what would go out later than this is held until a person lets it go")
    window: str = setting(
        "08:00-20:00", "hours in which what is late may go out, in the schedule's zone; empty: at any"
    )
    proof_to: str = setting("", "who gets proofs by mail: addresses, with commas between; default: those of alerts.to")


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedsSettings:
    minutes: int = setting(30, "how often the feeds of armed digests are asked for what is new")
    seconds: int = setting(20, "an issue that is put together waits for all its feeds no longer than this")
    max_bytes: int = setting(5_000_000, "a feed that is larger is not read")
    allow_private: str = setting("", "hosts in private networks whose feeds may be read, with commas between")


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertsSettings:
    to: str = setting("", "who is told by mail when a mailing needs a person: addresses, with commas between")
    relay: str = setting("", "the relay that carries this mail, by its name; default: the first")
    webhook: str = setting("", "an https address that is told too, as a JSON document", secret=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class LogSettings:
    format: str = setting("text", "the log of up, serve, worker and scheduler: text, or json (one object a line)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """All settings. `root`: the project folder, None when there is none.

    origins: dotted name -> where its value came from. lines: dotted name -> its line in mailer.toml.
    """

    project: ProjectSettings = field(default_factory=ProjectSettings)
    organisation: OrganisationSettings = field(default_factory=OrganisationSettings)
    brand: BrandSettings = field(default_factory=BrandSettings)
    web: WebSettings = field(default_factory=WebSettings)
    database: DatabaseSettings = field(default_factory=DatabaseSettings)
    subscribers: SubscribersSettings = field(default_factory=SubscribersSettings)
    sending: SendingSettings = field(default_factory=SendingSettings)
    relays: tuple[RelaySettings, ...] = ()
    dkim: DkimSettings = field(default_factory=DkimSettings)
    schedule: ScheduleSettings = field(default_factory=ScheduleSettings)
    feeds: FeedsSettings = field(default_factory=FeedsSettings)
    alerts: AlertsSettings = field(default_factory=AlertsSettings)
    log: LogSettings = field(default_factory=LogSettings)
    root: Path | None = None
    origins: Mapping[str, str] = field(default_factory=dict)
    lines: Mapping[str, int] = field(default_factory=dict)

    @property
    def leaves_this_machine(self) -> bool:
        """Whether any relay carries mail further than loopback."""
        return not all(relay.on_loopback for relay in self.relays)

    @property
    def organisers(self) -> str:
        """Addresses, with commas between, of those who look at proofs; "" if there is nobody."""
        return self.schedule.proof_to or self.alerts.to

    @property
    def secrets(self) -> frozenset[str]:
        """Every value that is never printed, and the passwords within those that are URLs."""
        tables = [*(getattr(self, name) for name in SECTIONS), *self.relays]
        hidden = {
            text
            for table in tables
            for one in fields(table)
            if one.metadata.get("secret")
            for text in _texts(getattr(table, one.name))
        }
        return frozenset(hidden | {_password(text) for text in hidden}) - {""}

    def place_of(self, *names: str) -> tuple[str, int | None]:
        """(file or variable, line) where the first of `names` that is set anywhere is set; else mailer.toml as a whole."""
        for name in names:
            origin = self.origins.get(name)
            if origin:
                return origin, self.lines.get(name) if origin == FILE_NAME else None
        return FILE_NAME, None


def _texts(value: object) -> Iterator[str]:
    """The text itself, or those of a table that are long enough to be a secret and no ordinary word."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        yield from (text for text in value.values() if isinstance(text, str) and len(text) >= SHORTEST_SECRET)


def _password(url: str) -> str:
    login, at, _ = url.partition("://")[2].rpartition("@")
    return unquote(login.partition(":")[2]) if at else ""


SECTIONS: dict[str, type] = {
    "project": ProjectSettings,
    "organisation": OrganisationSettings,
    "brand": BrandSettings,
    "web": WebSettings,
    "database": DatabaseSettings,
    "subscribers": SubscribersSettings,
    "sending": SendingSettings,
    "dkim": DkimSettings,
    "schedule": ScheduleSettings,
    "feeds": FeedsSettings,
    "alerts": AlertsSettings,
    "log": LogSettings,
}
