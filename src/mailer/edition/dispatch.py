"""What about a message depends on the relay by which it leaves."""

from dataclasses import dataclass, field

from mailer.edition.dkim import Signer
from mailer.edition.format import Meta
from mailer.edition.sender import EnvelopeSender, Rule
from mailer.errors import EditionError
from mailer.settings import RelaySettings


@dataclass(frozen=True, slots=True, kw_only=True)
class Dispatch:
    """How one relay wants its messages.

    signer: None where they leave without a signature of ours. relay_signs: that is as it should be.
    """

    sender: EnvelopeSender = field(default_factory=EnvelopeSender)
    signer: Signer | None = None
    relay_signs: bool = False

    def refuse_unsigned(self, meta: Meta) -> None:
        """Raises EditionError for a mailing that was made to be signed and would leave here without."""
        if meta.signed and self.signer is None and not self.relay_signs:
            raise EditionError(
                "This mailing was made to be signed with DKIM, and a worker that has no key came upon it.",
                hint="Give that machine the key and the settings of [dkim] (docs/dkim.md), then resume. Where mail is to be "
                "signed no longer: `mailer cancel`, then `mailer send --rest`.",
            )


#: From the From address, unsigned: for relays of which nothing is said, and for messages that are only looked at.
PLAIN = Dispatch()


def dispatch_for(relay: RelaySettings, signer: Signer | None) -> Dispatch:
    """How `relay` wants its messages. signer: None where no mail is signed."""
    rule = Rule(relay.envelope)
    where = {Rule.FROM: "", Rule.FIXED: relay.envelope_from, Rule.VERP: relay.bounce_domain.lower()}[rule]
    ours = relay.dkim == "on"
    return Dispatch(
        sender=EnvelopeSender(rule=rule, where=where), signer=signer if ours else None, relay_signs=not ours
    )
