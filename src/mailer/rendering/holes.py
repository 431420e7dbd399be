"""Holes: what a template says about the recipient, kept for later.

While a campaign is compiled nobody is being written to, so an expression on `subscriber` or `links` leaves a *token* in
the output: lower-case letters and digits with a nonce, a shape that Markdown, MJML, CSS, addresses and premailer carry
through unchanged. When all is done, each token is looked up here again. A token that does not come out the other end
means that something a person was to read has been lost, so that is an error.

    zq 7f3a9c01 h 0017 x      nonce, kind, number
    kinds: h value · i if · v elif · e else · f for · n end · l literal (a campaign's own value in a body) · b block
"""

import re
import secrets
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, NewType

from jinja2 import Undefined
from markupsafe import Markup

from mailer.edition.expressions import describe
from mailer.edition.format import Expr
from mailer.errors import Problem
from mailer.rendering.problems import TemplateFault

Token = NewType("Token", str)
#: Where a hole was met, which decides where it must come out.
BODY, HTML, TEXT = "body", "html", "text"


@dataclass(frozen=True, slots=True, kw_only=True)
class Deferred:
    """One deferred expression, as it stands in a template; the same for every campaign.

    expr: in the edition's form, with ("capture", n, as_number) where a campaign's own value belongs.
    fields: (name, whether it was written subscriber.attributes.NAME) of everything it reads of the subscriber.
    """

    kind: str
    expr: Expr
    file: str
    line: int
    variable: str = ""
    fields: frozenset[tuple[str, bool]] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Instance:
    """One token of one compilation. `stage`: BODY, HTML or TEXT, or "subject"… for the rest."""

    deferred: Deferred
    expr: Expr
    stage: str


@dataclass(frozen=True, slots=True)
class BlockCall:
    """A block of a body, rendered in both forms."""

    mjml: str
    text: str


class Holes:
    """The tokens of one compilation."""

    def __init__(self, sources: Iterable[str]) -> None:
        """`sources`: every text that may end up in the mail; the nonce stands in none of them."""
        whole = "\n".join(sources)
        self.nonce = secrets.token_hex(4)
        while f"zq{self.nonce}" in whole:
            self.nonce = secrets.token_hex(4)
        self.pattern = re.compile(rf"zq{self.nonce}([a-z])(\d{{4,}})x")
        self.stage = BODY
        self.instances: dict[str, Instance] = {}
        self.literals: dict[str, str] = {}
        self.blocks: dict[str, BlockCall] = {}
        #: Tokens that have become part of another hole.
        self.absorbed: set[str] = set()

    def _token(self, kind: str, number: int) -> str:
        return f"zq{self.nonce}{kind}{number:04d}x"

    def hole(self, deferred: Deferred, captures: tuple[Any, ...] = ()) -> str:
        """A token for `deferred`, with the campaign's own values that it captured."""
        token = self._token(deferred.kind, len(self.instances))
        self.instances[token] = Instance(
            deferred=deferred, expr=self._filled(deferred.expr, captures), stage=self.stage
        )
        return token

    def _filled(self, expr: Expr, captures: tuple[Any, ...]) -> Expr:
        """`expr` with the campaign's own values in the places of captures."""
        if expr[:1] == ("capture",):
            return self._constant(captures[expr[1]], as_number=expr[2])
        return tuple(self._filled(part, captures) if isinstance(part, tuple) else part for part in expr)

    def _constant(self, value: Any, *, as_number: bool) -> Expr:
        """A campaign's own value as part of an edition: plain data only."""
        if isinstance(value, Undefined):
            str(value)  # raises, and says which name it was
        if isinstance(value, Markup):
            raise TemplateFault(
                "formatted text cannot be part of an expression", "use {% if %} … {% endif %} around it"
            )
        if isinstance(value, list | tuple | frozenset | set):
            return ("list", *(self._constant(item, as_number=as_number) for item in value))
        amount = getattr(value, "amount", value)
        if as_number and amount is not value:
            return ("const", int(amount) if amount == int(amount) else float(amount))
        if value is None or isinstance(value, int | float):
            return ("const", value)
        return self._text(str(value))

    def _text(self, text: str) -> Expr:
        """Text of the campaign, which may hold holes itself: `leave_url` does."""
        parts: list[Expr] = []
        position = 0
        for match in self.pattern.finditer(text):
            if match[1] != "h":
                raise TemplateFault("a block cannot be part of an expression", "use {% if %} … {% endif %} around it")
            self.absorbed.add(match[0])
            parts += [("const", text[position : match.start()]), self.instances[match[0]].expr]
            position = match.end()
        return ("concat", *parts, ("const", text[position:])) if parts else ("const", text)

    def literal(self, value: object) -> str:
        """In a body: a campaign's own value, which Markdown must not read. Tokens pass as they are."""
        text = "" if value is None else str(value)
        if self.pattern.fullmatch(text) or not text:
            return text
        token = self._token("l", len(self.literals))
        self.literals[token] = text
        return token

    def block(self, call: BlockCall) -> str:
        token = self._token("b", len(self.blocks))
        self.blocks[token] = call
        return token

    def restored(self, text: str) -> str:
        """`text` with literals put back; what they hold is not looked at again, but for holes."""
        return self.pattern.sub(lambda match: self.literals.get(match[0], match[0]), text)

    @contextmanager
    def at(self, stage: str) -> Iterator[None]:
        """Within this, holes belong to `stage`."""
        before, self.stage = self.stage, stage
        try:
            yield
        finally:
            self.stage = before

    def vanished(self, stages: frozenset[str], output: str, part: str) -> list[Problem]:
        """A problem for each hole of `stages` that is not in `output`; `part` says what that is."""
        found = {match[0] for match in self.pattern.finditer(output)} | self.absorbed
        return [
            Problem(
                rule="lost-hole",
                file=instance.deferred.file,
                line=instance.deferred.line,
                message=f"{source(instance)} is lost on its way into {part}",
                hint="it stands where mail cannot carry it, or a filter changed it",
            )
            for token, instance in self.instances.items()
            if instance.stage in stages and token not in found
        ]

    def moved(self, instance: Instance, **changes: Any) -> str:
        """A further token like `instance`, with changes to what was deferred: for marks that the compiler adds."""
        token = self._token(changes.get("kind", instance.deferred.kind), len(self.instances))
        self.instances[token] = replace(instance, deferred=replace(instance.deferred, **changes))
        return token


def source(instance: Instance) -> str:
    """What the author wrote, nearly."""
    words = {"h": "{{ %s }}", "i": "{%% if %s %%}", "v": "{%% elif %s %%}", "f": "{%% for … in %s %%}"}
    pattern = words.get(instance.deferred.kind)
    return pattern % describe(instance.expr) if pattern else "the end of a condition or loop"
