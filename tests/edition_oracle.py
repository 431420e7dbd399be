"""Hand-built editions, and Jinja as the oracle for what they must say.

`jinja_source` writes a tree of nodes as a template with the delimiters below, so that static text is never parsed.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import jinja2

from mailer.domain.subscriber import Recipient
from mailer.edition.escaping import ESCAPE, shown
from mailer.edition.expressions import describe
from mailer.edition.filters import filters
from mailer.edition.format import Context, Edition, Expr, Hole, If, Meta, Nodes, Static, Variant

AT = datetime(2024, 11, 30, 9, 30, tzinfo=UTC)
KEY = b"a key of this project, 32 bytes."

META = Meta(
    slug="fighting-fund",
    kind="appeal",
    title="The fund needs £11,791",
    list_name="news",
    list_title="News and action",
    from_address="news@example.org",
    public_url="https://mail.example.org",
    frozen_at=AT,
)


def field(name: str) -> Expr:
    """`subscriber.NAME`."""
    return ("field", ("var", "subscriber"), name)


def link(name: str) -> Expr:
    return ("field", ("var", "links"), name)


def const(value: object) -> Expr:
    return ("const", value)


def filtered(name: str, value: Expr, *arguments: object) -> Expr:
    return ("filter", name, value, tuple(const(argument) for argument in arguments))


def default(name: str, fallback: object) -> Expr:
    """`subscriber.NAME | default(FALLBACK)`."""
    return filtered("default", field(name), fallback)


def holes(context: Context) -> Callable[[Expr], Hole]:
    return lambda expr: Hole(expr, context)


TEXT, ATTR, URL, URLQ, CSS, PLAIN, HEADER = (holes(context) for context in Context)


def variant(**changes: Any) -> Variant:
    base = Variant(
        language="en",
        from_name="Latin America Solidarity Network",
        subject=(Static("The fund needs you"),),
        text=(Static("Hello.\n"),),
        html=(Static("<p>Hello.</p>\n"),),
    )
    return replace(base, **changes)


def edition(
    *, meta: Mapping[str, Any] | None = None, variants: Mapping[str, Variant] | None = None, **parts: Any
) -> Edition:
    return Edition(
        sources="5f" * 32,
        meta=replace(META, **(meta or {})),
        variants=variants if variants is not None else {"": variant(**parts)},
    )


def recipient(*, email: str = "ana@example.net", public_id: int = 0xFEDC_BA98_7654_3210, **fields: object) -> Recipient:
    return Recipient(subscriber_id=1, public_id=public_id, email=email, fields={"email": email, **fields})


def jinja_environment(language: str = "en") -> jinja2.Environment:
    environment = jinja2.Environment(
        block_start_string="⟦%",
        block_end_string="%⟧",
        variable_start_string="⟦=",
        variable_end_string="=⟧",
        comment_start_string="⟦#",
        comment_end_string="#⟧",
        keep_trailing_newline=True,
        finalize=lambda value: "" if isinstance(value, jinja2.Undefined) else value,
        autoescape=False,
    )
    environment.filters |= filters(language)
    for context, escape in ESCAPE.items():
        environment.filters[f"c_{context}"] = lambda value, escape=escape: escape(
            "" if isinstance(value, jinja2.Undefined) else shown(value)
        )
    return environment


def jinja_source(nodes: Nodes) -> str:
    return "".join(_source(node) for node in nodes)


def _source(node: object) -> str:
    match node:
        case Static(text):
            return text
        case Hole(expr, context):
            return f"⟦= ({describe(expr)})|c_{context} =⟧"
        case If(branches, otherwise):
            words = ["if", *["elif"] * (len(branches) - 1)]
            tests = [
                f"⟦% {word} {describe(test)} %⟧{jinja_source(body)}"
                for word, (test, body) in zip(words, branches, strict=True)
            ]
            return f"{''.join(tests)}⟦% else %⟧{jinja_source(otherwise)}⟦% endif %⟧"
        case _:
            head = f"⟦% for {node.variable} in {describe(node.source)} %⟧"
            return f"{head}{jinja_source(node.body)}⟦% else %⟧{jinja_source(node.otherwise)}⟦% endfor %⟧"
