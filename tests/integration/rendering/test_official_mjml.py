"""Our MJML against the official one: the same tree for Outlook, the same for everybody else, the same style sheets.

Whatever the schema allows and the official engine does, ours does too: so no attribute that an author writes goes
without effect. `mail_tree` says which differences mean nothing; how both look is compared in tests/browser.
"""

import re

import pytest

import official
from mail_tree import rules, tree
from mailer.rendering import mjml_schema
from official_pairs import CORPUS, NAMES, pair, through_our_chain
from outlook import badly_marked, badly_nested, conditions, for_others, for_outlook

needs_node = pytest.mark.skipif(bool(official.NO_MJML), reason=official.NO_MJML)
#: Elements that a document may hold.
ALLOWED = mjml_schema.schema().keys() - mjml_schema._REFUSED.keys() - {
    "_dependencies", "mj-accordion-element", "mj-accordion-title", "mj-accordion-text", "mj-carousel-image",
}  # fmt: skip


@needs_node
@pytest.mark.parametrize("name", NAMES)
def test_the_official_validator_finds_nothing(name):
    assert pair(name).errors == []


@needs_node
@pytest.mark.parametrize("view", [for_outlook, for_others], ids=["outlook", "others"])
@pytest.mark.parametrize("name", NAMES)
def test_the_tree_is_the_official_one(name, view):
    both = pair(name)
    assert tree(view(both.ours)) == tree(view(both.theirs))


@needs_node
@pytest.mark.parametrize("name", NAMES)
def test_every_rule_and_condition_of_the_sheets_survives(name):
    both = pair(name)
    assert rules(both.ours) == rules(both.theirs)
    assert both.ours.count("!important") == both.theirs.count("!important")
    for sheet in re.findall(r"<mj-style>(.*?)</mj-style>", both.mjml, re.DOTALL):
        # What an author wrote for dark screens and phones is there, word for word.
        assert rules(f"<style>{sheet}</style>") <= rules(both.ours)


@needs_node
@pytest.mark.parametrize("name", NAMES)
def test_outlook_is_asked_the_same_questions(name):
    both = pair(name)
    # Where one of its tables ends and the next begins, we close and open in one comment.
    merged = re.sub(r"<!\[endif\]-->\s*<!--\[if mso \| IE\]>", "", both.theirs)
    assert conditions(both.ours) == conditions(merged)


@pytest.mark.parametrize("name", CORPUS)
def test_what_comes_out_is_well_formed(name):
    html = through_our_chain(CORPUS[name].read_text(encoding="utf-8"))
    assert html.startswith("<!DOCTYPE html>\n<html lang=")
    assert badly_marked(html) == []
    assert badly_nested(for_outlook(html)) == []
    assert badly_nested(for_others(html)) == []
    assert not re.search(r"data-premailer|\\u\{|width=\"\d+\.\d+\"", html)


def test_the_corpus_holds_every_element_that_is_allowed():
    text = "".join(path.read_text(encoding="utf-8") for path in CORPUS.values())
    assert {tag for tag in ALLOWED if f"<{tag}" not in text} == set()
    assert len(CORPUS) >= 10


def inside(content: str) -> str:
    return f"<mj-body><mj-section><mj-column>{content}</mj-column></mj-section></mj-body>"


