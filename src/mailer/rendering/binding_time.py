"""Binding-time analysis: which parts of a template can be worked out now, and which wait for the recipient.

Authors write ordinary Jinja. When a template is compiled its syntax tree is rewritten once: an expression that touches
`subscriber` or `links` becomes a call that leaves a token (see `holes.py`); `{% if %}` and `{% for %}` on them leave
tokens around their bodies, all of which are rendered; everything else is left alone and runs now. Calls of blocks and
macros run now too and receive tokens as arguments. What can be neither is refused, with its line.
"""

from collections.abc import Callable, Iterable
from typing import Any

from jinja2 import nodes

from mailer.errors import InputProblems, Problem
from mailer.rendering.expressions import LISTS, ROOTS, CannotDefer, Translation, deferrable, mentions
from mailer.rendering.holes import Deferred

#: Filters that leave the tokens inside a text as they are.
_HARMLESS_FILTERS = frozenset({"safe", "e", "escape", "trim", "indent"})
_ARGUMENTS = (
    nodes.Call, nodes.Filter, nodes.Concat, nodes.Add, nodes.List, nodes.Tuple, nodes.Dict, nodes.Pair, nodes.Keyword,
    nodes.CondExpr, nodes.Or, nodes.And,
)  # fmt: skip
_NOT_IN_CONDITIONS = (nodes.Assign, nodes.AssignBlock, nodes.Macro, nodes.Import, nodes.FromImport, nodes.Extends)


