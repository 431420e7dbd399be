"""Expressions on recipient data, from Jinja's syntax tree into the edition's JSON form.

Only what the edition knows may be deferred: names, constants, fields, its filters, comparisons, arithmetic, and, or, not,
conditional expressions, lists. Parts that do not depend on the recipient are *captured*: evaluated at compile time, by
value, so `{% if subscriber.given > fund.target %}` works.
"""

from collections.abc import Iterator
from functools import cache
from inspect import signature
from typing import Any

from jinja2 import nodes

from mailer.domain.subscriber import STANDARD_FIELDS
from mailer.edition.filters import filters
from mailer.edition.format import FILTERS, Expr
from mailer.rendering.problems import suggestion

#: What an edition can be asked about.
ROOTS = frozenset({"subscriber", "links"})
LINKS = frozenset({"leave", "view", "preferences"})
#: Fields that hold several values: printing one needs `join`.
LISTS = frozenset({"tags", "topics", "lists", "attributes"})
_BINARY = {
    nodes.Add: "add",
    nodes.Sub: "sub",
    nodes.Mul: "mul",
    nodes.Div: "div",
    nodes.FloorDiv: "floordiv",
    nodes.Mod: "mod",
    nodes.Pow: "pow",
    nodes.And: "and",
    nodes.Or: "or",
}
_NUMERIC = (nodes.Sub, nodes.Mul, nodes.Div, nodes.FloorDiv, nodes.Mod, nodes.Pow, nodes.Add)
_UNARY = {nodes.Not: "not", nodes.Neg: "neg", nodes.Pos: "pos"}
_TESTS = {"none": "eq", "undefined": "eq", "defined": "ne"}
_TRANSLATED = (
    nodes.Name, nodes.Const, nodes.Getattr, nodes.Getitem, nodes.Filter, nodes.Compare, nodes.Operand, nodes.CondExpr,
    nodes.Concat, nodes.List, nodes.Tuple, nodes.Test, *_BINARY, *_UNARY,
)  # fmt: skip


class CannotDefer(Exception):
    """(message, hint): this cannot be worked out per recipient."""


def mentions(node: nodes.Node, names: frozenset[str]) -> bool:
    """Whether `node` reads any of `names`."""
    return any(name.name in names for name in _names(node))


def _names(node: nodes.Node) -> Iterator[nodes.Name]:
    if isinstance(node, nodes.Name):
        yield node
    yield from node.find_all(nodes.Name)


def deferrable(node: nodes.Node, dynamic: frozenset[str]) -> bool:
    """Whether all of `node` can be worked out from the recipient and captured values."""
    if not mentions(node, dynamic):
        return True
    if not isinstance(node, _TRANSLATED):
        return False
    if isinstance(node, nodes.Filter) and node.name not in FILTERS:
        return False
    return all(deferrable(child, dynamic) for child in node.iter_child_nodes())


