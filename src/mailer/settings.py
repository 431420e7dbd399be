"""
Every setting in one table: name, default, help. Read once into a frozen `Settings`, then passed as arguments.

Precedence: environment (`MAILER_*`) > `mailer.toml` > default. An option of a command stands above all three.
Plain dataclasses rather than the model library: workers read settings too, and start fast and stay small.
"""

import difflib
import ipaddress
import os
import re
import tomllib
import types
import typing
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import unquote, urlsplit

from mailer.errors import InputProblems, Problem, SettingsError

T = TypeVar("T")
FILE_NAME = "mailer.toml"
#: Names that scripts rely on, beside MAILER_<SECTION>__<KEY>; each also as …_FILE.
SHORT_NAMES = {
    "MAILER_DATABASE_URL": "database.url",
    "MAILER_PUBLIC_URL": "web.public_url",
    "MAILER_SECRET_KEY": "web.secret_key",
    "MAILER_SMTP_URL": "relays",
}
#: Read by the program but no settings: how it was started, where the tests find a database.
OTHER_NAMES = frozenset({"MAILER_STARTED_AS", "MAILER_TEST_DATABASE_URL", "MAILER_PROJECT"})


def setting(default: T, help_text: str, *, secret: bool = False) -> T:
    return field(default=default, repr=not secret, metadata={"help": help_text, "secret": secret})


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
    accent_dark: str = setting("#ff8a80", "the accent on dark backgrounds")
    ink: str = setting("#1d1b20", "text")
    paper: str = setting("#ffffff", "background of the letter")
    canvas: str = setting("#f2efea", "background around the letter")
    headings: str = setting("Georgia, 'Times New Roman', serif", "font stack of headings")


@dataclass(frozen=True, slots=True, kw_only=True)
class WebSettings:
    public_url: str = setting("", "where subscribers reach `mailer serve`: https, without a path at its end")
    host: str = setting("127.0.0.1", "address `serve` listens on")
    port: int = setting(8000, "port `serve` listens on")
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
    processes: int = setting(1, "worker processes")
    require_approval: str = setting("off", "off, over-500 or always")
    unsubscribe_mailbox: str = setting("", "a mailbox that is read for requests to leave; stands in List-Unsubscribe")


@dataclass(frozen=True, slots=True, kw_only=True)
class RelaySettings:
    name: str = setting("relay", "a word for it in status and logs")
    backend: str = setting("smtp", "smtp, maildir, memory, or one that a plugin registered")
    host: str = setting("", "the relay's name or address")
    port: int = setting(587, "the relay's port")
    security: str = setting("starttls", "starttls, tls (from the first byte) or none (loopback only)")
    user: str = setting("", "login name")
    password: str = setting("", "login password; better in the environment", secret=True)
    ca_file: str = setting("", "certificates to trust instead of the system's")
    rate: float = setting(0.0, "messages a second; 0: 5 off loopback, unlimited on it")
    messages_per_connection: int = setting(1000, "a connection is renewed after this many")
    path: str = setting("", "the folder of a maildir backend")

    @property
    def on_loopback(self) -> bool:
        """Whether messages given to this relay stay on this machine."""
        return self.backend != "smtp" or is_loopback(self.host)


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleSettings:
    grace_hours: float = setting(24.0, "a one-off that is later than this expires instead of surprising people")


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """All settings. `root`: the project folder, None when there is none. `origins`: dotted name -> where its value came from."""

    project: ProjectSettings = field(default_factory=ProjectSettings)
    organisation: OrganisationSettings = field(default_factory=OrganisationSettings)
    brand: BrandSettings = field(default_factory=BrandSettings)
    web: WebSettings = field(default_factory=WebSettings)
    database: DatabaseSettings = field(default_factory=DatabaseSettings)
    subscribers: SubscribersSettings = field(default_factory=SubscribersSettings)
    sending: SendingSettings = field(default_factory=SendingSettings)
    relays: tuple[RelaySettings, ...] = ()
    schedule: ScheduleSettings = field(default_factory=ScheduleSettings)
    root: Path | None = None
    origins: Mapping[str, str] = field(default_factory=dict)


SECTIONS: dict[str, type] = {
    "project": ProjectSettings,
    "organisation": OrganisationSettings,
    "brand": BrandSettings,
    "web": WebSettings,
    "database": DatabaseSettings,
    "subscribers": SubscribersSettings,
    "sending": SendingSettings,
    "schedule": ScheduleSettings,
}
#: Settings that take one of a few words.
CHOICES = {
    "sending.in_doubt": ("hold", "resend"),
    "sending.breaker": ("on", "off"),
    "sending.require_approval": ("off", "over-500", "always"),
    "relays.security": ("starttls", "tls", "none"),
}
SLUG = re.compile(r"[a-z][a-z0-9-]*")


