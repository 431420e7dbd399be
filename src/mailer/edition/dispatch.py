"""What about a message depends on the relay by which it leaves."""

from dataclasses import dataclass, field

from mailer.edition.dkim import Signer
from mailer.edition.sender import EnvelopeSender, Rule
from mailer.settings import RelaySettings


@dataclass(frozen=True, slots=True, kw_only=True)
class Dispatch:
    """How one relay wants its messages. signer: None where they leave unsigned."""

    sender: EnvelopeSender = field(default_factory=EnvelopeSender)
    signer: Signer | None = None


#: From the From address, unsigned: for relays of which nothing is said, and for messages that are only looked at.
PLAIN = Dispatch()


def dispatch_for(relay: RelaySettings, signer: Signer | None) -> Dispatch:
    """How `relay` wants its messages. signer: None where no mail is signed."""
    rule = Rule(relay.envelope)
    where = {Rule.FROM: "", Rule.FIXED: relay.envelope_from, Rule.VERP: relay.bounce_domain.lower()}[rule]
    return Dispatch(sender=EnvelopeSender(rule=rule, where=where), signer=signer if relay.dkim == "on" else None)
