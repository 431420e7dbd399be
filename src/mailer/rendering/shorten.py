"""Shortens a piece of inline Markdown to a few lines, without breaking what is set in it."""

import re

from markdown_it.token import Token as Inline

ELLIPSIS = "…"
#: A sentence ends in one of these, with the quotation marks that close it, before white space.
_SENTENCE = re.compile(r"[.!?…][”’\"')\]]*(?=\s)")
#: A shortened text that ends with a sentence reads better than one that is longer, down to this share of the length.
_ENOUGH = 0.4


def without_links(tokens: list[Inline]) -> list[Inline]:
    """The words alone: what leads elsewhere would compete with the one link that they stand above."""
    return [token for token in tokens if token.type not in ("link_open", "link_close")]


def shortened(tokens: list[Inline], most: int) -> list[Inline]:
    """`tokens` with no more than `most` characters of text; what was opened before the cut is closed.

    The cut comes after a sentence, else after a word, else anywhere.
    """
    text = "".join(token.content or " " * (token.type == "softbreak") for token in tokens)
    if len(text) <= most:
        return tokens
    length, ending = _cut(text, most)
    out: list[Inline] = []
    for position, token in enumerate(tokens):
        width = len(token.content) or int(token.type == "softbreak")
        if width and width >= length:
            out.append(token.copy(content=token.content[:length] + ending))
            return out + _closings(out, tokens[position + 1 :])
        length -= width
        out.append(token)
    return out


def _cut(text: str, most: int) -> tuple[int, str]:
    """How many characters of `text` are kept, and what stands behind them."""
    ends = [match.end() for match in _SENTENCE.finditer(text) if match.end() <= most]
    if ends and ends[-1] >= most * _ENOUGH:
        return ends[-1], ""
    kept = text[:most]
    if not text[most].isspace():
        kept = kept.rpartition(" ")[0] or kept
    return len(kept.rstrip(" ,;:.–—-(“‘")), ELLIPSIS


def _closings(before: list[Inline], after: list[Inline]) -> list[Inline]:
    """Those of `after` that close what `before` leaves open."""
    depth: int = sum(token.nesting for token in before)
    level = depth
    out: list[Inline] = []
    for token in after:
        level += token.nesting
        if level < depth:
            out.append(token)
            depth = level
    return out
