"""The edition: the frozen, compiled content of one mailing, as plain data.

`rendering/` makes it once per campaign; every worker loads it and turns subscribers into messages. No pickle and no
generated source: what is stored is JSON, compressed, so what was frozen is what every worker on every machine sends.

    edition   {"format", "sources", "meta": {…}, "views": null | views, "variants": {"": variant, "es": variant, "/f-b": variant}}
    views     {"had": "f" | "b" | "-", "items": [{"topics": [topic, …], "mailings": [id, …]}, …]}
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

Of a digest each group of people may see other items (`domain/views.py`). "views" is the rule by which a person's view is
found, null where everybody sees the same. A variant is known by its language, and after a slash by its view, a letter
for each item: all of it (f), its headline (b), nothing (-). Without a slash it is the whole issue, which is always there.
Variants say much the same, so the compression must reach back over a whole one: zlib, with its 32 KB, does not.
"""

import json
import lzma
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from mailer.domain.views import ViewItem, ViewRule
from mailer.errors import EditionError

FORMAT = 2
#: A window of a megabyte: several variants, where the text of a mail is some 60 KB.
_LZMA = [{"id": lzma.FILTER_LZMA2, "preset": 1}]
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
    """`sources`: SHA-256 (hex) over all that shaped it. `variants`: "" is the base, others by `variant_name`.

    views: how a person's view is found; None where there is one for all.
    """

    sources: str
    meta: Meta
    variants: Mapping[str, Variant]
    views: ViewRule | None = None

    @property
    def whole(self) -> "Edition":
        """The same without its views: whoever reads it sees all of it."""
        variants = {name: variant for name, variant in self.variants.items() if "/" not in name}
        return replace(self, variants=variants, views=None)


def variant_name(language: str, view: str = "") -> str:
    """language: "" is the base, else a tag ("es", "pt-BR"). view: "" is the whole issue."""
    return f"{language}/{view}" if view else language


def dump(edition: Edition) -> bytes:
    """The stored form: JSON with sorted keys, compressed."""
    document = {
        "format": FORMAT,
        "sources": edition.sources,
        "meta": {name: getattr(edition.meta, name) for name in Meta.__slots__}
        | {"frozen_at": edition.meta.frozen_at.isoformat()},
        "views": _views_to_json(edition.views) if edition.views else None,
        "variants": {name: _variant_to_json(variant) for name, variant in edition.variants.items()},
    }
    content = json.dumps(document, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
    return lzma.compress(content, filters=_LZMA)


def load(stored: bytes) -> Edition:
    """The edition in `stored`. Raises EditionError for another format or damaged data."""
    try:
        document = json.loads(lzma.decompress(stored))
        version = document["format"]
        if version == FORMAT:
            return _edition_from_json(document)
    except (lzma.LZMAError, ValueError, LookupError, TypeError, AttributeError) as error:
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
    variants = {name: _variant_from_json(variant) for name, variant in document["variants"].items()}
    if "" not in variants:
        raise ValueError("an edition has a base variant")
    views = None if document["views"] is None else _views_from_json(document["views"])
    if any(len(name.partition("/")[2]) not in (0, len(views.items) if views else 0) for name in variants):
        raise ValueError("a view has a letter for each item")
    return Edition(sources=document["sources"], meta=Meta(**meta), variants=variants, views=views)


def _views_to_json(rule: ViewRule) -> dict[str, Any]:
    return {"had": rule.had, "items": [{"topics": item.topics, "mailings": item.mailings} for item in rule.items]}


def _views_from_json(document: dict[str, Any]) -> ViewRule:
    items = (ViewItem(topics=tuple(one["topics"]), mailings=tuple(one["mailings"])) for one in document["items"])
    return ViewRule(items=tuple(items), had=document["had"])


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
