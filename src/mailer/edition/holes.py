"""Holes become closures that work out a value, escape it for where it stands, and lay it.

Most holes are a field as it is, and most values a few words that no escaping and no encoding changes. So the holes of a
block that have one field in them are laid together: one look at its value serves them all. What else depends on one
field keeps what it laid for each value of it, and so need not be worked out again.
"""

from collections.abc import Callable, Sequence
from types import NoneType
from typing import Any, Generic, NamedTuple

from mailer.edition.escaping import shown
from mailer.edition.expressions import FAILURES, LINKS, SUBSCRIBER, Env, Scope, compile_expression, failure
from mailer.edition.filters import is_blank
from mailer.edition.format import Expr, Hole
from mailer.edition.media import READY, Medium, Piece, Ready

#: What one closure keeps: values of its field, when there are more it starts afresh; and the longest piece.
_MOST_KEPT, _LONGEST_KEPT = 1024, 512
#: Of other sorts some values are equal without being the same: True, 1 and 1.0.
_KEPT_SORTS = frozenset({str, int, NoneType})
Lay = Callable[[Env], Piece]


class Alike(NamedTuple):
    """What holes have in common that are laid together: their field, and what of it is ready for where they stand."""

    field: str
    ready: Ready


class Family(NamedTuple, Generic[Piece]):
    """Holes that are laid together. lay_others: lays each of them for somebody of whom their field is not ready; takes it too."""

    field: str
    ready: Ready
    number: int
    lay_others: Callable[[Env, Any], Sequence[Piece]]


def alike(hole: Hole) -> Alike | None:
    """For `subscriber.NAME`, with or without a default; None for any other expression, and in a place where none is ready."""
    expr: Expr = hole.expr[2] if hole.expr[:2] == ("filter", "default") else hole.expr
    if expr[:2] != ("field", ("var", "subscriber")) or hole.context not in READY:
        return None
    return Alike(expr[2], READY[hole.context])


def compile_family(what: Alike, holes: Sequence[Hole], scope: Scope, medium: Medium[Piece]) -> Family[Piece]:
    """`holes`, which are all `alike`. What lays them raises as the closure of `compile_hole`."""
    values = [medium.values[hole.context] for hole in holes]
    lays: list[Lay[Piece]] = [compile_hole(hole, scope, medium) for hole in holes]

    def lay_others(env: Env, found: Any) -> Sequence[Piece]:
        # What is not blank has no default stand in for it; nearly always the first character answers.
        if found.__class__ is str and (found[:1].isalnum() or not is_blank(found)):
            return [laid(found) for laid in values]
        return [one(env) for one in lays]

    return Family(what.field, what.ready, len(holes), lay_others)


def compile_hole(hole: Hole, scope: Scope, medium: Medium[Piece]) -> Lay[Piece]:
    """The closure that lays `hole`. Calling it raises EditionError if there is no value or it cannot stand there."""
    expr, laid = hole.expr, medium.values[hole.context]
    evaluate = compile_expression(expr, scope)
    if expr[:2] == ("field", ("var", "links")):
        return _link(expr[2], medium)

    def lay(env: Env) -> Piece:
        try:
            value = evaluate(env)
            return laid(value if value.__class__ is str else shown(value))
        except FAILURES as error:
            raise failure(expr, error) from error

    return lay


def _link(name: str, medium: Medium[Piece]) -> Lay[Piece]:
    word: Callable[[str], Piece] = medium.word
    return lambda env: word(env[LINKS][name])


def remembering(lay: Lay[Piece], name: str) -> Lay[Piece]:
    """`lay`, which depends on the field `name` of a recipient alone: what it laid for a value is kept."""
    kept: dict[Any, Piece] = {}

    def remember(env: Env) -> Piece:
        found = env[SUBSCRIBER].get(name)
        if found.__class__ not in _KEPT_SORTS:
            return lay(env)
        piece = kept.get(found)
        if piece is None:
            piece = lay(env)
            if len(piece) <= _LONGEST_KEPT:
                if len(kept) >= _MOST_KEPT:
                    kept.clear()
                kept[found] = piece
        return piece

    return remember
