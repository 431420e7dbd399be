"""Rules about letters: they come from a person, and have no furniture."""

from collections.abc import Iterator

from mailer.domain.campaign_letter import Letter
from mailer.rendering.lints.rule import Found, Material, warning

#: What a letter does not show, and where its words belong instead.
_FURNITURE = {
    "kicker": "the headline can say it",
    "standfirst": "say it in the first sentence",
    "byline": "the writer's name stands below it",
}


@warning("letter-from", "a letter that comes from somebody else than the person who signs it")
def letter_from(material: Material) -> Iterator[Found]:
    campaign = material.file.campaign
    if not isinstance(campaign, Letter):
        return
    shown = campaign.sender_name or material.settings.organisation.name
    if campaign.writer.name.casefold() not in shown.casefold():
        address = campaign.sender_address or material.settings.organisation.from_address or "news@example.org"
        yield Found(
            line=material.file.line_of("from") or material.file.line_of("writer", "name"),
            message=f'{campaign.writer.name} signs, and inboxes show "{shown}"',
            hint=f'write from: "{campaign.writer.name} <{address}>"',
        )


@warning("letter-furniture", "a kicker, standfirst or byline in a letter, which shows none")
def letter_furniture(material: Material) -> Iterator[Found]:
    campaign = material.file.campaign
    if not isinstance(campaign, Letter):
        return
    for name, hint in _FURNITURE.items():
        if getattr(campaign, name) is not None:
            yield Found(line=material.file.line_of(name), message=f"a letter shows no {name}", hint=hint)


RULES = (letter_from, letter_furniture)
