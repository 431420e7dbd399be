"""A document as plain text, written as if it were the only form.

Headings are underlined, items begin with a hyphen or number, quotations with ">". A link reads `words <address>`
(RFC 3986 appendix C sets addresses in text between angle brackets), or the address alone where the words are the address;
a paragraph that is nothing but a link becomes the words, a colon, and the address on a line of its own. Lines are never
broken: a hole has no known length.
"""

from markdown_it.token import Token as Inline

from mailer.rendering.document import Code, Group, Heading, Item, Items, Node, Paragraph, Quote
from mailer.rendering.holes import Holes


def write_text(nodes: list[Node], holes: Holes) -> str:
    """`nodes` as text; every block ends in an empty line, inside its own condition if it has one."""
    return "".join(_node(node, holes) for node in nodes)


def _node(node: Node, holes: Holes) -> str:
    match node:
        case Paragraph():
            return _paragraph(node.inline, holes) + "\n\n"
        case Heading():
            words = inline_text(node.inline, holes)
            # A hole has no known length: a fixed line says "heading" as well.
            length = 40 if holes.pattern.search(words) else min(max(len(words), 3), 60)
            return f"{words}\n{('-' if node.level == 2 else '.') * length}\n\n"
        case Items():
            return _items(node, holes) + "\n"
        case Item():
            return _item("- ", node, holes)
        case Quote():
            return _prefixed(write_text(node.children, holes), "> ", "> ") + "\n\n"
        case Code():
            return _prefixed(holes.restored(node.text), "    ", "    ") + "\n\n"
        case Group():
            return (
                "".join(opening.token + write_text(children, holes) for opening, children in node.branches) + node.end
            )
        case _:
            return ""


def _items(node: Items, holes: Holes) -> str:
    counted = node.ordered and all(isinstance(item, Item) for item in node.items)
    out = []
    for number, item in enumerate(node.items, node.start):
        # Items under a condition or in a loop cannot be counted.
        if isinstance(item, Item) and counted:
            out.append(_item(f"{number}. ", item, holes))
        else:
            out.append(_node(item, holes))
    return "".join(out)


def _item(bullet: str, item: Item, holes: Holes) -> str:
    return _prefixed(write_text(item.children, holes), bullet, " " * len(bullet)) + "\n"


def _prefixed(text: str, first: str, rest: str) -> str:
    lines = text.strip("\n").split("\n")
    out = [first + lines[0], *(rest + line if line else rest.rstrip() for line in lines[1:])]
    return "\n".join(line.rstrip() for line in out)


def _paragraph(tokens: list[Inline], holes: Holes) -> str:
    if len(tokens) >= 3 and tokens[0].type == "link_open" and tokens[-1].type == "link_close":
        inner = tokens[1:-1]
        if not any(token.type.startswith("link") for token in inner):
            words, address = inline_text(inner, holes), _href(tokens[0], holes)
            return address if words == address else f"{words}:\n{address}"
    return inline_text(tokens, holes)


def inline_text(tokens: list[Inline], holes: Holes) -> str:
    out: list[str] = []
    address, begun = "", 0
    for token in tokens:
        match token.type:
            case "softbreak":
                out.append(" ")  # the author's editor broke the line; the reader's program breaks its own
            case "hardbreak":
                out.append("\n")
            case "strong_open" | "strong_close":
                out.append("*")
            case "em_open" | "em_close":
                out.append("_")
            case "link_open":
                address, begun = _href(token, holes), len(out)
            case "link_close":
                words = "".join(out[begun:])
                if words not in (address, address.removeprefix("mailto:").removeprefix("tel:")):
                    out.append(f" <{address.removeprefix('mailto:')}>")
            case "image":
                out.append(holes.restored(token.content))
            case _:
                out.append(holes.restored(token.content))
    return "".join(out)


def _href(token: Inline, holes: Holes) -> str:
    return holes.restored(str(token.attrGet("href") or ""))
