"""A segment on one line, as people know it from searching their mail.

    tag:climate country:(BR OR AR) -received:autumn-appeal joined:>=2026-01-01 attr.age:>=30 name:"Ana Rivas"

Terms side by side must all hold; OR, NOT (or `-`) and parentheses do what they say. `key:*` asks whether there is
anything, `text*` begins, `*text` ends with, `*text*` contains. `parse` reads what `describe` writes.
"""

import re

from mailer.domain import segment as tree
from mailer.domain.segment import Op, Segment, Value
from mailer.domain.segment_terms import TermError, Vocabulary, term

_TOKEN = re.compile(
    r"""\s*(?:
      (?P<open>\() | (?P<close>\)) | (?P<minus>-)(?=[\w(-])
    | (?P<key>[A-Za-z_]+(?:\.[A-Za-z0-9_]+)?)\s*:
    | (?P<word>[^\s()":]+)
    )""",
    re.VERBOSE,
)
_OPERATOR = re.compile(r">=|<=|!=|[<>=]")
_VALUE = re.compile(r'(?P<before>\*?)(?:"(?P<quoted>(?:[^"\\]|\\.)*)"|(?P<bare>[^\s()"*]*))(?P<after>\*?)')
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?")
_MAX_DEPTH = 50


class QueryError(TermError):
    """A query that cannot be read; `column` (from 0) is where."""

    def __init__(self, message: str, column: int, hint: str = "", *, unknown: bool = False) -> None:
        self.column = column
        super().__init__(message, hint, unknown=unknown)


def parse(text: str, words: Vocabulary) -> Segment:
    """The tree of a query. Raises QueryError."""
    parser = _Parser(text, words)
    found = parser.any_of(0)
    if parser.position < len(text.rstrip()):
        raise QueryError("a parenthesis is closed that was never opened", parser.position)
    return found


class _Parser:
    """Recursive descent over the text; `position` is the next character."""

    def __init__(self, text: str, words: Vocabulary) -> None:
        self.text, self.words, self.position = text, words, 0

    def peek(self) -> re.Match[str] | None:
        rest = self.text[self.position :]
        if not rest.strip():
            return None
        found = _TOKEN.match(self.text, self.position)
        if found is None:
            raise QueryError(
                "this cannot be read", self.position, 'write key:value, as in tag:donor or name:"Ana Rivas"'
            )
        return found

    def any_of(self, depth: int) -> Segment:
        parts = [self.all_of(depth)]
        while (token := self.peek()) and token["word"] == "OR":
            self.position = token.end()
            parts.append(self.all_of(depth))
        return parts[0] if len(parts) == 1 else tree.AnyOf(tuple(parts))

    def all_of(self, depth: int) -> Segment:
        parts: list[Segment] = []
        while (token := self.peek()) and not token["close"] and token["word"] != "OR":
            if token["word"] == "AND" and parts:
                self.position = token.end()
                continue
            parts.append(self.one(token, depth))
        if not parts:
            raise QueryError("something is missing here", self.position, "for everybody: everyone")
        return parts[0] if len(parts) == 1 else tree.All(tuple(parts))

    def one(self, token: re.Match[str], depth: int) -> Segment:
        if depth > _MAX_DEPTH:
            raise QueryError("too many parentheses", self.position)
        self.position = token.end()
        if token["open"]:
            inside = self.any_of(depth + 1)
            self.close(token)
            return inside
        if token["minus"] or token["word"] == "NOT":
            following = self.peek()
            if following is None or following["close"] or following["word"] in ("OR", "AND"):
                raise QueryError("NOT what?", token.start())
            return tree.Not(self.one(following, depth + 1))
        if token["word"] == "everyone":
            return tree.Everyone()
        if token["word"]:
            raise QueryError(
                f'"{token["word"]}" alone means nothing',
                token.start("word"),
                f"write name:{token['word']}* or tag:{token['word']}",
            )
        return self.test(token["key"], token.start("key"))

    def close(self, opened: re.Match[str]) -> None:
        token = self.peek()
        if token is None or not token["close"]:
            raise QueryError("this parenthesis is never closed", opened.start("open"))
        self.position = token.end()

    def test(self, key: str, start: int) -> Segment:
        try:
            if self.text[self.position : self.position + 1] == "(":
                return self.choices(key)
            found = _OPERATOR.match(self.text, self.position)
            self.position = found.end() if found else self.position
            return self.value(key, found[0] if found else "=")
        except QueryError:
            raise
        except TermError as error:
            raise QueryError(error.message, start, error.hint, unknown=error.unknown) from None

    def choices(self, key: str) -> Segment:
        """`key:(a OR b)`."""
        self.position += 1
        parts: list[Segment] = []
        while True:
            self.position += len(self.text[self.position :]) - len(self.text[self.position :].lstrip())
            if self.text[self.position : self.position + 1] == ")":
                break
            if parts and (found := re.compile(r"OR\s+").match(self.text, self.position)):
                self.position = found.end()
            parts.append(self.value(key, "="))
        self.position += 1
        if not parts:
            raise QueryError(f"{key} needs a value", self.position)
        return parts[0] if len(parts) == 1 else tree.AnyOf(tuple(parts))

    def value(self, key: str, operator: str) -> Segment:
        found = _VALUE.match(self.text, self.position)
        assert found is not None
        if found.end() == self.position:
            message = (
                "a quote is opened and never closed"
                if self.text[self.position :].startswith('"')
                else f"{key} needs a value"
            )
            raise QueryError(message, self.position)
        self.position = found.end()
        text = found["bare"] if found["quoted"] is None else re.sub(r"\\(.)", r"\1", found["quoted"])
        before, after = bool(found["before"]), bool(found["after"])
        if (before or after) and operator in ("=", "!="):
            wild = self.wild(key, text, before=before, after=after)
            return tree.Not(wild) if operator == "!=" else wild
        value: Value = _literal(text) if key.startswith("attr.") and found["quoted"] is None else text
        return term(key, operator, value, self.words)

    def wild(self, key: str, text: str, *, before: bool, after: bool) -> Segment:
        if not text:
            return term(key, "exists", True, self.words)  # noqa: FBT003
        operator = "contains" if before and after else "ends_with" if before else "starts_with"
        return term(key, operator, text, self.words)


