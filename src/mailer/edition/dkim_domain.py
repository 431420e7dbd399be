"""Which domain answers for the mail, and whether receivers count that as the sender's own."""

from mailer.domain.address import ascii_domain
from mailer.errors import SettingsError
from mailer.settings import Settings


def signing_domain(settings: Settings) -> str:
    """The domain that signs, in ASCII and small letters. Raises SettingsError."""
    domain = settings.dkim.domain or settings.organisation.from_address.rpartition("@")[2]
    try:
        found = ascii_domain(domain.rstrip(".")).lower()
    except UnicodeError:
        found = ""
    if "." not in found:
        raise SettingsError(
            f'"{domain}" is no domain that could sign mail.'
            if domain
            else "No domain is set that could sign the mail.",
            hint='Set organisation.from_address, or domain = "example.org" under [dkim].',
        )
    return found


def aligned(signing: str, sender: str) -> bool:
    """Whether mail From the domain `sender` counts as signed by its own domain (RFC 9989 §4.4, relaxed).

    Whether two domains side by side belong to one organisation nobody can tell without asking DNS: one must be above
    the other, or the same.
    """
    return signing == sender or sender.endswith(f".{signing}") or signing.endswith(f".{sender}")
