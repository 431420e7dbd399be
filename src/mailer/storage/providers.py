"""The provider group of an address in SQL, from the tables of `domain/provider.py`: a million rows are grouped as they are written."""

from collections.abc import Iterable, Mapping

import sqlalchemy as sa

from mailer.domain.provider import DOMAINS, FIRST_LABELS, Provider

_OTHER: sa.ColumnElement[int] = sa.literal_column(str(int(Provider.OTHER)), sa.Integer)
#: Most addresses are told by so many letters of their domain, and only the rest is looked at whole.
_TELLING = 3


def provider_group(email_key: sa.ColumnElement[str], *, is_sqlite: bool) -> sa.ColumnElement[int]:
    """What `provider_of` says of an address in lower case, as a number."""
    words = (*DOMAINS, *(f"{label}." for label in FIRST_LABELS))
    may_be: sa.ColumnElement[bool]
    if is_sqlite:
        domain = sa.func.substr(email_key, sa.func.instr(email_key, _text("@")) + _number(1))
        label = sa.func.substr(domain, _number(1), sa.func.instr(domain.concat(_text(".")), _text(".")) - _number(1))
        may_be = email_key.op("GLOB", is_comparison=True)(_text(_pattern(words)))  # which cuts no text: half the time
    else:
        domain = sa.func.split_part(email_key, _text("@"), _number(2))
        label = sa.func.split_part(domain, _text("."), _number(1))
        may_be = sa.func.left(domain, _number(_TELLING)).in_(_beginnings(words))
    whole = _case(domain, DOMAINS, otherwise=_case(label, FIRST_LABELS, otherwise=_OTHER))
    return sa.case((may_be, whole), else_=_OTHER)


def _pattern(words: Iterable[str]) -> str:
    """What every address at one of them matches, and few others: one of their letters in each of the first places."""
    letters = zip(*(word[:_TELLING] for word in words), strict=True)
    classes = ("".join(sorted(set(each))) for each in letters)
    return "*@" + "".join(f"[{each}]" for each in classes) + "*"


def _beginnings(words: Iterable[str]) -> list[sa.ColumnElement[str]]:
    return [_text(one) for one in sorted({word[:_TELLING] for word in words})]


def _case(
    value: sa.ColumnElement[str], groups: Mapping[str, Provider], *, otherwise: sa.ColumnElement[int]
) -> sa.ColumnElement[int]:
    whens = {_text(word): _number(int(group)) for word, group in groups.items()}
    return sa.case(whens, value=value, else_=otherwise)


# Literals, for the words are ours: bound values would travel anew with every chunk.
def _text(word: str) -> sa.ColumnElement[str]:
    assert "'" not in word
    return sa.literal_column(f"'{word}'", sa.Text)


def _number(value: int) -> sa.ColumnElement[int]:
    return sa.literal_column(str(value), sa.Integer)