class Translation:
    """Translates one expression and collects what it captures and reads."""

    def __init__(self, dynamic: frozenset[str]) -> None:
        self.dynamic = dynamic
        self.captures: list[nodes.Expr] = []
        self.fields: set[tuple[str, bool]] = set()

    def expr(self, node: Any, *, as_number: bool = False) -> Expr:
        """`node` in the edition's form; CannotDefer says why not."""
        if isinstance(node, nodes.Const):
            return ("const", node.value)
        if not mentions(node, self.dynamic):
            self.captures.append(node)
            return ("capture", len(self.captures) - 1, as_number)
        match node:
            case nodes.Name():
                if node.name in ROOTS:
                    raise CannotDefer(f'"{node.name}" alone is no value', f"name one of its fields: {node.name}.…")
                return ("var", node.name)
            case nodes.Getattr():
                return self.field(node.node, node.attr)
            case nodes.Getitem() if isinstance(node.arg, nodes.Const) and isinstance(node.arg.value, str):
                return self.field(node.node, node.arg.value)
            case nodes.Getitem() if not isinstance(node.arg, nodes.Slice):
                return ("item", self.expr(node.node), self.expr(node.arg))
            case nodes.Filter():
                return self.filter(node)
            case nodes.Compare():
                return self.compare(node)
            case nodes.CondExpr():
                otherwise = self.expr(node.expr2) if node.expr2 else ("const", "")
                return ("cond", self.expr(node.test), self.expr(node.expr1), otherwise)
            case nodes.Concat():
                return ("concat", *(self.expr(part) for part in node.nodes))
            case nodes.List() | nodes.Tuple():
                return ("list", *(self.expr(item) for item in node.items))
            case nodes.Test():
                return self.test(node)
            case _:
                return self.operation(node)

    def operation(self, node: Any) -> Expr:
        numeric = isinstance(node, _NUMERIC)
        if type(node) in _BINARY:
            parts = (self.expr(node.left, as_number=numeric), self.expr(node.right, as_number=numeric))
            return (_BINARY[type(node)], *parts)
        if type(node) in _UNARY:
            return (_UNARY[type(node)], self.expr(node.node, as_number=not isinstance(node, nodes.Not)))
        raise CannotDefer("this cannot be worked out for each recipient", "docs/templates.md says what can")

    def field(self, node: nodes.Node, name: str) -> Expr:
        match node:
            case nodes.Name(name="subscriber"):
                if name == "attributes":
                    raise CannotDefer('"subscriber.attributes" is no single value', "name one: subscriber.attributes.…")
                self.fields.add((name, False))
                return ("field", ("var", "subscriber"), name)
            case nodes.Name(name="links"):
                if name not in LINKS:
                    raise CannotDefer(f'there is no link "{name}"', suggestion(name, LINKS))
                return ("field", ("var", "links"), name)
            case nodes.Name(name="loop"):
                return ("field", ("var", "loop"), name)
            case nodes.Getattr(node=nodes.Name(name="subscriber"), attr="attributes"):
                return self.attribute(name)
            case _:
                raise CannotDefer(f'"{name}" of a personal value', "personal values are texts, numbers and lists")

    def attribute(self, name: str) -> Expr:
        self.fields.add((name, True))
        return ("field", ("field", ("var", "subscriber"), "attributes"), name)

    def filter(self, node: nodes.Filter) -> Expr:
        if node.kwargs or node.dyn_args or node.dyn_kwargs or node.node is None:
            raise CannotDefer(f'"{node.name}" takes its arguments by place here', "leave out their names")
        arguments = tuple(self.expr(argument) for argument in node.args)
        most = _most_arguments(node.name)
        if len(arguments) > most:
            raise CannotDefer(f'"{node.name}" has too many arguments', f"it takes {most or 'none'} at most")
        return ("filter", node.name, self.expr(node.node), arguments)

    def compare(self, node: nodes.Compare) -> Expr:
        ordered = any(operand.op not in ("in", "notin") for operand in node.ops)
        left, found = self.expr(node.expr, as_number=ordered), None
        for operand in node.ops:
            right = self.expr(operand.expr, as_number=ordered)
            one: Expr = (operand.op, left, right)
            found, left = (one if found is None else ("and", found, one)), right
        assert found is not None
        return found

    def test(self, node: nodes.Test) -> Expr:
        if node.name not in _TESTS or node.args:
            raise CannotDefer(f'the test "is {node.name}"', f"on recipient data there are: {', '.join(_TESTS)}")
        return (_TESTS[node.name], self.expr(node.node), ("const", None))


@cache
def _most_arguments(name: str) -> int:
    """How many arguments may stand in the brackets of a filter."""
    return len(signature(filters("en")[name]).parameters) - 1


def check_field(name: str, *, attribute: bool, known: frozenset[str] | None) -> tuple[str, str, bool] | None:
    """What is wrong with reading a field: (message, hint, whether it is only a warning), or None.

    known: names of the attributes that anybody has; None when there is no database to ask.
    """
    if not attribute and name in STANDARD_FIELDS:
        return None
    if known is None:
        if attribute:
            return f'nobody knows yet whether subscribers have "{name}"', "import them first", True
        hint = f"{suggestion(name, STANDARD_FIELDS)}; a column of your own is subscriber.attributes.{name}"
        return f'a subscriber has no field "{name}"', hint, False
    if name in known:
        return None
    return (
        f'no subscriber has "{name}"',
        suggestion(name, known | (frozenset() if attribute else STANDARD_FIELDS)),
        False,
    )
