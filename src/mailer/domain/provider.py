"""Who keeps a person's mailbox, as far as their address shows it: the large providers each judge how fast we send to them.

A domain of somebody's own may live at one of them too, which only its MX records would tell; it counts among the others.
"""

from enum import IntEnum


class Provider(IntEnum):
    """A group of addresses that is paced by itself. The numbers are stored; they never change meaning."""

    OTHER = 0
    GMAIL = 1
    OUTLOOK = 2
    YAHOO = 3
    ICLOUD = 4

    @property
    def word(self) -> str:
        """As settings and people write it: "gmail"."""
        return self.name.lower()


#: Whole domains of a provider.
DOMAINS: dict[str, Provider] = {
    "gmail.com": Provider.GMAIL,
    "googlemail.com": Provider.GMAIL,
    "msn.com": Provider.OUTLOOK,
    "rocketmail.com": Provider.YAHOO,
    "icloud.com": Provider.ICLOUD,
    "me.com": Provider.ICLOUD,
    "mac.com": Provider.ICLOUD,
}
#: First labels of a provider's domains, which it has under many countries: hotmail.co.uk, yahoo.com.br.
FIRST_LABELS: dict[str, Provider] = {
    "outlook": Provider.OUTLOOK,
    "hotmail": Provider.OUTLOOK,
    "live": Provider.OUTLOOK,
    "yahoo": Provider.YAHOO,
    "ymail": Provider.YAHOO,
    "aol": Provider.YAHOO,
}


def provider_of(address: str) -> Provider:
    """The group of an address in lower case. (`storage/providers.py` says the same in SQL, from the same two tables.)"""
    domain = address.rpartition("@")[2]
    return DOMAINS.get(domain) or FIRST_LABELS.get(domain.partition(".")[0], Provider.OTHER)
