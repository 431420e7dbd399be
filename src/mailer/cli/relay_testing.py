"""`mailer relay test`: a visit to a relay, and one message if somebody wants it; every failure with what to do."""

from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

from mailer.cli.output import Output, instant
from mailer.cli.relay_words import address_of, advice, said, why_not
from mailer.domain.message import TEST_MARK
from mailer.errors import BackendError, BackendMisconfigured, MailerError, SettingsError, UnknownName
from mailer.settings import RelaySettings
from mailer.settings.relay_options import is_exposed

if TYPE_CHECKING:
    from mailer.app import App
    from mailer.backends.visit import Visit

#: A certificate that ends sooner than this is worth a word.
SOON_DAYS = 14


def test_relays(output: Output, name: str | None, *, to: str | None) -> None:
    """Every relay, or the one called `name`. Raises MailerError at the end if one of them cannot be used."""
    app, address = output.app, address_of(to) if to is not None else ""
    relays = [relay for relay in app.relays if name in (None, relay.name)]
    if not relays:
        names = ", ".join(relay.name for relay in app.relays)
        raise UnknownName(f'There is no relay "{name}".', hint=f"Relays: {names}.")
    if not address and output.interactive:
        asked = click.prompt("Send a test message to (Enter for none)", default="", show_default=False, err=True)
        address = address_of(asked) if asked.strip() else ""
    found = [_test(output, relay, address) for relay in relays]
    output.document({"relays": found})
    failed = [one["name"] for one in found if not one["ok"]]
    if failed:
        raise MailerError(
            f"{'This relay' if len(failed) == 1 else 'These relays'} cannot be used: {', '.join(failed)}."
        )
    output.say("All is well." if address else "All is well. `--to ADDRESS` sends a message too.")


def _test(output: Output, relay: RelaySettings, to: str) -> dict[str, Any]:
    """What was found at one relay, told as it is found."""
    output.data(f"{relay.name}:")
    if is_exposed(relay, output.app.settings.root):
        output.data(f"  note  others on this machine can read the password: chmod 600 {relay.password_file}")
    found: dict[str, Any] = {"name": relay.name, "ok": True, "hosts": [], "probe": None, "error": None, "hint": None}
    try:
        for host in relay.hosts if relay.backend == "smtp" else ():
            found["hosts"].append(_visited(output, replace(relay, host=host)))
        if relay.backend != "smtp":
            _opened(output, relay)
        if to:
            found["probe"] = _probed(output, relay, to)
    except (BackendError, SettingsError) as error:
        hint = error.hint or advice(relay, error)
        output.data(f"  fix   {error.message}")
        output.data(f"        {hint}" if hint else "")
        return found | {"ok": False, "error": error.message, "hint": hint or None}
    return found


def _visited(output: Output, relay: RelaySettings) -> dict[str, Any]:
    from mailer.backends.visit import visit
    from mailer.settings.relay_options import options_for

    seen = visit(options_for(relay, output.app.settings.root))
    output.data(f"  ok    {relay.host} port {relay.port} answers, {_encrypted(seen, output.app.clock())}")
    if relay.user:
        output.data(f"  ok    login as {relay.user}")
    output.data(f"        it announces {_announced(seen)}")
    capabilities, encryption = seen.relay, seen.encryption
    return {
        "host": relay.host,
        "tls": encryption and encryption.version,
        "issuer": encryption and encryption.issuer,
        "expires": encryption and instant(encryption.expires),
        "size": capabilities.size or None,
        "pipelining": capabilities.pipelining,
        "smtputf8": capabilities.smtputf8,
        "eight_bit": capabilities.eight_bit,
        "auth": sorted(capabilities.auth),
    }


def _encrypted(seen: "Visit", now: datetime) -> str:
    if seen.encryption is None:
        return "in clear"
    days = (seen.encryption.expires - now).days
    ends = f"until {seen.encryption.expires:%Y-%m-%d}" + (f", {days} days left" if days < SOON_DAYS else "")
    return f"{seen.encryption.version}, certificate by {seen.encryption.issuer} {ends}"


def _announced(seen: "Visit") -> str:
    relay = seen.relay
    size = f"SIZE {relay.size / 1_000_000:.0f} MB" if relay.size else ""
    offers = {"PIPELINING": relay.pipelining, "8BITMIME": relay.eight_bit, "SMTPUTF8": relay.smtputf8}
    words = [size, *(word for word, offered in offers.items() if offered)]
    words += [f"AUTH {' '.join(sorted(relay.auth))}"] if relay.auth else []
    return ", ".join(word for word in words if word) or "nothing beyond plain SMTP"


def _opened(output: Output, relay: RelaySettings) -> None:
    backend = output.app.backend(relay)
    try:
        backend.open()
    finally:
        backend.close()
    output.data(f"  ok    the backend {relay.backend} is ready")


def _probed(output: Output, relay: RelaySettings, to: str) -> dict[str, Any]:
    """One message, through the backend that workers use. Raises BackendMisconfigured when it was not taken."""
    from mailer.backend import Sent

    message = _probe(output.app, relay, to)
    backend = output.app.backend(relay)
    try:
        receipt = backend.send(message)
    finally:
        backend.close()
    answer = said(receipt)
    if not isinstance(receipt, Sent):
        raise BackendMisconfigured(f"The test message to {to} was not taken: {answer}.", hint=why_not(receipt))
    output.data(f"  ok    took a message for {to}: {answer}")
    return {"to": to, "code": receipt.code, "text": receipt.text}


def _probe(app: "App", relay: RelaySettings, to: str) -> Any:
    from mailer.edition.dispatch import dispatch_for
    from mailer.edition.notice import notice

    organisation = app.settings.organisation
    if not organisation.from_address:
        raise SettingsError(
            "The test message would come from nobody.", hint="Set organisation.from_address in mailer.toml."
        )
    return notice(
        sender=organisation.from_address,
        name=organisation.name,
        to=to,
        subject=f"{TEST_MARK} {organisation.name or 'mailer'}: the relay {relay.name} works",
        text=f"This message was sent by `mailer relay test {relay.name}`, to this address alone.\n\n"
        "If it lies among the spam, the DNS of your domain is worth a look: SPF, DKIM, DMARC.\n",
        at=app.clock(),
        dispatch=dispatch_for(relay, app.signer),
    )
