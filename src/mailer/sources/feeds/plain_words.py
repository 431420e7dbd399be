"""HTML, as feeds carry it, to a line of words."""

import unicodedata
from html.parser import HTMLParser

#: What stands in these is not for reading.
_SILENT = frozenset({"script", "style", "template", "noscript", "iframe", "object", "svg", "math", "head", "title"})
#: These stand within a line; every other element ends a word.
_INLINE = frozenset(
    {"a", "abbr", "b", "bdi", "cite", "code", "del", "em", "font", "i", "ins", "mark", "q", "s", "small", "span"}
    | {"strong", "sub", "sup", "u", "wbr"}
)
#: More of a text is not looked at, for what is wanted is its beginning.
_READ = 20_000
#: Signs that nobody sees: controls, what turns the direction of the rest, private and unassigned ones, lone surrogates.
_UNSEEN = frozenset({"Cc", "Cf", "Co", "Cn", "Cs"})
#: Unseen, and yet part of how words are written and emoji are put together (RFC 5892 appendix A).
_JOINERS = "\u200c\u200d"


class _Words(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.out: list[str] = []
        self._silent = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002
        self._silent += tag in _SILENT
        if tag not in _INLINE:
            self.out.append(" ")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002
        if tag not in _INLINE:
            self.out.append(" ")

    def handle_endtag(self, tag: str) -> None:
        self._silent -= tag in _SILENT and self._silent > 0
        if tag not in _INLINE:
            self.out.append(" ")

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self.out.append(data)


def words_of_html(html: str, most: int) -> str:
    """The words of `html` in one line, no more than `most` characters of it."""
    reader = _Words()
    reader.feed(html[:_READ])
    reader.close()
    return line_of("".join(reader.out), most)


def line_of(text: str, most: int) -> str:
    """Plain text in one line without signs that nobody sees; cut after a word, with an ellipsis."""
    spaced = " ".join(text[: _READ * 2].split())
    line = "".join(sign for sign in spaced if sign in _JOINERS or unicodedata.category(sign) not in _UNSEEN)
    line = " ".join(line.split())
    if len(line) <= most:
        return line
    return (line[: most - 1].rpartition(" ")[0] or line[: most - 1]).rstrip(" ,;:.–—-(“‘") + "…"
