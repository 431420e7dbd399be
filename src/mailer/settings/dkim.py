"""The settings of DKIM signatures: the section [dkim] of mailer.toml."""

from dataclasses import dataclass

from mailer.settings.setting import setting


@dataclass(frozen=True, slots=True, kw_only=True)
class DkimSettings:
    selector: str = setting("", "names the key in DNS: SELECTOR._domainkey.DOMAIN; unset: mail leaves here unsigned")
    domain: str = setting("", "the domain that answers for the mail; default: that of organisation.from_address")
    key_file: str = setting("", "the RSA key, seen from the project; default: .mailer/dkim/SELECTOR.pem")
    private_key: str = setting("", "the RSA key itself, in PEM, where there is no project folder", secret=True)
    ed25519_selector: str = setting("", "names a second key, for Ed25519 signatures beside the RSA ones")
    ed25519_key_file: str = setting("", "the Ed25519 key, seen from the project; default: .mailer/dkim/SELECTOR.pem")
    ed25519_private_key: str = setting("", "the Ed25519 key itself, in PEM", secret=True)

    @property
    def wanted(self) -> bool:
        """Whether mail that leaves here is to be signed: a key alone says so too, and then its selector is missing."""
        return any(getattr(self, name) for name in self.__slots__ if name != "domain")
