import html
import unicodedata
from html.parser import HTMLParser
from urllib.parse import unquote, urlsplit

import html5lib
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hostile import HOSTILE
from mailer.edition import escaping
from mailer.edition.escaping import ESCAPE, Unplaceable
from mailer.edition.format import Context

values = st.one_of(st.sampled_from(list(HOSTILE.values())), st.text(max_size=40))
UNSEEN = {chr(code) for code in (*range(0x202A, 0x202F), *range(0x2066, 0x206A), 0x2028, 0x2029, 0xFFFE, 0xFFFF)}


def without_unseen(text):
    """What `plain` promises, written a second time from Unicode's categories."""
    text = text.replace("\r\n", " ")
    return "".join(
        " " if character in "\t\n\r\u2028\u2029" else character
        for character in text
        if character in "\t\n\r\u2028\u2029"
        or (unicodedata.category(character) not in ("Cc", "Cs") and character not in UNSEEN)
    )


@given(values)
def test_plain_keeps_the_words_on_one_line(value):
    assert escaping.plain(value) == without_unseen(value)


class Structure(HTMLParser):
    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.found = []

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, attrs))

    def handle_endtag(self, tag):
        self.found.append(("/", tag))

    def handle_comment(self, data):
        self.found.append(("!", data))

    def handle_data(self, data):
        self.found.append(("text", data))


def structure(markup):
    parser = Structure()
    parser.feed(markup)
    parser.close()
    return parser.found


@given(values)
def test_markup_is_text_and_nothing_else(value):
    escaped = ESCAPE[Context.TEXT](value)
    shown = without_unseen(value)
    assert structure(f"<p>{escaped}</p>") == [("p", []), *([("text", shown)] if shown else []), ("/", "p")]
    assert html.unescape(escaped) == shown


@given(values)
def test_an_attribute_stays_within_either_quote(value):
    escaped = ESCAPE[Context.ATTR](value)
    for quote in "\"'":
        [(tag, attributes), *_] = structure(f"<img alt={quote}{escaped}{quote} src=x>")
        assert (tag, attributes) == ("img", [("alt", without_unseen(value)), ("src", "x")])


@pytest.mark.parametrize("value", HOSTILE.values(), ids=HOSTILE)
def test_html5lib_sees_the_same_tree_as_for_a_harmless_name(value):
    def tree(name):
        escape = ESCAPE[Context.TEXT]
        page = f"<table><tr><td title='{escape(name)}'>{escape(name)}<a href=\"{escaping.url(name)}\">x</a></td></tr></table>"
        parsed = html5lib.parse(page, namespaceHTMLElements=False)
        return [(element.tag, sorted(element.attrib)) for element in parsed.iter()]

    assert tree(value) == tree("Ana")


@given(values)
def test_an_address_is_http_mailto_or_tel_or_leads_nowhere(value):
    address = html.unescape(escaping.url(value))
    assert address == "#" or urlsplit(address).scheme in ("http", "https", "mailto", "tel")
    assert address.isascii()
    assert not set(address) & set(" \"'<>\\`{}|^\x00\n")


@pytest.mark.parametrize(
    ("value", "address"),
    [
        ("https://example.org/a?b=1&c=2#d", "https://example.org/a?b=1&amp;c=2#d"),
        ("HTTPS://EXAMPLE.ORG", "HTTPS://EXAMPLE.ORG"),
        (" https://example.org/ ", "https://example.org/"),
        ("https://example.org/señal y más", "https://example.org/se%C3%B1al%20y%20m%C3%A1s"),
        ("https://example.org/50%25/100%", "https://example.org/50%25/100%25"),
        ("https://example.org/'\"><script>", "https://example.org/%27%22%3E%3Cscript%3E"),
        ("mailto:ana@example.org", "mailto:ana@example.org"),
        ("tel:+44 20 7946 0000", "tel:+44%2020%207946%200000"),
        ("javascript:alert(1)", "#"),
        ("java\nscript:alert(1)", "#"),
        (" \x01javascript:alert(1)", "#"),
        ("data:text/html,x", "#"),
        ("//example.com/", "#"),
        ("/relative", "#"),
        ("https://", "#"),
        ("https:example.com", "#"),
        ("", "#"),
    ],
)
def test_addresses(value, address):
    assert escaping.url(value) == address


@given(values)
def test_a_component_of_an_address_comes_back(value):
    component = escaping.urlq(value)
    assert set(component) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.~-%")
    assert unquote(component) == without_unseen(value)


@pytest.mark.parametrize("value", ["62%", "12px", "-1.5em", "+3", "#0b6e4f", "bold", "0"])
def test_one_word_or_number_may_stand_in_a_style(value):
    assert escaping.css(value) == value


@pytest.mark.parametrize(
    "value", ["", " ", "red;x:y", "url(x)", "1 2", "a\n", "é", "1%%", "expression(x)", '"', "/**/"]
)
def test_nothing_else_may_stand_in_a_style(value):
    with pytest.raises(Unplaceable, match="style"):
        escaping.css(value)


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, ""), ("x", "x"), (7, "7"), (7.5, "7.5"), (True, "True"), (("a", 2, None), "a, 2, "), ((), "")],
)
def test_what_a_value_looks_like(value, text):
    assert escaping.shown(value) == text


@pytest.mark.parametrize("value", [float("inf"), float("nan"), {"a": 1}, object()])
def test_what_has_no_text_is_refused(value):
    with pytest.raises(Unplaceable):
        escaping.shown(value)
