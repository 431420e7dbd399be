"""Holes and marks in reading order become the nested nodes of the edition."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

from mailer.edition.format import Context, Expr, For, Hole, If, Node, Nodes, Static
from mailer.errors import InputProblems, Problem
from mailer.rendering.holes import Holes


class Part(Enum):
    STATIC = "static"
    HOLE = "hole"
    MARK = "mark"


@dataclass(frozen=True, slots=True)
class Piece:
    """One step of a scan. also: every token that the hole stands for, when it joins several."""

    kind: Part
    text: str = ""
    expr: Expr = ()
    context: Context = Context.TEXT
    token: str = ""
    also: tuple[str, ...] = ()


@dataclass(slots=True)
class _Open:
    """A condition or loop that has not ended yet. branches: (token of the mark, its nodes)."""

    branches: list[tuple[str, list[Node]]]


def nested(pieces: Iterable[Piece], holes: Holes) -> Nodes:
    """The nodes of one part of a message; raises InputProblems if a condition is not closed where it can be."""
    top: list[Node] = []
    stack: list[_Open] = []
    for piece in pieces:
        current = stack[-1].branches[-1][1] if stack else top
        match piece.kind:
            case Part.STATIC:
                _add_static(current, piece.text)
            case Part.HOLE:
                current.append(Hole(piece.expr, piece.context))
            case Part.MARK:
                kind = holes.instances[piece.token].deferred.kind
                if kind in "if":
                    stack.append(_Open([(piece.token, [])]))
                elif not stack:
                    raise InputProblems([_unbalanced(holes, piece.token)])
                elif kind in "ve":
                    stack[-1].branches.append((piece.token, []))
                else:
                    _close(stack, top, holes)
    if stack:
        raise InputProblems([_unbalanced(holes, stack[-1].branches[0][0])])
    return tuple(top)


def _add_static(nodes: list[Node], text: str) -> None:
    if nodes and isinstance(nodes[-1], Static):
        nodes[-1] = Static(nodes[-1].text + text)
    else:
        nodes.append(Static(text))


def _close(stack: list[_Open], top: list[Node], holes: Holes) -> None:
    done = stack.pop()
    target = stack[-1].branches[-1][1] if stack else top
    first, body = done.branches[0]
    opening = holes.instances[first]
    last_token, last_body = done.branches[-1]
    has_else = holes.instances[last_token].deferred.kind == "e"
    otherwise = tuple(last_body) if has_else else ()
    if opening.deferred.kind == "f":
        target.append(For(opening.deferred.variable, opening.expr, tuple(body), otherwise))
        return
    tested = done.branches[:-1] if has_else else done.branches
    target.append(If(tuple((holes.instances[token].expr, tuple(nodes)) for token, nodes in tested), otherwise))


def _unbalanced(holes: Holes, token: str) -> Problem:
    deferred = holes.instances[token].deferred
    return Problem(
        rule="personalisation",
        file=deferred.file,
        line=deferred.line,
        message="this condition or loop on the recipient does not end in the part of the mail where it begins",
        hint="put both ends into the same paragraph, or each on a line of its own",
    )
