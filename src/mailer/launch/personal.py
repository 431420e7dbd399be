"""Which of a person's values an edition prints, and what happens to those who do not have them."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from mailer.domain import count
from mailer.domain.campaign_file import CampaignFile
from mailer.edition.format import Edition, Expr, For, Hole, If, Nodes
from mailer.errors import Problem


@dataclass(frozen=True, slots=True)
class Printed:
    """One printing of a value. defaulted: the author said what stands there for those who lack it."""

    field: str
    defaulted: bool


def printed_values(edition: Edition) -> frozenset[Printed]:
    """Every field of the recipient that a hole prints, in any variant, subject and preheader included.

    What stands in a branch or a loop that asks about the field first is left out: there its absence was thought of.
    """
    found: set[Printed] = set()
    for variant in edition.variants.values():
        for nodes in (variant.subject, variant.preheader, variant.text, variant.html):
            found.update(_in_nodes(nodes, frozenset()))
    return frozenset(found)


def blank_problems(file: CampaignFile, missing: Mapping[str, int], people: int) -> Iterator[Problem]:
    """One for each value that is printed without a default. missing: for how many of `people` it is blank."""
    for name, number in sorted(missing.items()):
        yield Problem(
            rule="personal-value",
            message=f"{{{{ subscriber.{name} }}}} is blank for {number:,} of {count.people(people)}",
            file=file.name,
            line=_line_of(file, name),
            hint=f'say what stands there for them: {{{{ subscriber.{name} | default("friend") }}}}',
        )


def _line_of(file: CampaignFile, name: str) -> int | None:
    """The first line where the value stands without a default; None where a template prints it."""
    printed = re.compile(rf"subscriber\.(attributes\.)?{re.escape(name)}\b(?!\s*\|\s*default)")
    lines = file.sources[file.name].decode("utf-8-sig").splitlines()
    return next((number for number, line in enumerate(lines, 1) if printed.search(line)), None)


def _in_nodes(nodes: Nodes, asked: frozenset[str]) -> Iterator[Printed]:
    for node in nodes:
        match node:
            case Hole(expr, _):
                yield from (one for one in _in_expr(expr, defaulted=False) if one.field not in asked)
            case If(branches, otherwise):
                here = asked
                for test, body in branches:
                    here |= _fields(test)
                    yield from _in_nodes(body, here)
                yield from _in_nodes(otherwise, here)
            case For(_, source, body, otherwise):
                yield from _in_nodes(body, asked | _fields(source))
                yield from _in_nodes(otherwise, asked | _fields(source))


def _in_expr(expr: Expr, *, defaulted: bool) -> Iterator[Printed]:
    match expr:
        case ("field", ("var", "subscriber") | ("field", ("var", "subscriber"), "attributes"), str(name)):
            yield Printed(name, defaulted)
        case ("item", ("field", ("var", "subscriber"), "attributes"), ("const", str(name))):
            yield Printed(name, defaulted)
        case ("filter", name, value, arguments):
            yield from _in_expr(value, defaulted=defaulted or name == "default")
            for argument in arguments:
                yield from _in_expr(argument, defaulted=defaulted)
        case ("cond", test, then, otherwise):
            asked = _fields(test)
            for part in (then, otherwise):
                yield from (one for one in _in_expr(part, defaulted=defaulted) if one.field not in asked)
        case ("const" | "var", *_):
            return
        case (_, *parts):
            # `a or b`, and every comparison, deals with a missing value by itself.
            settled = defaulted or expr[0] in ("or", "and", "not", "in", "notin", "eq", "ne")
            for part in parts:
                if isinstance(part, tuple):
                    yield from _in_expr(part, defaulted=settled)


def _fields(expr: object) -> frozenset[str]:
    """Every field that is named anywhere in `expr`."""
    match expr:
        case ("field", ("var", "subscriber") | ("field", ("var", "subscriber"), "attributes"), str(name)):
            return frozenset({name})
        case ("item", ("field", ("var", "subscriber"), "attributes"), ("const", str(name))):
            return frozenset({name})
        case tuple(parts):
            return frozenset().union(*map(_fields, parts))
        case _:
            return frozenset()
