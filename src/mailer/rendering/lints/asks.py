"""Rules about what readers are asked to do: one thing, and the same in both parts."""

import re
from collections.abc import Iterator
from html import unescape

from mailer.rendering.lints.rule import Found, Material, warning

_BUTTON = re.compile(r"\{\{[-+]?\s*button\s*\((?P<arguments>.*?)\)\s*[-+]?\}\}", re.DOTALL)
_ADDRESS = re.compile(r"https?://[^\s\"'<>{}]+")
_HREF = re.compile(r'<a\b[^>]*?\bhref="(?P<address>https?://[^"]*)"', re.IGNORECASE)


@warning("one-ask", "buttons that lead to different places: readers do one thing, or nothing")
def one_ask(material: Material) -> Iterator[Found]:
    main = [(line, text) for line, name, text in material.fields if name in ("fund.donate_url", "petition.sign_url")]
    file = material.file
    for button in _BUTTON.finditer(file.body):
        button_line = file.body_line + file.body.count("\n", 0, button.start())
        main.extend((button_line, address) for address in _ADDRESS.findall(button["arguments"]))
    for line, address in main[1:]:
        if address != main[0][1]:
            yield Found(
                line=line, message=f"a button to {address}, beside the one to {main[0][1]}",
                hint="keep one button, and write a link for the rest",
            )  # fmt: skip


@warning("part-links", "a link of the HTML part that is not in the text part")
def part_links(material: Material) -> Iterator[Found]:
    text = "".join(material.text.split())
    for address in dict.fromkeys(unescape(found) for found in _HREF.findall(material.html)):
        if address not in text:
            yield Found(
                message=f"{address} is not in the text part",
                hint="put it into the template's text twin: some people read nothing else",
            )


RULES = (one_ask, part_links)
