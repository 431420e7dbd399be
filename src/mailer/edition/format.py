"""The edition: the frozen, compiled content of one mailing, as plain data.

`rendering/` makes it once per campaign; every worker loads it and turns subscribers into messages. No pickle and no
generated source: what is stored is JSON, compressed, so what was frozen is what every worker on every machine sends.

    edition   {"format", "sources", "meta": {…}, "variants": {"": variant, "es": variant}}
    variant   {"language", "direction", "from_name", "subject", "preheader", "text", "html"}  (the last four: lists of nodes)
    node      "static text"
              {"hole": expr, "context": …}                       one value, escaped for where it stands
              {"if": [[expr, nodes], …], "else": nodes}
              {"for": name, "in": expr, "do": nodes, "else": nodes}
    expr      ["const", value]                 ["var", "subscriber" | "links" | loop variable]
              ["field", expr, name]            ["item", expr, expr]
              ["filter", name, expr, [expr, …]]          name is one of FILTERS
              ["eq" | "ne" | "lt" | "lteq" | "gt" | "gteq" | "in" | "notin", expr, expr]
              ["and" | "or" | "add" | "sub" | "mul" | "div" | "floordiv" | "mod" | "pow", expr, expr]
              ["not" | "neg" | "pos", expr]    ["concat", expr, …]
              ["cond", test, then, else]       ["list", expr, …]

Static text is stored as text: the HTML as a browser would read it, the plain part as a person would, with LF line
ends. The program encodes both when it loads. A document of an unknown format is refused, never guessed at.
"""

import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from mailer.errors import EditionError

FORMAT = 1
#: The filters an expression may use: part of the format, so an old worker never meets one that it does not know.
FILTERS = frozenset(
    {
        "capitalize",
        "date",
        "default",
        "first",
        "int",
        "join",
        "last",
        "length",
        "lower",
        "number",
        "round",
        "title",
        "trim",
        "truncate",
        "upper",
    }
)
#: A nested JSON array; see the module docstring.
Expr = tuple[Any, ...]


class Context(StrEnum):
    """Where a hole stands, which decides how its value is escaped."""

    TEXT = "text"  #: a text node of the HTML
    ATTR = "attr"  #: an attribute that is no address
    URL = "url"  #: the whole of an href or src
    URLQ = "urlq"  #: inside an address, after a fixed beginning
    CSS = "css"  #: a value in a style attribute
    PLAIN = "plain"  #: the text part
    HEADER = "header"  #: Subject or a display name


@dataclass(frozen=True, slots=True)
class Static:
    text: str


@dataclass(frozen=True, slots=True)
class Hole:
    expr: Expr
    context: Context


@dataclass(frozen=True, slots=True)
class If:
    branches: tuple[tuple[Expr, "Nodes"], ...]
    otherwise: "Nodes" = ()


@dataclass(frozen=True, slots=True)
class For:
    variable: str
    source: Expr
    body: "Nodes"
    otherwise: "Nodes" = ()