#: A little of each element; `@` is where the attribute goes that is looked at.
SHAPES = {
    "mj-body": '<mj-body @><mj-section background-color="#ffffff"><mj-column><mj-text>x</mj-text></mj-column></mj-section></mj-body>',
    "mj-section": '<mj-body><mj-section background-url="a.png" @><mj-column><mj-text>x</mj-text></mj-column></mj-section></mj-body>',
    "mj-wrapper": '<mj-body><mj-wrapper background-url="a.png" @><mj-section><mj-column><mj-text>x</mj-text></mj-column></mj-section><mj-section><mj-column><mj-text>y</mj-text></mj-column></mj-section></mj-wrapper></mj-body>',
    "mj-column": '<mj-body><mj-section><mj-column @><mj-image src="a.png" alt="a" /></mj-column><mj-column><mj-text>x</mj-text></mj-column></mj-section></mj-body>',
    "mj-group": "<mj-body><mj-section><mj-group @><mj-column><mj-text>x</mj-text></mj-column><mj-column><mj-text>y</mj-text></mj-column></mj-group></mj-section></mj-body>",
    "mj-text": inside("<mj-text @>x</mj-text>"),
    "mj-button": inside('<mj-button href="https://www.example.org" @>x</mj-button>'),
    "mj-image": inside('<mj-image src="a.png" alt="a" href="https://www.example.org" @ />'),
    "mj-divider": inside("<mj-divider @ />"),
    "mj-spacer": inside("<mj-spacer @ />"),
    "mj-table": inside("<mj-table @><tr><td>x</td></tr></mj-table>"),
    "mj-social": inside(
        '<mj-social @><mj-social-element src="a.png" alt="a" href="https://a.example">A</mj-social-element><mj-social-element src="b.png" alt="b" href="https://b.example">B</mj-social-element></mj-social>'
    ),
    "mj-social-element": inside(
        '<mj-social><mj-social-element src="a.png" alt="a" href="https://a.example" @>A</mj-social-element></mj-social>'
    ),
    "mj-navbar": inside('<mj-navbar @><mj-navbar-link href="/a">A</mj-navbar-link></mj-navbar>'),
    "mj-navbar-link": inside('<mj-navbar><mj-navbar-link href="/a" @>A</mj-navbar-link></mj-navbar>'),
}
#: A value unlike the default, for what the type alone does not tell.
VALUES = {
    "src": "b.png",
    "srcset": "b.png 600w",
    "sizes": "100px",
    "href": "https://www.example.org/x",
    "background-url": "b.png",
    "background-position": "left bottom",
    "background-position-x": "right",
    "background-position-y": "bottom",
    "background-size": "cover",
    "border-radius": "9px",
    "inner-border-radius": "9px",
    "font-family": "Georgia",
    "font-weight": "700",
    "font-style": "italic",
    "text-decoration": "line-through",
    "text-transform": "lowercase",
    "rel": "nofollow",
    "target": "_self",
}


def attributes():
    for tag in SHAPES:
        for name, kind in mjml_schema.schema()[tag]["attrs"].items():
            if kind.startswith("enum"):
                yield from ((tag, name, value) for value in kind[5:-1].split(",") if value)
            elif name in VALUES:
                yield tag, name, VALUES[name]
            else:
                one = {"color": "#123456", "boolean": "true", "integer": "7"}.get(kind)
                one = one or ("17px" if kind.startswith("unit") else "3px solid #123456" if "border" in name else "abc")
                yield tag, name, one


def document(tag: str, attribute: str) -> str:
    before, after = SHAPES[tag].split("@")
    name = attribute.partition("=")[0]
    if f'{name}="' in before.rpartition("<")[2] and name:  # the shape has one already
        head, _, element = before.rpartition("<")
        before = head + "<" + re.sub(rf' {name}="[^"]*"', "", element)
    head = '<mj-head><mj-attributes><mj-all font-family="Arial" /></mj-attributes></mj-head>'
    return f"<mjml>{head}{before}{attribute}{after}</mjml>"


@needs_node
def test_an_attribute_that_would_have_no_effect_is_refused():
    """And no other: each that is allowed does with us what it does officially, or nothing with either."""
    written = {f'{tag} {name}="{value}"': (tag, name, value) for tag, name, value in attributes()}
    sources = {key: document(tag, f'{name}="{value}"') for key, (tag, name, value) in written.items()}
    plain = {tag: document(tag, "") for tag in SHAPES}
    theirs = {name: found.html for name, found in official.rendered(sources | plain).items()}
    left_out = {tag: set() for tag in SHAPES}
    for key, (tag, name, _) in written.items():
        changes_theirs = theirs[key] != theirs[tag]
        changes_ours = mrml(sources[key]) != mrml(plain[tag])
        if changes_theirs and not changes_ours:
            left_out[tag].add(name)
    known = {tag: set(mjml_schema._LEFT_OUT.get(tag, ())) - MORE_THAN_LEFT_OUT.get(tag, set()) for tag in SHAPES}
    left_out["mj-table"].remove("role")  # set by our own step, on every table
    assert left_out == known


#: Refused although mrml does something with them: not what the official engine does.
MORE_THAN_LEFT_OUT = {
    "mj-image": {"border-left", "border-right"},  # reckoned with, not drawn
    "mj-column": {"inner-border-top", "inner-border-bottom"},  # shown by neither without padding
    "mj-table": {"cellspacing"},  # written, but without effect: borders collapse
    "mj-navbar": {"hamburger"},
}


def mrml(source: str) -> str:
    from mjml import mjml2html

    return mjml2html(source, fonts={})
