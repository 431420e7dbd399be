"""The provider group of an address in SQL, from the tables of `domain/provider.py`: a million rows are grouped as they are written."""

from collections.abc import Iterable, Mapping

import sqlalchemy as sa

from mailer.domain.provider import DOMAINS, FIRST_LABELS, Provider

_OTHER: sa.ColumnElement[int] = sa.literal_column(str(int(Provider.OTHER)), sa.Integer)
#: SQLite cuts texts slowly: most addresses are told by so many letters, and only the rest is looked at whole.
_TELLING = 3


def provider_group(email_key: sa.ColumnElement[str], *, is_sqlite: bool) -> sa.ColumnElement[int]:
    """What `provider_of` says of an address in lower case, as a number."""
    if is_sqlite:
        begin = sa.func.instr(email_key, _text("@")) + _number(1)
        domain, telling = sa.func.substr(email_key, begin), sa.func.substr(email_key, begin, _number(_TELLING))
        label = sa.func.substr(domain, _number(1), sa.func.instr(domain.concat(_text(".")), _text(".")) - _number(1))
    else:
        domain = sa.func.split_part(email_key, _text("@"), _number(2))
        label, telling = sa.func.split_part(domain, _text("."), _number(1)), sa.func.left(domain, _number(_TELLING))
    whole = _case(domain, DOMAINS, otherwise=_case(label, FIRST_LABELS, otherwise=_OTHER))
    return sa.case((telling.in_(_beginnings((*DOMAINS, *FIRST_LABELS))), whole), else_=_OTHER)


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
