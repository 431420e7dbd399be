"""Mail addresses as this program compares and shows them.

An address is kept as given (domain in ASCII); `email_key` is what makes two spellings one person. Nearly every
address of a list is settled by one strict ASCII pattern; `mailer.sources.addresses` judges the rest.
"""

import re

#: RFC 5321 §4.5.3.1: local part at most 64 octets, the whole at most 254 (RFC 3696, erratum 1690).
MAX_LENGTH, MAX_LOCAL = 254, 64

_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"  # RFC 5322 §3.2.3
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_ORDINARY = re.compile(rf"{_ATOM}(?:\.{_ATOM})*@(?:{_LABEL}\.)+[A-Za-z]{{2,63}}")
#: The same without its limits of length, which no address of 64 characters can pass; as no part ends with what the next begins
#: with, nothing is tried twice.
_ATOMS, _LABELS = rf"{_ATOM}+(?:\.{_ATOM}+)*+", r"(?:[A-Za-z0-9]++(?:-++[A-Za-z0-9]++)*+\.)+"
_ORDINARY_SHORT = re.compile(rf"{_ATOMS}@{_LABELS}[A-Za-z]{{2,}}").fullmatch

#: Anything like an address within a text, without the signs around it.
_WITHIN_TEXT = re.compile(r"[^\s@<>()\[\]:;,\"']+@[^\s@<>()\[\]:;,\"']+")


def is_ordinary(text: str) -> bool:
    """Whether `text` is beyond doubt an address: a dot-atom, an ASCII domain with a dot, nothing around it."""
    if len(text) <= MAX_LOCAL:
        return _ORDINARY_SHORT(text) is not None
    return len(text) <= MAX_LENGTH and text.find("@") <= MAX_LOCAL and _ORDINARY.fullmatch(text) is not None


def ascii_domain(domain: str) -> str:
    """`domain` as the DNS has it: IDNA 2008 (RFC 5891), mapped as browsers do (UTS 46). Raises UnicodeError if it cannot be."""
    if domain.isascii():
        return domain
    import idna  # noqa: PLC0415 -- 20 ms of tables that most lists never need

    return idna.encode(domain, uts46=True).decode("ascii")


def email_key(email: str) -> str:
    """What two spellings of one address have in common. Folded here: the databases' lower() differ from each other."""
    return email.casefold()


def masked(email: str) -> str:
    """An address for logs and for messages that others may see: a***@example.org."""
    local, at, domain = email.rpartition("@")
    return f"{local[:1]}***{at}{domain}"


def with_masked_addresses(text: str) -> str:
    """A text from a stranger, such as a relay's reply, with every address in it masked."""
    return _WITHIN_TEXT.sub(lambda match: masked(match[0]), text)