def _literal(text: str) -> Value:
    if text in ("true", "false"):
        return text == "true"
    if _NUMBER.fullmatch(text):
        return float(text) if "." in text else int(text)
    return text


def describe(segment: Segment, *, inside: bool = False) -> str:
    """The tree as a query; `inside` puts parentheses around what would otherwise be torn apart."""
    match segment:
        case tree.All(parts) | tree.AnyOf(parts):
            joint = " " if isinstance(segment, tree.All) else " OR "
            text = joint.join(describe(part, inside=True) for part in parts)
            return f"({text})" if inside else text
        case tree.Not(part):
            return f"-{describe(part, inside=True)}"
        case tree.Everyone():
            return "everyone"
        case tree.Tagged(tag):
            return f"tag:{_written(tag)}"
        case tree.Hears(topic):
            return f"topic:{topic}"
        case tree.OnList(name):
            return f"list:{name}"
        case tree.Received(slug):
            return f"received:{slug}"
        case tree.Speaks(language):
            return f"language:{language}"
        case tree.Joined(op, at):
            return f"joined:{'<' if op is Op.BEFORE else '>='}{tree.instant_text(at)}"
        case tree.JoinedWithin(days):
            return f"joined:{days}d"
        case tree.Field(name, op, value):
            return f"{name}:{_tested(op, value)}"
        case tree.Attribute(name, op, value):
            return f"attr.{name}:{_tested(op, value)}"


def _tested(op: Op, value: Value) -> str:
    match op:
        case Op.EXISTS:
            return "*"
        case Op.BEFORE | Op.SINCE:
            return f"{'<' if op is Op.BEFORE else '>='}{value}"
        case Op.CONTAINS:
            return f"*{_written(value)}*"
        case Op.STARTS_WITH:
            return f"{_written(value)}*"
        case Op.ENDS_WITH:
            return f"*{_written(value)}"
        case Op.EQUALS:
            return _written(value)
        case _:
            return f"{op.value}{_written(value)}"


def _written(value: Value) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (int, float)):
        return format(value, "f").rstrip("0").rstrip(".") if isinstance(value, float) else str(value)
    if re.fullmatch(r"[^\W\d][\w.@-]*", value) and _literal(value) is value:
        return value
    escaped = re.sub(r'(["\\])', r"\\\1", value)
    return f'"{escaped}"'