def is_loopback(host: str) -> bool:
    """Whether `host` can only mean this machine; a name other than localhost never does, whatever it resolves to."""
    if host.rstrip(".").lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def find_project(start: Path) -> Path | None:
    """The nearest folder, `start` or above it, that holds a mailer.toml."""
    return next((folder for folder in (start, *start.parents) if (folder / FILE_NAME).is_file()), None)


def load(root: Path | None, environ: Mapping[str, str] = os.environ) -> Settings:
    """
    Read `root`/mailer.toml and MAILER_* variables.

    Raises InputProblems with every finding in the file, SettingsError for the first unusable variable.
    """
    values, problems = _from_file(root / FILE_NAME) if root else ({}, [])
    if problems:
        raise InputProblems(problems)
    origins = dict.fromkeys(values, FILE_NAME)
    for variable, name, raw in _from_environment(environ):
        values[name] = (
            (relay_from_url(raw),) if name == "relays" else _checked(name, _parse_text(raw, _type_of(name)), variable)
        )
        origins[name] = variable
    return _build(values, origins, root)


def _build(values: dict[str, Any], origins: dict[str, str], root: Path | None) -> Settings:
    sections = {
        section: kind(
            **{f.name: values[f"{section}.{f.name}"] for f in fields(kind) if f"{section}.{f.name}" in values}
        )
        for section, kind in SECTIONS.items()
    }
    lists = sections["subscribers"].lists
    default = sections["subscribers"].default_list
    if default not in lists:
        raise SettingsError(
            f'subscribers.default_list is "{default}", which is not one of the lists: {", ".join(lists) or "none"}.',
            hint=f"Add [subscribers.lists.{default}] to {FILE_NAME}, or name another list.",
        )
    return Settings(**sections, relays=values.get("relays", ()), root=root, origins=origins)


def _from_file(path: Path) -> tuple[dict[str, Any], list[Problem]]:
    text = path.read_text(encoding="utf-8", errors="surrogateescape")
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        place = re.search(r"at line (\d+), column (\d+)", str(error))
        line, column = (int(place[1]), int(place[2])) if place else (None, None)
        return {}, [Problem(rule="settings", message=f"not TOML: {error}", file=path.name, line=line, column=column)]
    reader = _FileReader(path.name, text)
    for section, content in document.items():
        reader.section(section, content)
    return reader.values, reader.problems


class _FileReader:
    """Collects values and problems of one mailer.toml."""

    def __init__(self, name: str, text: str) -> None:
        self.name = name
        self.lines = text.splitlines()
        self.values: dict[str, Any] = {}
        self.problems: list[Problem] = []

    def problem(self, key: str, message: str, hint: str = "") -> None:
        # tomllib keeps no positions: the first line that begins with the key is where a person would look.
        pattern = re.compile(rf"\s*(?:\[+\s*(?:\w+\.)*)?{re.escape(key)}\b")
        line = next((number for number, text in enumerate(self.lines, 1) if pattern.match(text)), None)
        self.problems.append(Problem(rule="settings", message=message, hint=hint, file=self.name, line=line))

    def section(self, section: str, content: Any) -> None:
        if section == "relays":
            self.values["relays"] = tuple(self.relay(entry) for entry in content) if isinstance(content, list) else ()
            if not isinstance(content, list):
                self.problem("relays", "relays is a list of tables", "write [[relays]]")
        elif section not in SECTIONS:
            self.problem(section, f'unknown section "{section}"', _suggest(section, [*SECTIONS, "relays"]))
        elif not isinstance(content, dict):
            self.problem(section, f'"{section}" is a section', f"write [{section}]")
        else:
            for key, value in self.table(SECTIONS[section], section, content).items():
                self.values[f"{section}.{key}"] = value

    def table(self, kind: type, prefix: str, content: dict[str, Any]) -> dict[str, Any]:
        hints, out = typing.get_type_hints(kind), {}
        for key, value in content.items():
            if key not in hints:
                self.problem(key, f'unknown key "{key}" in [{prefix}]', _suggest(key, list(hints)))
                continue
            try:
                out[key] = (
                    self.lists(value)
                    if key == "lists"
                    else _checked(f"{prefix}.{key}", _convert(value, hints[key]), "")
                )
            except SettingsError as error:
                self.problem(key, error.message, error.hint)
        return out

    def relay(self, entry: Any) -> RelaySettings:
        return RelaySettings(**self.table(RelaySettings, "relays", entry if isinstance(entry, dict) else {}))

    def lists(self, content: Any) -> dict[str, ListSettings]:
        if not isinstance(content, dict) or not all(isinstance(entry, dict) for entry in content.values()):
            raise SettingsError("lists holds one table per list", hint="write [subscribers.lists.news]")
        for name in content:
            if not SLUG.fullmatch(name):
                self.problem(name, f'"{name}" cannot name a list', "small letters, digits and hyphens, a letter first")
        return {
            name: ListSettings(**self.table(ListSettings, f"subscribers.lists.{name}", entry))
            for name, entry in content.items()
        }


