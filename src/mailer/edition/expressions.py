"""Expressions on recipient data: the JSON trees of an edition become closures.

A closure takes the environment of one message and returns a value. It is total: it reads mappings and lists and calls
the filters of the format, nothing else, so no value and no tree can reach an attribute, a method or a module. What it
cannot work out is an EditionError that shows the expression as its author wrote it, and no value of the person's.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from mailer.edition import operations
from mailer.edition.escaping import Unplaceable, shown
from mailer.edition.filters import MOST_CHARACTERS, Filter, default, is_blank
from mailer.edition.format import Expr
from mailer.edition.links import BY_NAME
from mailer.errors import EditionError

#: The environment of one message: [fields of the recipient, tokens of the links, steps left to loops, loop variables …].
Env = list[Any]
Evaluate = Callable[[Env], Any]
SUBSCRIBER, LINKS, STEPS = 0, 1, 2
_FIRST_LOOP_SLOT = 3
#: Loops within loops.
_DEEPEST = 4
#: Loop steps of one message, all loops together: lists within lists must not be able to stop a worker.
MOST_STEPS = 10_000
_LOOP_SLOTS = [None] * (2 * _DEEPEST)

#: What the closure of an expression raises when it has no value.
FAILURES = (TypeError, ValueError, ArithmeticError, LookupError)


@dataclass(slots=True)
class Reads:
    """What compiled expressions read: fields of the recipient, links by name, slots of the environment."""

    fields: set[str] = field(default_factory=set)
    links: set[str] = field(default_factory=set)
    slots: set[int] = field(default_factory=set)

    @property
    def one_field(self) -> bool:
        """Whether they depend on one field of the recipient and on nothing else."""
        return len(self.fields) == 1 and not self.links and not self.slots

    def add(self, other: "Reads") -> None:
        self.fields |= other.fields
        self.links |= other.links
        self.slots |= other.slots


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What names mean where an expression stands, and the filters of its language; `reads` collects what is read."""

    filters: Mapping[str, Filter]
    reads: Reads
    slots: Mapping[str, int] = field(default_factory=lambda: {"subscriber": SUBSCRIBER, "links": LINKS})
    depth: int = 0

    def inside_loop(self, variable: str) -> "Scope":
        """The scope of a loop's body: `variable` and `loop` in two slots of their own."""
        if self.depth == _DEEPEST:
            raise EditionError(f"The edition has more than {_DEEPEST} loops within each other.")
        slot = _FIRST_LOOP_SLOT + 2 * self.depth
        return replace(self, slots={**self.slots, variable: slot, "loop": slot + 1}, depth=self.depth + 1)


def environment(fields: Mapping[str, object], links: Mapping[str, str]) -> Env:
    """The environment of one message."""
    return [fields, links, MOST_STEPS, *_LOOP_SLOTS]


def failure(expr: Expr, error: Exception) -> EditionError:
    """What to raise when the closure of `expr`, or placing its value, raised one of FAILURES."""
    return EditionError(
        f"{{{{ {describe(expr)} }}}} cannot be worked out: {_reason(error)}.",
        hint="Give each value that may be missing a default, like {{ subscriber.amount | default(0) }}.",
    )


def describe(expr: Expr) -> str:
    """The expression as one writes it in a template."""
    operator, *parts = expr
    match operator:
        case "const":
            return repr(parts[0])
        case "var":
            return str(parts[0])
        case "field":
            return f"{_operand(parts[0])}.{parts[1]}"
        case "item":
            return f"{_operand(parts[0])}[{describe(parts[1])}]"
        case "filter":
            arguments = ", ".join(describe(argument) for argument in parts[2])
            return f"{describe(parts[1])}|{parts[0]}" + (f"({arguments})" if arguments else "")
        case "cond":
            return f"({describe(parts[1])} if {describe(parts[0])} else {describe(parts[2])})"
        case "concat":
            return f"({' ~ '.join(describe(part) for part in parts)})"
        case "list":
            return f"[{', '.join(describe(part) for part in parts)}]"
        case "not" | "neg" | "pos":
            return f"({operations.SYMBOLS[operator]}{_operand(parts[0])})"
        case _:
            return f"({describe(parts[0])} {operations.SYMBOLS.get(operator, operator)} {describe(parts[1])})"


def _operand(expr: Expr) -> str:
    """`expr` before a dot or behind a sign, which bind more tightly than a filter."""
    return f"({describe(expr)})" if expr[0] == "filter" else describe(expr)


