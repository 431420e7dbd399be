"""The last touch on a text part: never more than one empty line in a row, no white space at line ends or around it."""

import re

from mailer.rendering.holes import Holes


def tidied(text: str, holes: Holes) -> str:
    """`text` tidied, for every recipient.

    Line feeds before a mark count for what follows it: a paragraph under a condition brings the empty line behind it
    along, so nothing is left where it is missing.
    """
    pieces = re.split(f"(zq{holes.nonce}[ivefn]\\d{{4,}}x|\n)", text)
    out: list[str] = []
    feeds = 2  # as if an empty line stood before the text
    for piece in pieces:
        if piece == "\n":
            if feeds < 2:
                _strip_end(out)
                out.append("\n")
            feeds += 1
        elif (
            holes.pattern.fullmatch(piece) and piece in holes.instances and holes.instances[piece].deferred.kind != "h"
        ):
            out.append(piece)
        elif piece.strip(" \t") or (piece and feeds == 0):
            out.append(piece)
            feeds = 0
    return "".join(out).rstrip() + "\n"


def _strip_end(out: list[str]) -> None:
    if out and out[-1] != "\n":
        out[-1] = out[-1].rstrip(" \t")
