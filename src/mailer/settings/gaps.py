"""What a project still lacks before real people can be mailed, read off its settings and nothing else.

`init` prints it, `config show` repeats it, and `check` finds what of it stands in a mail.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from urllib.parse import urlsplit

from mailer.settings.relays import is_loopback
from mailer.settings.table import Settings

#: What a new project says until somebody changes it.
EXAMPLE_ADDRESS = "news@example.org"
EXAMPLE_POSTAL_ADDRESS = "1 Example Street, Example Town"
#: Names that nobody can own (RFC 2606 §2 and §3, RFC 6761).
_RESERVED = ("example.org", "example.com", "example.net", "example", "test", "invalid", "localhost")
#: Mailboxes of everybody: receivers know by DMARC that mail from there comes from their own servers alone.
_MAILBOXES = frozenset(
    ["gmail.com", "googlemail.com", "outlook.com", "hotmail.com", "hotmail.co.uk", "live.com", "msn.com", "yahoo.com", "yahoo.co.uk", "ymail.com", "icloud.com", "me.com", "aol.com", "gmx.com", "gmx.net", "gmx.de", "web.de", "mail.com", "proton.me", "protonmail.com", "btinternet.com", "zoho.com"]
)  # fmt: skip


class Sort(Enum):
    """How something lacks: it is not there, it is an example's, or it will cause trouble."""

    UNSET = "unset"
    EXAMPLE = "example"
    TROUBLE = "trouble"


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """One thing that is lacking. setting: its dotted name; message: what is wrong; hint: what to do."""

    setting: str
    sort: Sort
    message: str
    hint: str


def gaps(settings: Settings) -> tuple[Gap, ...]:
    """Everything that is lacking, in the order of mailer.toml."""
    return (*_clock(settings), *_identity(settings), *_public_url(settings), *_relay(settings))


def is_reserved(domain: str) -> bool:
    """Whether `domain` is one of those kept for examples, or below one."""
    name = domain.rstrip(".").casefold()
    return any(name == one or name.endswith(f".{one}") for one in _RESERVED)


def _clock(settings: Settings) -> Iterator[Gap]:
    if settings.project.clock is not None:
        yield Gap(
            setting="project.clock",
            sort=Sort.EXAMPLE,
            message="this project lives at a fixed time, and its mail would be dated wrongly",
            hint="take the line out",
        )


def _identity(settings: Settings) -> Iterator[Gap]:
    organisation = settings.organisation
    if not organisation.name:
        yield _unset("organisation.name", "your organisation's name, as people know it")
    yield from _sender(organisation.from_address)
    if not organisation.postal_address:
        yield _unset(
            "organisation.postal_address", "an address where post reaches you: the law asks for it in every mail"
        )
    elif organisation.postal_address == EXAMPLE_POSTAL_ADDRESS:
        yield Gap(
            setting="organisation.postal_address",
            sort=Sort.EXAMPLE,
            message=f"“{EXAMPLE_POSTAL_ADDRESS}” is an example",
            hint="write an address where post reaches you: the law asks for it in every mail",
        )


def _sender(address: str) -> Iterator[Gap]:
    name, domain = "organisation.from_address", address.rpartition("@")[2].casefold()
    if not address:
        yield _unset(name, "an address at a domain of your own")
    elif is_reserved(domain):
        message = f"{address} is an example that nobody can answer"
        yield Gap(setting=name, sort=Sort.EXAMPLE, message=message, hint="write an address at a domain of your own")
    elif domain in _MAILBOXES:
        message = f"receivers take mail from {domain} for forged unless its own servers send it"
        yield Gap(setting=name, sort=Sort.TROUBLE, message=message, hint="write an address at a domain of your own")


def _public_url(settings: Settings) -> Iterator[Gap]:
    url = settings.web.public_url
    host = urlsplit(url).hostname or ""
    if not url:
        yield _unset(
            "web.public_url", "the https address at which people reach `mailer serve`: mail links to it for leaving"
        )
    elif is_reserved(host) or is_loopback(host):
        message = f"{url} is reached by nobody, and mail links to it for leaving"
        hint = "write the https address at which people reach `mailer serve`"
        yield Gap(setting="web.public_url", sort=Sort.EXAMPLE, message=message, hint=hint)


def _relay(settings: Settings) -> Iterator[Gap]:
    if not settings.relays:
        hint = "name the server that carries your mail: `mailer relay add`, or MAILER_SMTP_URL in the environment"
        yield Gap(setting="relays", sort=Sort.UNSET, message="not set", hint=hint)
    elif all(relay.on_loopback for relay in settings.relays):
        message = "the relay is this machine, and what it does with mail nobody knows"
        hint = "name the server that carries your mail, unless this machine delivers by itself"
        yield Gap(setting="relays", sort=Sort.TROUBLE, message=message, hint=hint)


def _unset(setting: str, wanted: str) -> Gap:
    return Gap(setting=setting, sort=Sort.UNSET, message="not set", hint=f"write {wanted}")
