"""Rules about the words: what was left unfinished, pasted in, or written twice."""

import re
from collections.abc import Iterator

from mailer.rendering.lints.rule import Found, Material, error, warning

_PLACEHOLDER = re.compile(r"\b(TODO|TK|TBC|TBD|XXX|FIXME)\b|\blorem ipsum\b|\[\[|\]\]", re.IGNORECASE)
_CAPITALS_ONLY = frozenset({"tk", "tbc", "tbd", "todo"})
_CHROME = re.compile(
    r"skip to (main )?content|leave a reply|comments are closed|(powered|built) (by|with) wordpress|website built with|"
    r"\b\d+ thoughts? on\b|\bup ↑|we use cookies|accept (all )?cookies|share this:|like loading",
    re.IGNORECASE,
)
_LOST_LINK = re.compile(r"\bvisit\s*[,.;](\s|$)|\bclick here:\s*($|[.;])", re.IGNORECASE)
_DOUBLED = re.compile(r"\b(\w+(?:[ ]+\w+){0,5})[ ]+\1\b", re.IGNORECASE)
MEANT_TWICE = frozenset({"had", "that", "is", "ha", "no", "very", "bye", "so", "blah"})
_INVISIBLE = re.compile("[\u00a0\u00ad\u200b\u2060\ufeff]")
_MONEY = re.compile(r"[£€$]\s+\d")
_ATTACHED = re.compile(
    r"\b(is|are|see|find)\s+attached\b|\battachment\b|\battached (file|document|pdf|leaflet)\b", re.IGNORECASE
)


@error("placeholder", "TODO, TK, lorem ipsum or [[…]] still stands there")
def placeholder(material: Material) -> Iterator[Found]:
    for line, words in material.source_lines:
        for match in _PLACEHOLDER.finditer(words):
            if match[0].lower() not in _CAPITALS_ONLY or match[0].isupper():
                yield Found(line=line, message=f'"{match[0]}" still stands there', hint="write what belongs there")


@error("lost-link", "“visit ,” or “click here:” with nothing behind it: an address was lost in pasting")
def lost_link(material: Material) -> Iterator[Found]:
    for line, words in material.words:
        for match in _LOST_LINK.finditer(words):
            yield Found(line=line, message=f'"{match[0].strip()}": the address is missing', hint="add the link")


@warning("web-chrome", "words of a web page around the text were pasted with it")
def web_chrome(material: Material) -> Iterator[Found]:
    for line, words in material.words:
        for match in _CHROME.finditer(words):
            yield Found(line=line, message=f'"{match[0]}" belongs to a web page', hint="delete it")


@warning("doubled-word", "a word or phrase stands there twice in a row")
def doubled_word(material: Material) -> Iterator[Found]:
    for line, words in material.paragraphs:
        for match in _DOUBLED.finditer(words):
            if match[1].lower() not in MEANT_TWICE and not match[1].isdigit():
                yield Found(line=line, message=f'"{match[1]}" stands there twice in a row', hint="delete one")


@warning("invisible-character", "a no-break space or zero-width character, usually pasted from a web page")
def invisible_character(material: Material) -> Iterator[Found]:
    for line, words in material.words:
        found = _INVISIBLE.search(words)
        if found:
            yield Found(line=line, message=f"the invisible character U+{ord(found[0]):04X}", hint="type a plain space")


@warning("money-space", "a space between the currency sign and the amount")
def money_space(material: Material) -> Iterator[Found]:
    for line, words in material.words:
        for match in _MONEY.finditer(words):
            yield Found(line=line, message=f'"{match[0]}…"', hint="write £11,791 without a space")


@warning("quotes", "straight and curly quotation marks mixed, or a space behind an opening one")
def quotes(material: Material) -> Iterator[Found]:
    curly = any(re.search("[“”]", words) for _, words in material.body_lines)
    for line, words in material.body_lines:
        if "“ " in words or "‘ " in words:
            yield Found(line=line, message="a space behind an opening quotation mark", hint="delete it")
        # In Markdown the title of a picture stands in straight marks.
        if curly and '"' in re.sub(r"\]\([^)]*\)", "", words):
            yield Found(line=line, message="straight quotation marks, and curly ones elsewhere", hint="use “ and ”")


@warning("short-body", "fewer than 50 words: mail that is all picture is taken for advertising")
def short_body(material: Material) -> Iterator[Found]:
    count = sum(len(re.findall(r"\w+", words)) for _, words in material.body_lines)
    # A digest has the words of its items.
    if count < 50 and material.issue is None:
        yield Found(line=material.file.body_line, message=f"the body has {count} words", hint="say it in text as well")


@warning("attachment", "an attachment is mentioned, and mail of this program has none")
def attachment(material: Material) -> Iterator[Found]:
    for line, words in material.body_lines:
        found = _ATTACHED.search(words)
        if found:
            yield Found(line=line, message=f'"{found[0]}": there are no attachments', hint="link the file instead")


RULES = (
    placeholder,
    lost_link,
    web_chrome,
    doubled_word,
    invisible_character,
    money_space,
    quotes,
    short_body,
    attachment,
)
