"""Rules about who answers for the mail: the domains of its signature and of its bounces."""

from collections.abc import Iterator

from mailer.edition.dkim_domain import aligned, signing_domain
from mailer.edition.envelope import ascii_address, domain_of
from mailer.errors import EditionError, SettingsError
from mailer.rendering.lints.rule import Found, Material, error, warning


def _sender_domain(material: Material) -> str:
    """Of the From address, in ASCII; "" if there is none, which `identity` reports."""
    try:
        return domain_of(ascii_address(material.edition.meta.from_address))
    except EditionError:
        return ""


@error("dkim-domain", "mail from one domain that is to be signed by another, which receivers count as unsigned")
def dkim_domain(material: Material) -> Iterator[Found]:
    settings, sender = material.settings, _sender_domain(material)
    if not settings.dkim.wanted or not sender:
        return
    file, line = settings.place_of("dkim.domain", "dkim.selector")
    try:
        signing = signing_domain(settings)
    except SettingsError as problem:
        yield Found(file=file, line=line, message=problem.message, hint=problem.hint)
        return
    if aligned(signing, sender):
        return
    message = f"mail from {sender} would be signed by {signing}, and count as unsigned (DMARC)"
    if material.file.campaign.sender:
        here = material.file.line_of("from")
        yield Found(line=here, message=message, hint=f"write a From address at {signing}, or take the line out")
    else:
        yield Found(file=file, line=line, message=message, hint=f'make a key for domain = "{sender}"')


@warning(
    "bounce-domain", "bounces that go to a domain which is not below that of the From address: SPF speaks for another"
)
def bounce_domain(material: Material) -> Iterator[Found]:
    sender = _sender_domain(material)
    for number, relay in enumerate(material.settings.relays):
        if relay.envelope == "verp" and sender and not aligned(relay.bounce_domain.lower(), sender):
            file, line = material.settings.place_of(f"relays.{number}.bounce_domain", "relays")
            yield Found(
                file=file,
                line=line,
                message=f"bounces go to {relay.bounce_domain}, so SPF speaks for that and not for {sender}",
                hint=f'write a domain below yours: "bounce.{sender}"',
            )


RULES = (dkim_domain, bounce_domain)
