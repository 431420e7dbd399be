"""Nodes become closures that lay a message, or a part of one: its text, its HTML, its subject.

A list of nodes becomes a *block*: what is static in it, encoded once, here, and a gap between every two pieces of that.
Per message what belongs into the gaps is worked out, each once however often it occurs, and all gaps are filled in one
pass of C code. What stands in a branch or a loop is a block of its own, worked out only if it is reached.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import chain
from operator import itemgetter
from typing import Any, TypeVar

from mailer.edition.expressions import (
    FAILURES,
    STEPS,
    SUBSCRIBER,
    Env,
    Evaluate,
    Reads,
    Scope,
    compile_expression,
    failure,
)
from mailer.edition.format import Context, Expr, For, Hole, If, Nodes, Static
from mailer.edition.holes import Alike, Family, Lay, alike, compile_family, compile_hole, remembering
from mailer.edition.media import Medium, Piece
from mailer.errors import EditionError

#: What lays something in pieces, and tells how long they are together.
Pieces = Callable[[Env], tuple[Sequence[Piece], int]]
Laid = TypeVar("Laid")
#: Where, among the pieces of a block, those stand that are not fixed.
_GAPS = slice(1, None, 2)
#: What differs from person to person: nodes, and what lays itself.
Moving = Hole | If | For | Lay[Piece]
#: What a block is made from; some of it may be laid already.
Content = Sequence[Static | Piece | Moving[Piece]]


def compile_block(nodes: Nodes, scope: Scope, medium: Medium[Piece]) -> Lay[Piece]:
    """The closure that lays `nodes`. Calling it raises EditionError if a value is missing or cannot stand where it does."""
    fixed, moving = _parted(nodes, medium)
    if not moving:
        [whole] = fixed
        return lambda _env: whole
    return _filling(fixed, moving, scope, medium, medium.join)


def compile_pieces(content: Content[Piece], scope: Scope, medium: Medium[Piece]) -> Pieces[Piece]:
    """As `compile_block`, in pieces: who has more to lay joins them all at once."""
    fixed, moving = _parted(content, medium)
    length = sum(map(len, fixed))
    if not moving:
        return lambda _env: (fixed, length)
    return _filling(fixed, moving, scope, medium, lambda pieces: (pieces, length + sum(map(len, pieces[_GAPS]))))


def _parted(content: Content[Piece], medium: Medium[Piece]) -> tuple[list[Piece], list[Moving[Piece]]]:
    """What is fixed in `content`, laid, and what stands between each two pieces of that, which may be empty."""
    nothing = medium.join(())
    fixed: list[Piece] = [nothing]
    moving: list[Moving[Piece]] = []
    for one in _merged(content):
        if isinstance(one, Static):
            fixed[-1] += medium.static(one.text)
        elif isinstance(one, str | bytes):
            fixed[-1] += one
        else:
            moving.append(one)
            fixed.append(nothing)
    return fixed, moving


def _merged(content: Content[Piece]) -> list[Static | Piece | Moving[Piece]]:
    """`content` with neighbouring static text in one node: it is encoded as a whole."""
    out: list[Static | Piece | Moving[Piece]] = []
    for one in content:
        if isinstance(one, Static) and out and isinstance(out[-1], Static):
            out[-1] = Static(out[-1].text + one.text)
        else:
            out.append(one)
    return out


def _filling(
    fixed: list[Piece],
    moving: list[Moving[Piece]],
    scope: Scope,
    medium: Medium[Piece],
    finish: Callable[[Sequence[Piece]], Laid],
) -> Callable[[Env], Laid]:
    """What lays `moving` between the pieces of `fixed`, and finishes them."""
    lays, families, order = _gathered(moving, scope, medium)
    if len(lays) == len(order):
        return _one_by_one(fixed, lays, finish)
    word: Callable[[str], Piece] = medium.word
    # Of one place, an itemgetter gives what is there, not a list of it.
    pick: Callable[[list[Piece]], Sequence[Piece]] = itemgetter(*order) if len(order) > 1 else list
    with_gaps = _with_gaps(fixed)

    def fill(env: Env) -> Laid:
        fields = env[SUBSCRIBER]
        pool = [one(env) for one in lays]
        for name, ready, number, lay_others in families:
            found = fields.get(name)
            if found.__class__ is str and ready(found):
                pool += (word(found),) * number
            else:
                pool += lay_others(env, found)
        pieces = with_gaps.copy()
        pieces[_GAPS] = pick(pool)
        return finish(pieces)

    return fill


def _one_by_one(
    fixed: list[Piece], lays: list[Lay[Piece]], finish: Callable[[Sequence[Piece]], Laid]
) -> Callable[[Env], Laid]:
    """For a block of which nothing stands in two places: the quickest for the few gaps of a branch or a loop."""
    if len(lays) == 1:
        (before, after), [lay] = fixed, lays
        return lambda env: finish((before, lay(env), after))
    with_gaps, gaps = _with_gaps(fixed), [(2 * place + 1, lay) for place, lay in enumerate(lays)]

    def fill(env: Env) -> Laid:
        pieces = with_gaps.copy()
        for place, lay in gaps:
            pieces[place] = lay(env)
        return finish(pieces)

    return fill


def _with_gaps(fixed: list[Piece]) -> list[Piece]:
    """`fixed` with a place between each two pieces, in which anything may stand."""
    return [piece for one in fixed for piece in (one, one)][:-1]


def _gathered(
    moving: list[Moving[Piece]], scope: Scope, medium: Medium[Piece]
) -> tuple[list[Lay[Piece]], list[Family[Piece]], list[int]]:
    """What lays each of `moving` once, by itself or in families; and where, among what these give, each has its piece."""
    # By how they are written: to Python 1 and True are equal, and to readers they are not.
    names = [repr(one) for one in moving]
    kin: dict[Alike, dict[str, Hole]] = {}
    singles: dict[str, Moving[Piece]] = {}
    for name, one in zip(names, moving, strict=True):
        if isinstance(one, Hole) and (what := alike(one)):
            kin.setdefault(what, {})[name] = one
        else:
            singles[name] = one
    lays = [_compile_one(one, scope, medium) for one in singles.values()]
    families = [compile_family(what, list(holes.values()), scope, medium) for what, holes in kin.items()]
    places = {name: place for place, name in enumerate(chain(singles, *kin.values()))}
    return lays, families, [places[name] for name in names]


def _compile_one(one: Moving[Piece], scope: Scope, medium: Medium[Piece]) -> Lay[Piece]:
    reads = Reads()
    inside = replace(scope, reads=reads)
    match one:
        case Hole():
            lay = compile_hole(one, inside, medium)
        case If():
            lay = _if(one, inside, medium)
        case For():
            lay = _for(one, inside, medium)
        case _:
            return one
    scope.reads.add(reads)
    addresses = isinstance(one, Hole) and one.context is Context.URL  # of which each person has another
    return remembering(lay, *reads.fields) if reads.one_field and not addresses else lay


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
