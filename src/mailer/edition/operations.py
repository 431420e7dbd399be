"""The operators of expressions, as Python's and Jinja's, with bounds.

Whoever writes a campaign must not be able to stop a worker: every result is small, whatever the values are. An operation
that has no result raises TypeError, ValueError or ArithmeticError. None in a comparison or a sum has none; in a list,
a text or a condition it counts as nothing, as a field that a person does not have does in Jinja.
"""

import operator
from collections.abc import Callable, Mapping
from typing import Any

from mailer.edition.filters import MOST_CHARACTERS

#: Bits of the largest whole number: more than money, votes or identifiers need.
_MOST_BITS = 256
_NUMBERS = (int, float)


def add(left: Any, right: Any) -> Any:
    """Numbers, texts or lists of one sort."""
    if isinstance(left, str) and isinstance(right, str):
        return _short(left + right)
    if isinstance(left, tuple) and isinstance(right, tuple):
        return _short(left + right)
    return _numeric(operator.add, left, right)


def mul(left: Any, right: Any) -> Any:
    """Numbers; a text or list cannot be repeated."""
    return _numeric(operator.mul, left, right)


def sub(left: Any, right: Any) -> Any:
    return _numeric(operator.sub, left, right)


def div(left: Any, right: Any) -> Any:
    return _numeric(operator.truediv, left, right)


def floordiv(left: Any, right: Any) -> Any:
    return _numeric(operator.floordiv, left, right)


def mod(left: Any, right: Any) -> Any:
    """Of numbers only: on a text, Python's % would format, to any width."""
    return _numeric(operator.mod, left, right)


def power(left: Any, right: Any) -> Any:
    if isinstance(left, int) and isinstance(right, int) and left.bit_length() * abs(right) > _MOST_BITS:
        raise OverflowError("too large")
    return _numeric(operator.pow, left, right)


def negative(value: Any) -> Any:
    return _numeric(operator.sub, 0, value)


def positive(value: Any) -> Any:
    return _numeric(operator.add, 0, value)


def contains(item: Any, container: Any) -> bool:
    """`item in container`: nobody's list holds nothing."""
    return container is not None and item in container


def lacks(item: Any, container: Any) -> bool:
    return not contains(item, container)


def field(source: Any, name: Any) -> Any:
    """A field of a mapping, an item of a list or a character of a text, by name or place; None if it is not there."""
    if isinstance(source, Mapping):
        return source.get(name)
    if isinstance(source, tuple | str) and isinstance(name, int) and -len(source) <= name < len(source):
        return source[name]
    return None


BINARY: dict[str, Callable[[Any, Any], Any]] = {
    "eq": operator.eq,
    "ne": operator.ne,
    "lt": operator.lt,
    "lteq": operator.le,
    "gt": operator.gt,
    "gteq": operator.ge,
    "in": contains,
    "notin": lacks,
    "add": add,
    "sub": sub,
    "mul": mul,
    "div": div,
    "floordiv": floordiv,
    "mod": mod,
    "pow": power,
    "item": field,
}
UNARY: dict[str, Callable[[Any], Any]] = {"not": operator.not_, "neg": negative, "pos": positive}
#: How each is written in a template.
SYMBOLS = {
    "eq": "==",
    "ne": "!=",
    "lt": "<",
    "lteq": "<=",
    "gt": ">",
    "gteq": ">=",
    "in": "in",
    "notin": "not in",
    "and": "and",
    "or": "or",
    "add": "+",
    "sub": "-",
    "mul": "*",
    "div": "/",
    "floordiv": "//",
    "mod": "%",
    "pow": "**",
    "not": "not ",
    "neg": "-",
    "pos": "+",
}


def _numeric(operation: Callable[[Any, Any], Any], left: Any, right: Any) -> Any:
    if not isinstance(left, _NUMBERS) or not isinstance(right, _NUMBERS):
        raise TypeError("only numbers can be calculated with")
    result = operation(left, right)
    if isinstance(result, complex):
        raise TypeError("the result is not a number")
    if isinstance(result, int) and result.bit_length() > _MOST_BITS:
        raise OverflowError("too large")
    return result


def _short(result: Any) -> Any:
    if len(result) > MOST_CHARACTERS:
        raise OverflowError("too long")
    return result
