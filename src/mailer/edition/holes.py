"""Holes become closures that work out a value, escape it for where it stands, and lay it.

Most holes are a field as it is, and most values one word of ASCII, which nothing changes. Another expression that reads
one field keeps what it laid for each value of that field, and so need not be worked out again.
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
from mailer.edition.media import LONGEST_WORD, Medium, Piece

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
    if hole.context is Context.URL or reads.links or reads.slots or len(reads.fields) != 1:
        return _any(hole, evaluate, medium)
    (name,) = reads.fields
    field = ("field", ("var", "subscriber"), name)
    as_it_is = field == hole.expr or (hole.expr[:2] == ("filter", "default") and hole.expr[2] == field)
    return (_field if as_it_is else _of_one_field)(hole, evaluate, medium, name)


def _link(name: str, medium: Medium[Piece]) -> Lay[Piece]:
    word: Callable[[str], Piece] = medium.word
    return lambda env: word(env[LINKS][name])


def _field(hole: Hole, evaluate: Evaluate, medium: Medium[Piece], name: str) -> Lay[Piece]:
    """For `subscriber.NAME`, with or without a default."""
    expr, word, laid = hole.expr, medium.word, medium.values[hole.context]
    lay_other: Lay[Piece] = _any(hole, evaluate, medium)

    def lay(env: Env) -> Piece:
        found = env[SUBSCRIBER].get(name)
        # What begins with a letter or a digit is not blank, so no default can stand in for it.
        if found.__class__ is not str or not found[:1].isalnum():
            return lay_other(env)
        if found.isascii() and found.isalnum() and len(found) <= LONGEST_WORD:
            return word(found)
        try:
            return laid(found)
        except FAILURES as error:
            raise failure(expr, error) from error

    return lay


def _of_one_field(hole: Hole, evaluate: Evaluate, medium: Medium[Piece], name: str) -> Lay[Piece]:
    expr, laid = hole.expr, medium.values[hole.context]
    kept: dict[Any, Piece] = {}

    def lay(env: Env) -> Piece:
        found = env[SUBSCRIBER].get(name)
        sort = found.__class__
        # Of other sorts some are equal without being the same: True, 1 and 1.0.
        if sort is str or sort is int:
            piece = kept.get(found)
            if piece is not None:
                return piece
        try:
            value = evaluate(env)
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
