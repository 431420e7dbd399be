"""Rules about addresses: they stay in people's mailboxes for years."""

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

from mailer.rendering.lints.rule import Found, Material, error, warning
from mailer.settings import is_loopback

_MARKDOWN_LINK = re.compile(r"(?<!!)\[(?P<words>[^\]]*)\]\((?P<address>[^)\s]*)|<(?P<auto>https?://[^>\s]*)>")
_GENERIC = frozenset(
    {"click here", "here", "read more", "more", "link", "this link", "this", "find out more", "learn more", "more info"}
)  # fmt: skip
_SHORTENERS = frozenset(
    {"bit.ly", "tinyurl.com", "t.co", "goo.gl", "ow.ly", "is.gd", "buff.ly", "rebrand.ly", "cutt.ly", "lnkd.in", "shorturl.at"}
)  # fmt: skip
_STAGING = re.compile(
    r"(^|[.-])(staging|stage|test|dev|preview|local)([.-]|$)|\.(local|test|invalid|localhost)$", re.IGNORECASE
)


def _links(material: Material) -> Iterator[tuple[int | None, str, str]]:
    """(line, words, address) of every link that an author wrote; addresses that are made up per recipient end early."""
    for line, text in enumerate(material.file.body.split("\n"), material.file.body_line):
        for match in _MARKDOWN_LINK.finditer(text):
            yield line, match["words"] or "", (match["address"] or match["auto"] or "").partition("{")[0]
    for field_line, name, text in material.fields:
        # Nobody is led to a feed itself.
        if re.match(r"https?://", text) and not name.startswith("collect.feeds."):
            yield field_line, "", text


@error("insecure-link", "a link that begins with http:// can be read and changed on its way")
def insecure_link(material: Material) -> Iterator[Found]:
    for line, _, address in _links(material):
        if address.startswith("http://") and not is_loopback(urlsplit(address).hostname or ""):
            yield Found(line=line, message=f"{address} is not https", hint="write https://")


@error("placeholder-link", "a link to nowhere, to this machine, or to a draft of a site")
def placeholder_link(material: Material) -> Iterator[Found]:
    for line, _, address in _links(material):
        host = urlsplit(address).hostname or ""
        if address in ("#", "https://", "http://") or is_loopback(host) or _STAGING.search(host):
            yield Found(line=line, message=f'"{address}" is not for readers', hint="write the public address")


@warning("link-text", "words such as “click here” say nothing to people who hear the links read out")
def link_text(material: Material) -> Iterator[Found]:
    for line, words, _ in _links(material):
        if words.strip(" .:!*_").lower() in _GENERIC:
            yield Found(line=line, message=f'the link says "{words}"', hint="say where it leads")


@warning("link-shortener", "shortened addresses are taken for spam, and die with their service")
def link_shortener(material: Material) -> Iterator[Found]:
    for line, _, address in _links(material):
        if (urlsplit(address).hostname or "").removeprefix("www.") in _SHORTENERS:
            yield Found(line=line, message=f"{address} hides where it leads", hint="write the whole address")


RULES = (insecure_link, placeholder_link, link_text, link_shortener)