Node = Static | Hole | If | For
Nodes = tuple[Node, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Meta:
    """What is the same for every variant and recipient. Addresses are bare; times are aware, UTC."""

    slug: str
    kind: str
    title: str  #: the headline, for the public page and status
    list_name: str
    list_title: str
    from_address: str
    reply_to: str = ""
    public_url: str  #: "https://mail.example.org", without a slash at its end
    unsubscribe_mailbox: str = ""
    organisation: str = ""
    frozen_at: datetime
    signed: bool = False  #: whether it was made to leave with a DKIM signature of ours
    automatic: bool = False  #: whether the clock put it together and sent it, as it does with a digest
    media: tuple[str, ...] = ()  #: "HASH.EXT" of every file the mail links: pictures, a calendar file


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """One language of the edition. subject and preheader are nodes in header and plain context."""

    language: str
    direction: str = "ltr"
    from_name: str
    subject: Nodes
    preheader: Nodes = ()
    text: Nodes
    html: Nodes


@dataclass(frozen=True, slots=True, kw_only=True)
class Edition:
    """`sources`: SHA-256 (hex) over all that shaped it. `variants`: "" is the base, others by language tag ("es", "pt-BR")."""

    sources: str
    meta: Meta
    variants: Mapping[str, Variant]


def dump(edition: Edition) -> bytes:
    """The stored form: JSON with sorted keys, zlib."""
    document = {
        "format": FORMAT,
        "sources": edition.sources,
        "meta": {name: getattr(edition.meta, name) for name in Meta.__slots__}
        | {"frozen_at": edition.meta.frozen_at.isoformat()},
        "variants": {tag: _variant_to_json(variant) for tag, variant in edition.variants.items()},
    }
    return zlib.compress(json.dumps(document, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode())


def load(stored: bytes) -> Edition:
    """The edition in `stored`. Raises EditionError for another format or damaged data."""
    try:
        document = json.loads(zlib.decompress(stored))
        version = document["format"]
        if version == FORMAT:
            return _edition_from_json(document)
    except (zlib.error, ValueError, LookupError, TypeError, AttributeError) as error:
        raise EditionError(
            "The stored content of this mailing is damaged.", hint="Restore the database from a backup."
        ) from error
    raise EditionError(
        f"This mailing was frozen in edition format {version}, and this program knows format {FORMAT}.",
        hint="Run the mailer version that froze it, or cancel the mailing and send the campaign again.",
    )


def _edition_from_json(document: dict[str, Any]) -> Edition:
    meta = dict(document["meta"])
    meta["frozen_at"] = datetime.fromisoformat(meta["frozen_at"])
    meta["media"] = tuple(meta["media"])
    variants = {tag: _variant_from_json(variant) for tag, variant in document["variants"].items()}
    if "" not in variants:
        raise ValueError("an edition has a base variant")
    return Edition(sources=document["sources"], meta=Meta(**meta), variants=variants)


def _variant_to_json(variant: Variant) -> dict[str, Any]:
    plain = {name: getattr(variant, name) for name in ("language", "direction", "from_name")}
    return plain | {name: _nodes_to_json(getattr(variant, name)) for name in ("subject", "preheader", "text", "html")}


def _variant_from_json(document: dict[str, Any]) -> Variant:
    nodes = {name: _nodes_from_json(document[name]) for name in ("subject", "preheader", "text", "html")}
    return Variant(
        language=document["language"], direction=document["direction"], from_name=document["from_name"], **nodes
    )


def _nodes_to_json(nodes: Nodes) -> list[Any]:
    return [_node_to_json(node) for node in nodes]


def _node_to_json(node: Node) -> Any:
    match node:
        case Static(text):
            return text
        case Hole(expr, context):
            return {"hole": expr, "context": context.value}
        case If(branches, otherwise):
            return {"if": [[test, _nodes_to_json(body)] for test, body in branches], "else": _nodes_to_json(otherwise)}
        case For(variable, source, body, otherwise):
            return {"for": variable, "in": source, "do": _nodes_to_json(body), "else": _nodes_to_json(otherwise)}


def _nodes_from_json(document: list[Any]) -> Nodes:
    return tuple(_node_from_json(node) for node in document)


def _node_from_json(node: Any) -> Node:
    if isinstance(node, str):
        return Static(node)
    if "hole" in node:
        return Hole(_expr(node["hole"]), Context(node["context"]))
    if "if" in node:
        branches = tuple((_expr(test), _nodes_from_json(body)) for test, body in node["if"])
        return If(branches, _nodes_from_json(node["else"]))
    return For(node["for"], _expr(node["in"]), _nodes_from_json(node["do"]), _nodes_from_json(node["else"]))


def _expr(document: Any) -> Any:
    """JSON arrays back into tuples, which hash: equal expressions share one evaluation per message."""
    return tuple(_expr(part) for part in document) if isinstance(document, list) else document
