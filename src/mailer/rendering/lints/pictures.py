"""Rules about pictures: what people who do not see them, and those who made them, are owed."""

import re
from collections.abc import Iterator

from mailer.rendering.lints.rule import Found, Material, error, warning

_FIGURE = re.compile(r"!\[(?P<alt>[^\]]*)\]\((?P<src>[^)\s]+)(?:\s+\"(?P<title>[^\"]*)\")?")
_FILE_NAME = re.compile(r"\S+\.(jpe?g|png|gif|webp)|(img|dsc|image|photo|picture)[-_ ]?\d*", re.IGNORECASE)


def _pictures(material: Material) -> Iterator[tuple[int | None, str, str, str]]:
    """(line, source, alt, credit) of every picture."""
    image = material.file.campaign.image
    if image:
        # alt: "" was written on purpose there: the picture only decorates.
        yield material.file.line_of("image"), image.src, image.alt or "decorates", image.credit or ""
    video = getattr(material.file.campaign, "video", None)
    if video and video.src:
        # A picture without words of its own carries those of the link that it is.
        yield material.file.line_of("video", "src"), video.src, video.alt or video.title, video.credit or ""
    for line, text in enumerate(material.file.body.split("\n"), material.file.body_line):
        for match in _FIGURE.finditer(text):
            title = match["title"] or ""
            yield line, match["src"], match["alt"], title.rpartition("|")[2].strip() if "|" in title else ""


@error("alt", "a picture without words for people who do not see it")
def alt(material: Material) -> Iterator[Found]:
    for line, src, words, _ in _pictures(material):
        if not words.strip():
            yield Found(line=line, message=f"{src} has no alt text", hint="say what it shows")
        elif _FILE_NAME.fullmatch(words.strip()):
            yield Found(line=line, message=f'"{words}" says nothing about the picture', hint="say what it shows")


@error("credit", "a picture without the name of its maker")
def credit(material: Material) -> Iterator[Found]:
    for line, src, _, name in _pictures(material):
        if not name:
            hint = 'add credit: beside its src, or write ![…](file "caption | credit")'
            yield Found(line=line, message=f"{src} has no credit", hint=hint)


@warning("alt-length", "an alt text of more than 250 characters is read out in one breath")
def alt_length(material: Material) -> Iterator[Found]:
    for line, src, words, _ in _pictures(material):
        if len(words) > 250:
            yield Found(
                line=line,
                message=f"the alt text of {src} has {len(words)} characters",
                hint="put the rest into the caption",
            )


RULES = (alt, credit, alt_length)
