from hypothesis import given
from hypothesis import strategies as st

from mailer.web.frames import Scheme, in_frame

MAIL = (
    '<html><head><meta name="color-scheme" content="light dark"></head><style>'
    "@media (prefers-color-scheme: dark) and (max-width: 480px) { a {} } @media (prefers-color-scheme:light) { b {} }"
    "</style><body>Hello</body></html>"
)


def test_the_dark_frame_is_dark_on_a_machine_that_is_not():
    shown = in_frame(MAIL, Scheme.DARK)
    assert "@media (min-width: 0) and (max-width: 480px)" in shown
    assert "@media (max-width: 0) { b {} }" in shown
    assert 'name="color-scheme" content="dark"' in shown


def test_the_light_frame_is_light_on_a_machine_that_is_dark():
    shown = in_frame(MAIL, Scheme.LIGHT)
    assert "@media (max-width: 0) and (max-width: 480px)" in shown
    assert "@media (min-width: 0) { b {} }" in shown
    assert 'name="color-scheme" content="light"' in shown


def test_a_forced_dark_frame_turns_the_light_mail_over_and_ignores_its_dark_rules():
    shown = in_frame(MAIL, Scheme.FORCED_DARK)
    assert "@media (max-width: 0) and (max-width: 480px)" in shown
    assert 'name="color-scheme" content="light"' in shown
    assert shown.index("invert(") < shown.index("<meta")
    assert "invert(" not in in_frame(MAIL, Scheme.LIGHT) + in_frame(MAIL, Scheme.DARK)


def test_links_open_beside_the_inbox_and_not_inside_the_frame():
    assert in_frame(MAIL, Scheme.LIGHT).startswith('<html><head><base target="_blank">')
    assert in_frame("<p>no head", Scheme.LIGHT) == '<base target="_blank"><p>no head'


@given(st.text())
def test_nothing_but_schemes_changes(text):
    untouched = text.replace("prefers-color-scheme", "").replace("color-scheme", "").replace("<head", "")
    assert in_frame(untouched, Scheme.DARK) == '<base target="_blank">' + untouched
