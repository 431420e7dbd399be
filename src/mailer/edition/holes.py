"""Holes become closures that work out a value, escape it for where it stands, and lay it.

Values repeat: names, regions, amounts. So each hole keeps what it laid before, and a hole that reads one field, as nearly
all do, knows from that field alone what to lay, without working the expression out again.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from mailer.edition.escaping import shown
from mailer.edition.expressions import (
    FAILURES,
    LINKS,
    SUBSCRIBER,
    Env,
    Evaluate,
    Reads,
    Scope,
    compile_expression,
    failure,
)
from mailer.edition.format import Context, Hole
from mailer.edition.media import Medium, Piece

#: What one hole keeps; when it is full it starts afresh.
_MOST_KEPT = 1024
Lay = Callable[[Env], Piece]


def compile_hole(hole: Hole, scope: Scope, medium: Medium[Piece]) -> Lay[Piece]:
    """The closure that lays `hole`. Calling it raises EditionError if there is no value or it cannot stand there."""
    reads = Reads()
    evaluate = compile_expression(hole.expr, replace(scope, reads=reads))
    scope.reads.add(reads)
    if hole.expr[:2] == ("field", ("var", "links")):
        return _link(hole.expr[2], medium)
    # Whole addresses, and what holds a token, are different for everybody: there is nothing to gain by keeping them.
    if hole.context is Context.URL or reads.links or reads.slots or len(reads.fields) != 1:
        return _any(hole, evaluate, medium)
    return _one_field(hole, evaluate, medium, next(iter(reads.fields)))


def _link(name: str, medium: Medium[Piece]) -> Lay[Piece]:
    token: Callable[[str], Piece] = medium.token
    return lambda env: token(env[LINKS][name])


def _one_field(hole: Hole, evaluate: Evaluate, medium: Medium[Piece], name: str) -> Lay[Piece]:
    expr, laid = hole.expr, medium.values[hole.context]
    kept: dict[Any, Piece] = {}
    # `subscriber.X`, and `subscriber.X | default(…)` where X is a word: the field is the value.
    as_it_is = ("field", ("var", "subscriber"), name) in (expr, expr[2] if expr[:2] == ("filter", "default") else None)

    def lay(env: Env) -> Piece:
        found = env[SUBSCRIBER].get(name)
        sort = found.__class__
        # Of other sorts some are equal without being the same: True, 1 and 1.0.
        if sort is str or sort is int:
            piece = kept.get(found)
            if piece is not None:
                return piece
        try:
            value = found if as_it_is and sort is str and found[:1].isalnum() else evaluate(env)
            piece = laid(value if value.__class__ is str else shown(value))
        except FAILURES as error:
            raise failure(expr, error) from error
        if sort is str or sort is int:
            if len(kept) >= _MOST_KEPT:
                kept.clear()
            kept[found] = piece
        return piece

    return lay


def _any(hole: Hole, evaluate: Evaluate, medium: Medium[Piece]) -> Lay[Piece]:
    expr, laid = hole.expr, medium.values[hole.context]

    def lay(env: Env) -> Piece:
        try:
            value = evaluate(env)
            return laid(value if value.__class__ is str else shown(value))
        except FAILURES as error:
            raise failure(expr, error) from error

    return lay
