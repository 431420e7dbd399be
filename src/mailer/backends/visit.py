"""A look at an SMTP relay with the very client that sends: connect, TLS, log in, hear what it announces, take leave."""

import contextlib
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from mailer.backends.smtp_envelope import Capabilities
from mailer.backends.smtp_opening import open_session
from mailer.backends.smtp_options import SmtpOptions
from mailer.backends.smtp_replies import LinkLost
from mailer.backends.smtp_token import TokenSource
from mailer.backends.smtp_wire import Wire


@dataclass(frozen=True, slots=True, kw_only=True)
class Encryption:
    """version: as "TLSv1.3". issuer: who vouches for the certificate; expires: its last moment, aware."""

    version: str
    issuer: str
    expires: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """What was found. encryption: None in clear, which only loopback may be."""

    relay: Capabilities
    encryption: Encryption | None


def visit(options: Mapping[str, object]) -> Visit:
    """Go there and back; nothing is sent. options: as `SmtpBackend` takes them.

    Raises SettingsError, BackendUnavailable or BackendMisconfigured, as a worker's connection would.
    """
    settings = SmtpOptions.read(options)
    context = None if settings.security == "none" else settings.tls_context()
    tokens = TokenSource(settings) if settings.by_token else None
    wire = Wire()
    try:
        session = open_session(wire, settings, context=context, tokens=tokens)
        found = Visit(relay=session.relay, encryption=_encryption(wire.tls))
        with contextlib.suppress(LinkLost):
            session.quit()
    finally:
        wire.close()
    return found


def _encryption(link: ssl.SSLSocket | None) -> Encryption | None:
    certificate = link.getpeercert() if link else None
    if link is None or not certificate:
        return None
    ends = ssl.cert_time_to_seconds(str(certificate["notAfter"]))
    return Encryption(
        version=link.version() or "TLS",
        issuer=_name(certificate.get("issuer")),
        expires=datetime.fromtimestamp(ends, UTC),
    )


def _name(issuer: object) -> str:
    """The organisation and the name in it: "Let's Encrypt R11"."""
    parts = {key: value for group in issuer for key, value in group} if isinstance(issuer, tuple) else {}
    return " ".join(parts[key] for key in ("organizationName", "commonName") if key in parts) or "an unnamed authority"
