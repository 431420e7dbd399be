"""Nodes become closures that lay one part of a message: its HTML, its text, its subject.

A list of nodes becomes a *block*. What is static in it is encoded once, here. Per message its holes are worked out,
each once however often it occurs, and picked into their places between the static pieces in one pass of C code.
What stands in a branch or a loop is a block of its own, worked out only if it is reached.
"""

from collections.abc import Callable
from operator import itemgetter
from typing import Any, Generic, TypeVar

from mailer.edition import quoted_printable
from mailer.edition.escaping import ESCAPE, shown
from mailer.edition.expressions import (
    FAILURES,
    STEPS,
    Env,
    Evaluate,
    Scope,
    compile_expression,
    failure,
    personal_link,
)
from mailer.edition.format import Context, Expr, For, Hole, If, Node, Nodes, Static
from mailer.errors import EditionError

#: Values whose laid form is kept, per context. Names, places and amounts repeat; when it is full it starts afresh.
_MOST_KEPT = 4096

Piece = TypeVar("Piece", str, bytes)
Lay = Callable[[Env], Piece]


class Layer(Generic[Piece]):
    """Compiles nodes for one medium. static: lays fixed text; value: lays an escaped value; empty: joins pieces."""

    def __init__(self, *, static: Callable[[str], Piece], value: Callable[[str], Piece], empty: Piece) -> None:
        self._static: Callable[[str], Piece] = static
        self._value: Callable[[str], Piece] = value
        self._join: Callable[[Any], Piece] = empty.join
        self._kept: dict[Context, dict[str, Piece]] = {context: {} for context in Context}

    def block(self, nodes: Nodes, scope: Scope) -> Lay[Piece]:
        """The closure that lays `nodes`. Calling it raises EditionError if a value is missing or cannot be placed."""
        fixed: list[Piece] = []
        moving: dict[Node, Lay[Piece]] = {}
        order: list[tuple[bool, int]] = []
        for node in _merged(nodes):
            if isinstance(node, Static):
                order.append((True, len(fixed)))
                fixed.append(self._static(node.text))
            else:
                if node not in moving:
                    moving[node] = self._moving(node, scope)
                order.append((False, list(moving).index(node)))
        if not moving:
            whole = self._join(fixed)
            return lambda _env: whole
        join, lays = self._join, tuple(moving.values())
        # The pool is the values, then the fixed pieces; `pick` lays them in reading order, in C.
        places = [len(lays) + index if is_fixed else index for is_fixed, index in order]
        if len(places) == 1:
            return lays[0]
        pick = itemgetter(*places)

        def lay(env: Env) -> Piece:
            pool = [one(env) for one in lays]
            pool += fixed
            return join(pick(pool))

        return lay

    def _moving(self, node: Node, scope: Scope) -> Lay[Piece]:
        match node:
            case Hole():
                return self._hole(node, scope)
            case If():
                return self._if(node, scope)
            case For():
                return self._for(node, scope)
            case _:
                raise EditionError(f"The edition holds {type(node).__name__}, which this program does not know.")

    def _hole(self, hole: Hole, scope: Scope) -> Lay[Piece]:
        expr, evaluate = hole.expr, compile_expression(hole.expr, scope)
        escape, laid, kept = ESCAPE[hole.context], self._value, self._kept[hole.context]
        keep = hole.context not in (Context.URL, Context.URLQ) and not personal_link(expr)

        def lay(env: Env) -> Piece:
            try:
                value = evaluate(env)
                text = value if value.__class__ is str else shown(value)
                piece = kept.get(text)
                if piece is None:
                    piece = laid(escape(text))
                    if keep:
                        if len(kept) >= _MOST_KEPT:
                            kept.clear()
                        kept[text] = piece
            except FAILURES as error:
                raise failure(expr, error) from error
            return piece

        return lay

    def _if(self, node: If, scope: Scope) -> Lay[Piece]:
        branches = [(test, compile_expression(test, scope), self.block(body, scope)) for test, body in node.branches]
        otherwise = self.block(node.otherwise, scope)

        def lay(env: Env) -> Piece:
            for expr, holds, body in branches:
                try:
                    chosen = holds(env)
                except FAILURES as error:
                    raise failure(expr, error) from error
                if chosen:
                    return body(env)
            return otherwise(env)

        return lay

    def _for(self, node: For, scope: Scope) -> Lay[Piece]:
        items_of, inner = _items(node.source, compile_expression(node.source, scope)), scope.inside_loop(node.variable)
        body, otherwise = self.block(node.body, inner), self.block(node.otherwise, scope)
        slot, loop_slot, join = inner.slots[node.variable], inner.slots["loop"], self._join
        counts = loop_slot in scope.reads.slots

        def lay(env: Env) -> Piece:
            items = items_of(env)
            if not items:
                return otherwise(env)
            env[STEPS] -= len(items)
            if env[STEPS] < 0:
                raise EditionError("The loops of this message have more steps than a message can need.")
            pieces = []
            for index, item in enumerate(items):
                env[slot] = item
                if counts:
                    env[loop_slot] = _loop(index, len(items))
                pieces.append(body(env))
            return join(pieces)

        return lay


def page_layer() -> Layer[str]:
    """Lays text as a reader's program sees it after decoding."""
    return Layer(static=str, value=str, empty="")


def wire_layer() -> Layer[bytes]:
    """Lays runs of quoted-printable."""
    return Layer(static=quoted_printable.run, value=quoted_printable.value, empty=b"")


def _merged(nodes: Nodes) -> list[Node]:
    """`nodes` with neighbouring static text in one piece, and without empty pieces."""
    out: list[Node] = []
    for node in nodes:
        if isinstance(node, Static) and out and isinstance(out[-1], Static):
            out[-1] = Static(out[-1].text + node.text)
        elif node != Static(""):
            out.append(node)
    return out


def _items(source: Expr, evaluate: Evaluate) -> Callable[[Env], tuple[Any, ...]]:
    def items(env: Env) -> tuple[Any, ...]:
        try:
            value = evaluate(env)
            if value is not None and not isinstance(value, tuple):
                raise TypeError("not a list")
        except FAILURES as error:
            raise failure(source, error) from error
        return value or ()

    return items


def _loop(index: int, length: int) -> dict[str, object]:
    """`loop` in the body of a loop, as Jinja has it."""
    return {
        "index": index + 1,
        "index0": index,
        "first": index == 0,
        "last": index == length - 1,
        "length": length,
    }
