"""Where a setting stands in its file, also where names repeat."""

import pytest

from mailer.settings.positions import Positions

TEXT = '''\
name = "top"

[brand]
accent = "#b3261e"
headings = """
[relays]
accent = "no table, a text"
"""

[[relays]]  # the first
host = "one"
rate = 1

[relays.options]
key = "a"

[web]
port = 1

[[relays]]
host = "two"
options.key = "b"
"port" = 2
'''
PLACES = Positions(TEXT)


@pytest.mark.parametrize(
    ("key", "table", "number", "line"),
    [
        ("name", "", 0, 1),
        ("accent", "brand", 0, 4),
        ("host", "relays", 0, 11),
        ("host", "relays", 1, 21),
        ("rate", "relays", 1, None),
        ("options", "relays", 0, 14),
        ("options", "relays", 1, 22),
        ("key", "relays.options", 0, 15),
        ("port", "web", 0, 18),
        ("port", "relays", 1, 23),
        ("relays", "", 0, 10),
        ("nothing", "brand", 0, None),
    ],
)
def test_the_line_of_a_key_is_that_of_its_own_table(key, table, number, line):
    assert PLACES.line_of(key, table, number) == line


def test_a_table_has_the_line_of_its_header():
    assert [PLACES.header_of("relays", 0), PLACES.header_of("relays", 1)] == [10, 20]
    assert PLACES.header_of("brand") == 3
    assert Positions('relays = [{host = "one"}]\n').header_of("relays") == 1
    assert Positions("").header_of("relays") is None
