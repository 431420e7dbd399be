"""The DNS record in which receivers find the public half of a key (RFC 6376 §3.6)."""

from binascii import b2a_base64
from dataclasses import dataclass

from mailer.edition.dkim import Algorithm

#: RFC 1035 §3.3: a TXT record is made of strings of at most so many octets.
_LONGEST = 255


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """A TXT record. name: without a dot at its end; value: in one piece, ASCII without quotation marks."""

    name: str
    value: str

    @property
    def strings(self) -> tuple[str, ...]:
        """The value as DNS carries it: receivers join the pieces with nothing between."""
        return tuple(self.value[start : start + _LONGEST] for start in range(0, len(self.value), _LONGEST))

    @property
    def zone_line(self) -> str:
        """As a zone file has it (RFC 1035 §5.1)."""
        strings = " ".join([f'"{part}"' for part in self.strings])
        return f"{self.name}. IN TXT ( {strings} )"


def record(*, domain: str, selector: str, algorithm: Algorithm, public: bytes) -> Record:
    encoded = b2a_base64(public, newline=False).decode()
    return Record(name=f"{selector}._domainkey.{domain}".lower(), value=f"v=DKIM1; k={algorithm.key_type}; p={encoded}")