def compile_expression(expr: Expr, scope: Scope) -> Evaluate:
    """The closure of an expression. Calling it may raise one of FAILURES, to be turned into `failure`."""
    operator, *parts = expr
    match operator:
        case "const":
            return _constant(parts[0])
        case "var":
            return _variable(parts[0], scope)
        case "field":
            return _field(parts[0], parts[1], scope)
        case "item" if parts[1][0] == "const":
            return _field(parts[0], parts[1][1], scope)
        case "filter":
            return _filter(parts[0], parts[1], parts[2], scope)
        case "and" | "or" | "cond":
            return _choice(operator, [compile_expression(part, scope) for part in parts])
        case "concat" | "list":
            return _sequence(operator, [compile_expression(part, scope) for part in parts])
        case _:
            return _operation(operator, [compile_expression(part, scope) for part in parts])


def _constant(value: Any) -> Evaluate:
    return lambda _env: value


def _variable(name: str, scope: Scope) -> Evaluate:
    if name not in scope.slots:
        raise EditionError(f'The edition reads "{name}", which is nothing that it can know.')
    slot = scope.slots[name]
    scope.reads.slots.add(slot)
    return lambda env: env[slot]


def _field(source: Expr, name: Any, scope: Scope) -> Evaluate:
    if source == ("var", "subscriber"):
        scope.reads.fields.add(name)
        return lambda env: env[SUBSCRIBER].get(name)
    if source == ("var", "links"):
        if name not in BY_NAME:
            raise EditionError(f"The edition has links.{name}, which this program does not know.")
        scope.reads.links.add(name)
        return lambda env: env[LINKS].get(name)
    evaluate = compile_expression(source, scope)
    return lambda env: operations.field(evaluate(env), name)


def _filter(name: str, source: Expr, arguments: tuple[Expr, ...], scope: Scope) -> Evaluate:
    apply = scope.filters.get(name)
    if apply is None:
        raise EditionError(f'The edition uses the filter "{name}", which this program does not know.')
    value = compile_expression(source, scope)
    others = [compile_expression(argument, scope) for argument in arguments]
    if apply is default and arguments and arguments[0][0] == "const":
        if source[:2] == ("field", ("var", "subscriber")):
            scope.reads.fields.add(source[2])
            return _default_field(source[2], arguments[0][1])
        return _default(value, arguments[0][1])
    if not others:
        return lambda env: apply(value(env))
    return lambda env: apply(value(env), *[other(env) for other in others])


def _default(value: Evaluate, fallback: Any) -> Evaluate:
    def evaluate(env: Env) -> Any:
        found = value(env)
        return fallback if is_blank(found) else found

    return evaluate


def _default_field(name: str, fallback: Any) -> Evaluate:
    """`subscriber.NAME | default(FALLBACK)`, by far the commonest expression, in one step."""

    def evaluate(env: Env) -> Any:
        found = env[SUBSCRIBER].get(name)
        # Nearly every value is a word, which one look at its first character tells, or a number.
        sort = found.__class__
        if sort is int or (sort is str and found[:1].isalnum()):
            return found
        return fallback if is_blank(found) else found

    return evaluate


def _choice(operator: str, parts: list[Evaluate]) -> Evaluate:
    if operator == "cond":
        test, then, otherwise = parts
        return lambda env: then(env) if test(env) else otherwise(env)
    left, right = parts
    if operator == "and":
        return lambda env: left(env) and right(env)
    return lambda env: left(env) or right(env)


def _sequence(operator: str, parts: list[Evaluate]) -> Evaluate:
    if operator == "list":
        return lambda env: tuple([part(env) for part in parts])

    def concatenate(env: Env) -> str:
        text = "".join([shown(part(env)) for part in parts])
        if len(text) > MOST_CHARACTERS:
            raise OverflowError("too long")
        return text

    return concatenate


def _operation(operator: str, parts: list[Evaluate]) -> Evaluate:
    if operator in operations.UNARY:
        unary, (value,) = operations.UNARY[operator], parts
        return lambda env: unary(value(env))
    if operator not in operations.BINARY:
        raise EditionError(f'The edition uses the operator "{operator}", which this program does not know.')
    binary, (left, right) = operations.BINARY[operator], parts
    return lambda env: binary(left(env), right(env))


def _reason(error: Exception) -> str:
    """In the words of a person who never met Python, and without the value, which is somebody's."""
    if isinstance(error, Unplaceable):
        return str(error)
    if isinstance(error, ZeroDivisionError):
        return "it divides by zero"
    if isinstance(error, OverflowError):
        return "the result is too large"
    return "a value is missing, or is not of the sort that this needs"
