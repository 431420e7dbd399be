"""Which domain answers for the mail, and whether receivers count that as the sender's own."""

from mailer.edition.envelope import ascii_address, domain_of
from mailer.errors import EditionError, SettingsError
from mailer.settings import Settings


def signing_domain(settings: Settings) -> str:
    """The domain that signs, in ASCII and small letters. Raises SettingsError."""
    domain = settings.dkim.domain or settings.organisation.from_address.rpartition("@")[2]
    if not domain:
        raise SettingsError(
            "No domain is set that could sign the mail.",
            hint='Set organisation.from_address, or domain = "example.org" under [dkim].',
        )
    try:
        found = domain_of(ascii_address(f"somebody@{domain}"))
    except EditionError:
        found = ""
    if "." not in found:
        raise SettingsError(
            f'"{domain}" is no domain that could sign mail.', hint='Write it as domain = "example.org".'
        )
    return found


def aligned(signing: str, sender: str) -> bool:
    """Whether mail From the domain `sender` counts as signed by its own domain (RFC 9989 §4.4, relaxed).

    Whether two domains side by side belong to one organisation nobody can tell without asking DNS: one must be above
    the other, or the same.
    """
    return signing == sender or sender.endswith(f".{signing}") or signing.endswith(f".{sender}")
