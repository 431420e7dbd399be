"""A document as plain HTML without classes: what `prose(content)` gets. Marks are comments, which tables and lists bear."""

from html import escape

from markdown_it.token import Token as Inline

from mailer.rendering.document import Code, Group, Heading, Item, Items, Node, Paragraph, Quote
from mailer.rendering.holes import Holes

_TAGS = {"strong": "strong", "em": "em"}


def mark(token: str) -> str:
    """A mark between elements."""
    return f"<!--{token}-->"


def write_html(nodes: list[Node], holes: Holes) -> str:
    """`nodes` as XHTML (void elements closed), literals put back, holes still tokens."""
    return "".join(_node(node, holes) for node in nodes)


def _node(node: Node, holes: Holes) -> str:
    match node:
        case Paragraph():
            return f"<p>{inline_html(node.inline, holes)}</p>"
        case Heading():
            return f"<h{node.level}>{inline_html(node.inline, holes)}</h{node.level}>"
        case Items():
            tag = "ol" if node.ordered else "ul"
            start = f' start="{node.start}"' if node.ordered and node.start != 1 else ""
            return f"<{tag}{start}>{write_html(list(node.items), holes)}</{tag}>"
        case Item():
            return f"<li>{_item(node, holes)}</li>"
        case Quote():
            return f"<blockquote>{write_html(node.children, holes)}</blockquote>"
        case Code():
            return f"<pre><code>{escape(holes.restored(node.text))}</code></pre>"
        case Group():
            branches = "".join(mark(opening.token) + write_html(children, holes) for opening, children in node.branches)
            return branches + mark(node.end)
        case _:
            return ""  # structural nodes were refused where only prose may stand


def _item(item: Item, holes: Holes) -> str:
    # An item of one paragraph is tight, whether or not there are empty lines between items.
    if item.children and isinstance(item.children[0], Paragraph):
        first, rest = item.children[0], item.children[1:]
        if not any(isinstance(child, Paragraph | Group) for child in rest):
            return inline_html(first.inline, holes) + write_html(rest, holes)
    return write_html(item.children, holes)


def inline_html(tokens: list[Inline], holes: Holes) -> str:
    out = []
    for token in tokens:
        kind, _, side = token.type.rpartition("_")
        if token.type == "text":
            out.append(escape(holes.restored(token.content), quote=False))
        elif kind in _TAGS:
            out.append(f"<{_TAGS[kind]}>" if side == "open" else f"</{_TAGS[kind]}>")
        elif kind == "link":
            out.append(f'<a href="{escape(_href(token, holes))}">' if side == "open" else "</a>")
        elif token.type == "softbreak":
            out.append("\n")
        elif token.type == "hardbreak":
            out.append("<br />")
        elif token.type == "code_inline":
            out.append(f"<code>{escape(holes.restored(token.content), quote=False)}</code>")
        elif token.content:
            out.append(escape(holes.restored(token.content), quote=False))
    return "".join(out)


def _href(token: Inline, holes: Holes) -> str:
    return holes.restored(str(token.attrGet("href") or ""))
