"""Nodes become closures that lay one part of a message: its HTML, its text, its subject.

A list of nodes becomes a *block*. What is static in it is encoded once, here. Per message its holes are worked out,
each once however often it occurs, and picked into their places between the static pieces in one pass of C code.
What stands in a branch or a loop is a block of its own, worked out only if it is reached.
"""

from collections.abc import Callable, Sequence
from operator import itemgetter
from typing import Any

from mailer.edition.expressions import FAILURES, STEPS, Env, Evaluate, Scope, compile_expression, failure
from mailer.edition.format import Expr, For, Hole, If, Node, Nodes, Static
from mailer.edition.holes import Lay, compile_hole
from mailer.edition.media import Medium, Piece
from mailer.errors import EditionError

Pieces = Callable[[Env], Sequence[Piece]]


def compile_block(nodes: Nodes, scope: Scope, medium: Medium[Piece]) -> Lay[Piece]:
    """The closure that lays `nodes`. Calling it raises EditionError if a value is missing or cannot stand where it does."""
    fixed, lays, places = _sorted(nodes, scope, medium)
    if not lays:
        whole = medium.join(fixed)
        return lambda _env: whole
    if len(places) == 1:
        return lays[0]
    pick: Callable[[Sequence[Piece]], Sequence[Piece]] = itemgetter(*places)
    join: Callable[[Sequence[Piece]], Piece] = medium.join

    def lay(env: Env) -> Piece:
        pool = [one(env) for one in lays]
        pool += fixed
        return join(pick(pool))

    return lay


def compile_pieces(nodes: Nodes, scope: Scope, medium: Medium[Piece]) -> Pieces[Piece]:
    """As `compile_block`, in pieces: who lays several parts joins them all at once."""
    return _pieces(*_sorted(nodes, scope, medium))


def _sorted(nodes: Nodes, scope: Scope, medium: Medium[Piece]) -> tuple[list[Piece], list[Lay[Piece]], list[int]]:
    """What is fixed in `nodes`, what lays the rest, and the order: places in the rest followed by the fixed."""
    merged = _merged(nodes)
    moving = {node: place for place, node in enumerate(dict.fromkeys(n for n in merged if not isinstance(n, Static)))}
    lays: list[Lay[Piece]] = [_compile_node(node, scope, medium) for node in moving]
    fixed: list[Piece] = []
    places: list[int] = []
    for node in merged:
        if isinstance(node, Static):
            places.append(len(lays) + len(fixed))
            fixed.append(medium.static(node.text))
        else:
            places.append(moving[node])
    return fixed, lays, places


def _pieces(fixed: list[Piece], lays: list[Lay[Piece]], places: list[int]) -> Pieces[Piece]:
    if not lays:
        return lambda _env: fixed
    if len(places) == 1:
        return lambda env: (lays[0](env),)
    pick: Callable[[Sequence[Piece]], Sequence[Piece]] = itemgetter(*places)

    def lay(env: Env) -> Sequence[Piece]:
        pool = [one(env) for one in lays]
        pool += fixed
        return pick(pool)

    return lay


def _merged(nodes: Nodes) -> list[Node]:
    """`nodes` with neighbouring static text in one piece, and without empty pieces."""
    out: list[Node] = []
    for node in nodes:
        if isinstance(node, Static) and out and isinstance(out[-1], Static):
            out[-1] = Static(out[-1].text + node.text)
        elif node != Static(""):
            out.append(node)
    return out


def _compile_node(node: Node, scope: Scope, medium: Medium[Piece]) -> Lay[Piece]:
    match node:
        case Hole():
            return compile_hole(node, scope, medium)
        case If():
            return _if(node, scope, medium)
        case For():
            return _for(node, scope, medium)
        case _:
            raise EditionError(f"The edition holds {type(node).__name__}, which this program does not know.")


def _if(node: If, scope: Scope, medium: Medium[Piece]) -> Lay[Piece]:
    branches: list[tuple[Expr, Evaluate, Lay[Piece]]] = [
        (test, compile_expression(test, scope), compile_block(body, scope, medium)) for test, body in node.branches
    ]
    otherwise: Lay[Piece] = compile_block(node.otherwise, scope, medium)

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


def _for(node: For, scope: Scope, medium: Medium[Piece]) -> Lay[Piece]:
    items_of, inner = _items(node.source, scope), scope.inside_loop(node.variable)
    body: Lay[Piece] = compile_block(node.body, inner, medium)
    otherwise: Lay[Piece] = compile_block(node.otherwise, scope, medium)
    join: Callable[[Sequence[Piece]], Piece] = medium.join
    slot, loop_slot = inner.slots[node.variable], inner.slots["loop"]
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


def _items(source: Expr, scope: Scope) -> Callable[[Env], tuple[Any, ...]]:
    """What a loop goes over: a list, nothing if there is none; a text is not a list of its letters."""
    evaluate = compile_expression(source, scope)

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