class Rewriter:
    """Rewrites one template. `register` keeps a Deferred and returns its number; `first_line`: where it begins in its file."""

    def __init__(
        self, file: str, register: Callable[[Deferred], int], first_line: int = 1, *, literal_outputs: bool = False
    ) -> None:
        self.file = file.partition("#")[0]
        self.register = register
        self.offset = first_line - 1
        self.literal_outputs = literal_outputs
        self.problems: list[Problem] = []

    def template(self, tree: nodes.Template) -> None:
        """Rewrite `tree` in place; raises InputProblems with everything that is refused."""
        tree.body = self.body(tree.body, ROOTS)
        if self.problems:
            raise InputProblems(self.problems)

    def refuse(self, node: nodes.Node, message: str, hint: str = "") -> None:
        self.problems.append(
            Problem(rule="personalisation", file=self.file, line=node.lineno + self.offset, message=message, hint=hint)
        )

    # Statements

    def body(self, statements: Iterable[nodes.Node], dynamic: frozenset[str]) -> list[nodes.Node]:
        return [new for statement in statements for new in self.statement(statement, dynamic)]

    def statement(self, node: nodes.Node, dynamic: frozenset[str]) -> list[nodes.Node]:
        match node:
            case nodes.Output():
                node.nodes = [self.output(part, dynamic) for part in node.nodes]
            case nodes.If():
                return self.conditions([node, *node.elif_], node.else_, dynamic)
            case nodes.For():
                return self.loop(node, dynamic)
            case nodes.Assign():
                if mentions(node.node, dynamic):
                    self.refuse(node, "{% set %} from recipient data", "write the expression where it is used")
            case nodes.Macro() | nodes.CallBlock():
                return [self.callable(node, dynamic)]
            case nodes.With():
                node.values = [self.expr(value, dynamic) for value in node.values]
                node.body = self.body(node.body, dynamic - _assigned(node.targets))
            case nodes.FilterBlock():
                if mentions(node, dynamic) and node.filter.name not in _HARMLESS_FILTERS:
                    self.refuse(node, f"the filter {node.filter.name} around recipient data", "apply it to each value")
                node.body = self.body(node.body, dynamic)
            case _:
                for name in ("body",):
                    if hasattr(node, name):
                        setattr(node, name, self.body(getattr(node, name), dynamic))
                self.only_static(node, dynamic)
        return [node]

    def only_static(self, node: nodes.Node, dynamic: frozenset[str]) -> None:
        """Expressions of statements such as {% include %} must be known now."""
        for child in node.iter_child_nodes(exclude=("body",)):
            if mentions(child, dynamic):
                self.refuse(node, "recipient data cannot decide this", "use {% if %} on it around two of these")

    def callable(self, node: nodes.Macro | nodes.CallBlock, dynamic: frozenset[str]) -> nodes.Node:
        if isinstance(node, nodes.CallBlock):
            node.call = self.expr(node.call, dynamic)
        node.defaults = [self.expr(default, dynamic) for default in node.defaults]
        node.body = self.body(node.body, dynamic - _assigned(node.args))
        return node

    def conditions(
        self, tests: list[nodes.If], otherwise: list[nodes.Node], dynamic: frozenset[str]
    ) -> list[nodes.Node]:
        """A chain of if, elif, else. Static tests decide now; those on the recipient leave marks around what follows."""
        first, *rest = tests
        if not mentions(first.test, dynamic):
            body = self.body(first.body, dynamic)
            remaining = self.conditions(rest, otherwise, dynamic) if rest else self.body(otherwise, dynamic)
            return [nodes.If(first.test, body, [], remaining, lineno=first.lineno)]
        out = [self.mark("i", first, first.test, dynamic), *self.inside(first.body, dynamic)]
        while rest and mentions(rest[0].test, dynamic):
            branch = rest.pop(0)
            out += [self.mark("v", branch, branch.test, dynamic), *self.inside(branch.body, dynamic)]
        remaining = self.conditions(rest, otherwise, dynamic) if rest else self.inside(otherwise, dynamic)
        if remaining:
            out += [self.mark("e", first, None, dynamic), *remaining]
        return [*out, self.mark("n", first, None, dynamic)]

    def loop(self, node: nodes.For, dynamic: frozenset[str]) -> list[nodes.Node]:
        own = _assigned([node.target])
        if not mentions(node.iter, dynamic):
            if node.test and mentions(node.test, dynamic - own):
                self.refuse(node, "recipient data in the condition of a loop", "write {% if %} inside the loop")
            node.body = self.body(node.body, dynamic - own - {"loop"})
            node.else_ = self.body(node.else_, dynamic)
            return [node]
        if not isinstance(node.target, nodes.Name):
            self.refuse(node, "a loop over recipient data with several variables", "use one")
        if node.test or node.recursive:
            self.refuse(node, "a filtered or recursive loop over recipient data", "write {% if %} inside the loop")
        variable = getattr(node.target, "name", "item")
        inner = dynamic | own | {"loop"}
        out = [self.mark("f", node, node.iter, dynamic, variable), *self.inside(node.body, inner)]
        if node.else_:
            out += [self.mark("e", node, None, dynamic), *self.inside(node.else_, dynamic)]
        return [*out, self.mark("n", node, None, dynamic)]

    def inside(self, statements: list[nodes.Node], dynamic: frozenset[str]) -> list[nodes.Node]:
        """What stands in a condition or loop on the recipient runs whatever the recipient is: nothing may be set there."""
        for statement in statements:
            for node in (statement, *statement.find_all(_NOT_IN_CONDITIONS)):
                if isinstance(node, _NOT_IN_CONDITIONS):
                    self.refuse(node, "this cannot depend on the recipient", "move it out of the condition or loop")
        return self.body(statements, dynamic)

    def mark(self, kind: str, at: nodes.Node, test: Any, dynamic: frozenset[str], variable: str = "") -> nodes.Node:
        call = self.hole(kind, test or nodes.Const(None, lineno=at.lineno), dynamic, at, variable)
        return nodes.Output([call], lineno=at.lineno)

    # Expressions

    def output(self, node: nodes.Expr, dynamic: frozenset[str]) -> nodes.Expr:
        if isinstance(node, nodes.TemplateData):
            return node
        node = self.expr(node, dynamic)
        return _call("literal", [node], node.lineno) if self.literal_outputs else node

    def expr(self, node: Any, dynamic: frozenset[str]) -> Any:
        """`node` with everything on the recipient replaced by holes."""
        if not mentions(node, dynamic):
            return node
        if deferrable(node, dynamic):
            return self.hole("h", node, dynamic, node)
        if isinstance(node, nodes.Call) and mentions(node.node, dynamic):
            self.refuse(node, "personal values have no methods", "use filters: {{ subscriber.first_name | upper }}")
            return nodes.Const("", lineno=node.lineno)
        if isinstance(node, nodes.Filter) and node.name not in _HARMLESS_FILTERS:
            self.refuse(
                node,
                f'the filter "{node.name}" cannot wait for the recipient',
                "docs/templates.md lists those that can",
            )
            return nodes.Const("", lineno=node.lineno)
        if isinstance(node, nodes.CondExpr | nodes.Or | nodes.And) and not self._decided_now(node, dynamic):
            self.refuse(node, "recipient data cannot choose between these", "use {% if %} … {% else %} … {% endif %}")
            return nodes.Const("", lineno=node.lineno)
        if not isinstance(node, _ARGUMENTS):
            self.refuse(node, "this mixes recipient data with what is worked out once for everybody", "use {% if %}")
            return nodes.Const("", lineno=node.lineno)
        for name, child in list(node.iter_fields()):
            if isinstance(child, nodes.Node):
                setattr(node, name, self.expr(child, dynamic))
            elif isinstance(child, list):
                setattr(node, name, [self.expr(one, dynamic) if isinstance(one, nodes.Node) else one for one in child])
        return node

    @staticmethod
    def _decided_now(node: Any, dynamic: frozenset[str]) -> bool:
        return isinstance(node, nodes.CondExpr) and not mentions(node.test, dynamic)

    def hole(self, kind: str, node: Any, dynamic: frozenset[str], at: nodes.Node, variable: str = "") -> nodes.Expr:
        translation = Translation(dynamic)
        try:
            expr = translation.expr(node)
            if kind == "h":
                _check_printable(expr)
        except CannotDefer as refused:
            self.refuse(at, *refused.args)
            return nodes.Const("", lineno=at.lineno)
        number = self.register(
            Deferred(
                kind=kind, expr=expr, file=self.file, line=at.lineno + self.offset, variable=variable,
                fields=frozenset(translation.fields),
            )
        )  # fmt: skip
        return _call("hole", [nodes.Const(number, lineno=at.lineno), *translation.captures], at.lineno)


def _check_printable(expr: tuple[Any, ...]) -> None:
    if expr[0] == "field" and expr[1] == ("var", "subscriber") and expr[2] in LISTS:
        raise CannotDefer(f'"subscriber.{expr[2]}" holds several values', 'write | join(", ") behind it')


def _call(method: str, arguments: list[Any], line: int) -> nodes.Expr:
    """A call of a method of the environment, which no template can name."""
    target = nodes.EnvironmentAttribute(method, lineno=line)
    return nodes.Call(target, arguments, [], None, None, lineno=line)


def _assigned(targets: Iterable[nodes.Node]) -> frozenset[str]:
    return frozenset(
        name.name
        for target in targets
        for name in (target, *target.find_all(nodes.Name))
        if isinstance(name, nodes.Name)
    )
