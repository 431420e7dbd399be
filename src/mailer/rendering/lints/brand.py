"""Rules about the brand: what they find is in mailer.toml, and the same for every campaign."""

from collections.abc import Iterator

from mailer.domain.palette import palette_of
from mailer.rendering.lints.rule import Found, Material, warning
from mailer.rendering.logo import logo_of


@warning(
    "brand-contrast",
    "a colour of [brand] that does not read at 4.5:1 where text of it stands: the mail carries another shade",
)
def brand_contrast(material: Material) -> Iterator[Found]:
    for adjusted in palette_of(material.settings.brand).adjusted:
        # A token left at its default fails only on a paper that somebody set.
        file, line = material.settings.place_of(f"brand.{adjusted.token}", "brand.paper")
        hint = f'set {adjusted.token} = "{adjusted.became}" under [brand], or another colour that reads'
        yield Found(file=file, line=line, message=adjusted.sentence, hint=hint)


@warning("brand-logo", "a logo of which nothing shows on the paper, and nothing is left of the header")
def brand_logo(material: Material) -> Iterator[Found]:
    settings = material.settings
    logo = logo_of(settings, settings.root or material.file.root)
    if logo and logo.lost:
        file, line = settings.place_of("brand.logo")
        message = f"{settings.brand.logo} is as pale as the paper it stands on"
        hint = "take one that is made for paper: name a darker file, or leave logo out to have the name set in type"
        yield Found(file=file, line=line, message=message, hint=hint)


RULES = (brand_contrast, brand_logo)
