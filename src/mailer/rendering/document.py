"""The document that a Markdown body is: a small tree, from which both the HTML and the text are written."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from markdown_it.token import Token as Inline


@dataclass(slots=True)
class Paragraph:
    inline: list[Inline]
    line: int


@dataclass(slots=True)
class Heading:
    level: int  #: 2 or 3: the headline is the only one of the first rank
    inline: list[Inline]
    line: int


@dataclass(slots=True)
class Item:
    children: list["Node"]


@dataclass(slots=True)
class Items:
    """A list. `items` may hold groups of items: those that depend on the recipient."""

    ordered: bool
    start: int
    items: list["Item | Group"]


@dataclass(slots=True)
class Quote:
    children: list["Node"]


@dataclass(slots=True)
class Code:
    text: str


@dataclass(slots=True)
class Rule:
    line: int


@dataclass(slots=True)
class Figure:
    src: str
    alt: str
    caption: str
    link: str
    line: int


@dataclass(slots=True)
class Call:
    """A block, by its token."""

    token: str
    line: int


@dataclass(slots=True)
class Mark:
    """Where a condition or loop on the recipient begins, turns or ends. kind: i, v, e, f or n."""

    token: str
    kind: str
    line: int


@dataclass(slots=True)
class Group:
    """What stands under a condition or in a loop on the recipient: each mark with what follows it, then the end."""

    branches: list[tuple[Mark, list["Node"]]] = field(default_factory=list)
    end: str = ""


Node = Paragraph | Heading | Items | Item | Quote | Code | Rule | Figure | Call | Mark | Group
#: These become sections of their own; all else shares the section of a run of prose.
STRUCTURAL = (Figure, Rule, Call)


def structural(node: Node) -> bool:
    """Whether `node` cannot stand inside a section of prose."""
    if isinstance(node, Group):
        return any(structural(child) for _, children in node.branches for child in children)
    return isinstance(node, STRUCTURAL)


def walk(nodes: list[Node]) -> Iterator[Node]:
    """Every node, in reading order."""
    for node in nodes:
        yield node
        if isinstance(node, Group):
            for _, children in node.branches:
                yield from walk(children)
        elif isinstance(node, Items):
            yield from walk(list(node.items))
        elif isinstance(node, Item | Quote):
            yield from walk(node.children)