def _from_environment(environ: Mapping[str, str]) -> typing.Iterator[tuple[str, str, str]]:
    """(variable, dotted name, text) of every MAILER_* variable; …_FILE is read from the file it names."""
    for variable, raw in sorted(environ.items()):
        if not variable.startswith("MAILER_") or variable in OTHER_NAMES:
            continue
        base = variable.removesuffix("_FILE") if variable.endswith("_FILE") and _name_of(variable) is None else variable
        name = _name_of(base)
        if name is None:
            known = [
                *SHORT_NAMES,
                *(f"MAILER_{s}__{f.name}".upper() for s, kind in SECTIONS.items() for f in fields(kind)),
            ]
            raise SettingsError(
                f"There is no setting {variable}.", hint=_suggest(variable, known) or "See `mailer config show`."
            )
        if base != variable:
            try:
                raw = Path(raw).read_text(encoding="utf-8").strip()  # noqa: PLW2901
            except OSError as error:
                raise SettingsError(f"{variable} names a file that cannot be read: {error.strerror}.") from None
        if raw or base not in SHORT_NAMES:
            yield variable, name, raw


def _name_of(variable: str) -> str | None:
    if variable in SHORT_NAMES:
        return SHORT_NAMES[variable]
    section, _, key = variable.removeprefix("MAILER_").lower().partition("__")
    kind = SECTIONS.get(section)
    if kind is None or key == "lists" or key not in {f.name for f in fields(kind)}:
        return None
    return f"{section}.{key}"


def _type_of(name: str) -> Any:
    section, _, key = name.partition(".")
    return typing.get_type_hints(SECTIONS[section])[key]


def _parse_text(raw: str, kind: Any) -> Any:
    if kind is int or kind is float:
        try:
            return kind(raw)
        except ValueError:
            return raw  # _checked says what was wanted
    return _convert(raw, kind)


def _convert(value: Any, kind: Any) -> Any:
    """`value` as `kind`; a SettingsError says what was wanted."""
    if isinstance(kind, types.UnionType):
        kind = next(part for part in typing.get_args(kind) if part is not type(None))
    if kind is datetime:
        return _instant(value)
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    words = {int: "a whole number", float: "a number", str: "text in quotes", bool: "true or false"}
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise SettingsError(f"{value!r} is not {words[kind]}")
    return value


def _instant(value: Any) -> datetime | None:
    if value in ("", None):
        return None
    try:
        moment = value if isinstance(value, datetime) else datetime.fromisoformat(value)
    except (TypeError, ValueError):
        raise SettingsError(f"{value!r} is not an instant", hint='write "2018-01-23T09:00:00Z"') from None
    if moment.tzinfo is None:
        raise SettingsError(f"{value!r} has no zone", hint="end it in Z or +01:00")
    return moment.astimezone(UTC)


def _checked(name: str, value: Any, variable: str) -> Any:
    """Refuse words that are no choice and numbers below zero; `variable` names the culprit when it came from outside."""
    where = variable or name
    choices = CHOICES.get(name)
    if choices and value not in choices:
        raise SettingsError(f'{where} is "{value}"', hint=f"it takes {', '.join(choices)}")
    kind = _type_of(name) if name.count(".") == 1 and not name.startswith("relays") else None
    if kind in (int, float) and not isinstance(value, (int, float)):
        raise SettingsError(f'{where} is "{value}"', hint="it takes a number")
    if isinstance(value, (int, float)) and value < 0:
        raise SettingsError(f"{where} is {value}", hint="it cannot be below zero")
    if name == "web.public_url" and value:
        return _public_url(value, where)
    return value


def _public_url(value: str, where: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment or parts.username:
        raise SettingsError(f'{where} is "{value}"', hint='write "https://mail.example.org"')
    if parts.scheme == "http" and not is_loopback(parts.hostname):
        raise SettingsError(f'{where} is "{value}"', hint="http is only for this machine: links in mail use https")
    return value.rstrip("/")


def relay_from_url(url: str) -> RelaySettings:
    """`smtp://host:port` plain, `smtp+starttls://user:password@host:port`, `smtps://…` (RFC 8314)."""
    securities = {"smtp": ("none", 25), "smtp+starttls": ("starttls", 587), "smtps": ("tls", 465)}
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        parts, port = urlsplit(""), None
    if parts.scheme not in securities or not parts.hostname:
        # The URL may hold a password, so the message never repeats it.
        raise SettingsError(
            "MAILER_SMTP_URL is not a relay's address.",
            hint="smtp://host:port, smtp+starttls://user:password@host:port or smtps://user:password@host:port",
        )
    security, default_port = securities[parts.scheme]
    return RelaySettings(
        host=parts.hostname,
        port=port or default_port,
        security=security,
        user=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
    )


def _suggest(word: str, known: list[str]) -> str:
    near = difflib.get_close_matches(word, known, n=1)
    return f'did you mean "{near[0]}"?' if near else f"known: {', '.join(known)}" if len(known) < 20 else ""
