"""Keys that sign in tests, and dkimpy, which knows nothing of our code, to judge what they signed."""

import re
from functools import cache

import dkim

from mailer.edition.dkim import Algorithm, SelectedKey, Signer
from mailer.edition.dkim_key import new_key
from mailer.edition.dkim_record import record

RSA, ED25519 = Algorithm.RSA, Algorithm.ED25519
SELECTORS = {RSA: "test-rsa", ED25519: "test-ed"}


@cache
def key(algorithm):
    return new_key(algorithm)


def signer(*algorithms, domain="example.org"):
    """Signs with the test keys of these kinds; of both if none is named."""
    return Signer(domain, [SelectedKey(selector=SELECTORS[one], key=key(one)) for one in algorithms or (RSA, ED25519)])


def dns(*records):
    """What dkimpy asks for TXT records: those of the test keys at example.org, and `records`."""
    ours = [
        record(domain="example.org", selector=SELECTORS[one], algorithm=one, public=key(one).public)
        for one in SELECTORS
    ]
    found = {f"{one.name}.".encode(): "".join(one.strings).encode() for one in (*ours, *records)}
    return lambda name, timeout=5: found.get(name)


def verdicts(content, *, records=()):
    """Of each signature of a message, from the top, whether it holds."""
    checker = dkim.DKIM(content)
    number = sum(name.lower() == b"dkim-signature" for name, _ in checker.headers)
    return [_holds(content, each, dns(*records)) for each in range(number)]


def _holds(content, index, lookup):
    try:
        return dkim.DKIM(content).verify(index, dnsfunc=lookup)
    except dkim.DKIMException:
        return False


def tags(content, index=0):
    """The tags of a message's signature, white space taken out of their values."""
    fields = [value for name, value in dkim.DKIM(content).headers if name.lower() == b"dkim-signature"]
    pairs = (part.partition(b"=") for part in fields[index].split(b";"))
    return {name.strip().decode(): re.sub(rb"\s", b"", value).decode() for name, _, value in pairs}
