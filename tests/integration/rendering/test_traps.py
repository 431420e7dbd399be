"""A test for each trap of mrml (M) and premailer (P) that the rendering study met and this chain relies on avoiding."""

import logging
import re

import pytest
from lxml import html as lxml_html
from PIL import Image

from compiling import ANA, NOBODY, compiled, mail, problems

HEAD = '<mj-head><mj-title>{{ subject }}</mj-title>%s<mj-attributes><mj-all font-family="Arial" /></mj-attributes></mj-head>'
LETTER = (
    '<mjml lang="{{ language }}">' + HEAD + '<mj-body><mj-section padding="0px"><mj-column>%s</mj-column></mj-section>'
    '<mj-section><mj-column><mj-text><p>{{ organisation.postal_address }} <a href="{{ leave_url }}">leave</a></p></mj-text>'
    "</mj-column></mj-section></mj-body></mjml>"
)


def letter(inside, head=""):
    return {"article.mjml": LETTER % (head, inside), "article.txt": "{{ body }}\n{{ leave_url }}\n"}


def html(root, inside, head="", fields=ANA, **front):
    return mail(compiled(root, "Words.\n", templates=letter(inside, head), **front).edition, fields).html


def complaints(root, inside, head="", **front):
    return problems(root, "Words.\n", templates=letter(inside, head), **front)


@pytest.fixture
def picture(tmp_path):
    (tmp_path / "campaigns").mkdir()
    Image.new("RGB", (900, 300), "red").save(tmp_path / "campaigns" / "p.png")
    return tmp_path


SCRIPTS = "👩‍👩‍👧 ❤️ a\u00a0b so\u00adft \u200f नमस्ते สวัสดี שָׁלוֹם a\\b \"quoted\" 'single' &amp; <tag>"


def test_m1_attributes_and_titles_keep_every_script(picture):
    alt = SCRIPTS.replace("'", "’")
    more = f"preheader: '{alt}'\nimage:\n  src: p.png\n  alt: '{alt}'\n"
    inside = '<mj-image src="{{ image(campaign.image.src).url }}" alt="{{ campaign.image.alt }}" href="https://example.org/?a=%5C&amp;b=é" />'
    found = lxml_html.document_fromstring(html(picture, inside, more=more, subject=alt.replace("'", "’")))
    assert found.find(".//img").get("alt") == alt
    assert found.find(".//title").text == " ".join(alt.replace("'", "’").split())
    assert "\\u{" not in lxml_html.tostring(found, encoding="unicode")


def test_m1_tabs_and_line_feeds_in_attributes(picture):
    inside = '<mj-image src="{{ image("p.png").url }}" alt="one&#9;two&#10;three" />'
    assert lxml_html.document_fromstring(html(picture, inside)).find(".//img").get("alt") == "one\ttwo\nthree"


@pytest.mark.parametrize("padding", ["0 24px", "8px 24px 0 24px", "0"])
def test_m2_a_bare_zero_in_a_padding_keeps_the_sides(picture, padding):
    inside = f'<mj-image src="{{{{ image("p.png").url }}}}" alt="" padding="{padding}" />'
    expected = 600 if padding == "0" else 552
    assert lxml_html.document_fromstring(html(picture, inside)).find(".//img").get("width") == str(expected)


def test_m3_inline_styles_are_inlined_and_the_others_stay(tmp_path):
    head = (
        '<mj-style inline="inline">.words p { color: #123456; } p > b { color: #00fe01; }</mj-style>'
        "<mj-style>@media (prefers-color-scheme: dark) { .words > p { color: #ffffff !important; } }</mj-style>"
    )
    got = html(tmp_path, '<mj-text css-class="words"><p>Hello <b>you</b></p></mj-text>', head)
    assert '<p style="color:#123456">' in got
    assert '<b style="color:#00fe01">' in got
    assert ".words > p { color: #ffffff !important; }" in got
    assert "#123456" not in got[got.index("<style") : got.rindex("</style>")]


@pytest.mark.parametrize(
    ("inside", "head", "words"),
    [
        ("", "<mj-html-attributes></mj-html-attributes>", "<mj-html-attributes> is not understood"),
        ("<mj-include path='x.mjml' />", "", "{% include %}"),
        (
            "",
            '<mj-attributes><mj-class name="a"><mj-text color="red" /></mj-class></mj-attributes>',
            "elements inside it",
        ),
    ],
)
def test_m4_m8_what_mrml_cannot_do_is_refused_with_what_to_do(tmp_path, inside, head, words):
    (found,) = complaints(tmp_path, inside, head)
    assert words in found
    assert found.startswith("templates/article.mjml:1:")


def test_m5_layout_tables_say_so_and_data_tables_do_not(tmp_path):
    inside = (
        "<mj-table><tr><td>layout</td></tr></mj-table>"
        '<mj-table role="presentation"><tr><th scope="col">Time</th></tr><tr><td>10:00</td></tr></mj-table>'
    )
    tables = list(lxml_html.document_fromstring(html(tmp_path, inside)).iter("table"))
    assert len(tables) > 4
    data = [table for table in tables if table.get("role") != "presentation"]
    assert [table.text_content() for table in data] == ["Time10:00"], "a table around one with headings is still layout"


def test_m5_a_picture_without_alt_is_an_error(picture):
    (found,) = complaints(picture, '<mj-image src="{{ image("p.png").url }}" />')
    assert "<mj-image> without alt" in found


@pytest.mark.parametrize(
    ("inside", "words"),
    [
        ("<mj-foo />", "there is no <mj-foo>"),
        ("<mj-texte><p>x</p></mj-texte>", 'did you mean "mj-text"?'),
        ('<mj-text colour="red"><p>x</p></mj-text>', '<mj-text> has no "colour" (did you mean "color"?)'),
        ('<mj-text font-size="12"><p>x</p></mj-text>', 'font-size="12" on <mj-text> (it takes unit(px))'),
        ('<mj-text align="middle"><p>x</p></mj-text>', 'align="middle"'),
        ("<mj-section></mj-section>", "<mj-section> cannot stand in <mj-column>"),
        ("<mj-accordion></mj-accordion>", "<mj-accordion> is not understood (it is made of form fields"),
        ('<mj-button title="x" href="https://example.org">x</mj-button>', '"title" of <mj-button> is not understood'),
        ('<mj-divider padding="0px 5%" />', 'padding="0px 5%" on <mj-divider> (it takes unit(px){1,4})'),
        ("stray words", '"stray words" stands in <mj-column> itself'),
    ],
)
def test_m6_mjml_is_judged(tmp_path, inside, words):
    (found,) = complaints(tmp_path, inside)
    assert words in found


def test_m6_all_complaints_come_at_once(tmp_path):
    assert len(complaints(tmp_path, '<mj-foo /><mj-text colour="x"><p>y</p></mj-text>')) == 2


@pytest.mark.parametrize(
    "inside", ["<mj-text><p>a < b</p></mj-text>", "<mj-text><p>a && b</p></mj-text>", "<mj-text><p>open</mj-text>"]
)
def test_m7_what_is_not_well_formed_has_file_and_line(tmp_path, inside):
    template = letter("\n\n" + inside)
    (found,) = problems(tmp_path, "Words.\n", templates=template)
    assert re.match(r"templates/article\.mjml:3: not well-formed", found)


def test_m7_lines_are_those_of_the_file_that_was_taken_in(tmp_path):
    templates = letter('{% include "part.mjml" %}') | {
        "part.mjml": "{# a note\n   of two lines #}\n<mj-text>\n</mj-text>\n{% if true %}\n<mj-bar />\n{% endif %}\n"
    }
    (found,) = problems(tmp_path, "Words.\n", templates=templates)
    assert found.startswith("templates/part.mjml:6: there is no <mj-bar>")


def test_m9_social_icons_of_others_are_refused(tmp_path):
    inside = '<mj-social><mj-social-element name="facebook-noshare" href="https://example.org">us</mj-social-element></mj-social>'
    (found,) = complaints(tmp_path, inside)
    assert "<mj-social-element> without src" in found


def test_m9_pictures_from_elsewhere_are_refused(tmp_path):
    (found,) = complaints(tmp_path, '<mj-image src="https://www.example.com/x.png" alt="x" />')
    assert "is not one of the project's" in found


def test_m10_no_font_is_fetched(tmp_path):
    templates = letter("<mj-text><p>x</p></mj-text>")
    templates["article.mjml"] = templates["article.mjml"].replace('<mj-all font-family="Arial" />', "")
    got = mail(compiled(tmp_path, "Words.\n", templates=templates).edition).html
    assert "fonts.googleapis" not in got
    assert "<link" not in got
    assert "@import" not in got


def test_m11_p1_the_doctype_is_upper_case_and_first(tmp_path):
    assert html(tmp_path, "<mj-text><p>x</p></mj-text>").startswith("<!DOCTYPE html>\n<html")


def test_p2_important_survives_in_media_queries(tmp_path):
    got = html(
        tmp_path, "<mj-text><p>x</p></mj-text>", "<mj-style>@media print { p { color: red !important; } }</mj-style>"
    )
    assert "p { color: red !important; }" in got
    assert "width:100% !important" in got


def test_p3_mjmls_own_reset_is_not_inlined(tmp_path):
    got = html(
        tmp_path,
        "<mj-text><p>x</p></mj-text>",
        "<mj-style>[data-ogsc] p { color: red }\n@font-face { font-family: X }</mj-style>",
    )
    assert "mso-table-lspace" not in got[got.index("<body") :]
    assert "[data-ogsc] p" in got
    assert "@font-face" in got


def test_p4_no_inlined_declaration_carries_important(tmp_path):
    head = (
        '<mj-style inline="inline">.loud p { color: #b3261e ! IMPORTANT; margin: 0 !important }</mj-style>'
        "<mj-style>@media (max-width:480px) { .loud p { color: #112233 !important } }</mj-style>"
    )
    text = html(tmp_path, '<mj-text css-class="loud"><p>Hear</p></mj-text>', head)
    styles = " ".join(re.findall(r'style="([^"]*)"', text))
    assert "#b3261e" in styles
    assert "important" not in styles.lower()
    assert "#112233 !important" in text


def test_p5_nothing_is_logged(tmp_path, caplog):
    with caplog.at_level(logging.INFO):
        html(
            tmp_path,
            "<mj-text><p>x</p></mj-text>",
            '<mj-style inline="inline">p { word-break: break-word; mso-x: 1 }</mj-style>',
        )
    assert caplog.records == []


def test_p6_no_sizes_are_forced_onto_elements(picture):
    inside = '<mj-image css-class="pic" src="{{ image("p.png").url }}" alt="" width="300px" />'
    got = html(picture, inside, '<mj-style inline="inline">.pic img { width: 50%; height: 20px }</mj-style>')
    assert lxml_html.document_fromstring(got).find(".//img").get("width") == "300"


def test_p7_a_hole_is_a_style_value_with_its_unit_inside(tmp_path):
    inside = '<mj-text css-class="bar"><div style="width:{{ (subscriber.gift ~ "%") }};color:red">x</div></mj-text>'
    head = '<mj-style inline="inline">.bar div { margin: 0 }</mj-style>'
    assert "width:25%" in html(tmp_path, inside, head)


def test_p7_a_hole_with_its_unit_outside_is_an_error_and_not_a_loss(tmp_path):
    inside = '<mj-text css-class="bar"><div style="width:{{ subscriber.gift }}%;color:red">x</div></mj-text>'
    head = '<mj-style inline="inline">.bar div { margin: 0 }</mj-style>'
    (found,) = complaints(tmp_path, inside, head)
    assert "{{ subscriber.gift }} is lost on its way into the HTML part" in found
    assert found.startswith("templates/article.mjml:1:")


def test_p8_expressions_in_addresses_come_out_whole(tmp_path):
    inside = (
        '<mj-button href="https://www.example.org/?a={{ subscriber.name | default("x y") }}&amp;b=1">Go</mj-button>'
    )
    got = html(tmp_path, inside, fields=ANA | {"name": "A & B/ü"})
    assert 'href="https://www.example.org/?a=A%20%26%20B%2F%C3%BC&amp;b=1"' in got


def test_p9_values_cannot_leave_single_quoted_attributes(picture):
    inside = """<mj-image src="{{ image("p.png").url }}" alt='he said "{{ subscriber.first_name }}"' />"""
    got = html(picture, inside, fields=ANA | {"first_name": "it's\" onload='x"})
    image = lxml_html.document_fromstring(got).find(".//img")
    assert image.get("alt") == 'he said "it\'s" onload=\'x"'
    assert image.get("onload") is None


def test_p10_conditional_comments_survive_with_their_holes(tmp_path):
    inside = (
        '<mj-raw><!--[if mso]><tr><td><v:roundrect href="https://www.example.org/?u={{ subscriber.name }}">'
        "{{ subscriber.name }}</v:roundrect></td></tr><![endif]--></mj-raw>"
    )
    got = html(tmp_path, inside, fields=ANA | {"name": "a b--><script>"})
    assert 'href="https://www.example.org/?u=a%20b--%3E%3Cscript%3E"' in got
    assert "a b--&gt;&lt;script&gt;</v:roundrect>" in got


def test_p11_nothing_is_fetched(tmp_path):
    got = html(
        tmp_path,
        "<mj-text><p>x</p></mj-text>",
        '<mj-raw><link rel="stylesheet" href="http://192.0.2.1/x.css" /></mj-raw>',
    )
    assert "192.0.2.1" in got  # it stays a link; had it been fetched, the test would hang and fail


def test_outlooks_comments_are_merged_where_they_touch(tmp_path):
    got = html(tmp_path, "<mj-text><p>x</p></mj-text>")
    assert not re.search(r"<!\[endif\]-->\s*<!--\[if mso \| IE\]>", got)


def test_a_title_with_a_condition_is_no_label(tmp_path):
    got = html(
        tmp_path,
        "<mj-text><p>x</p></mj-text>",
        subject="Dear {% if subscriber.name %}{{ subscriber.name }}{% endif %} friends",
    )
    assert "aria-label" not in got
    assert "<title>Dear Ana Rivas friends</title>" in got


def test_a_block_of_holes_between_sections_and_rows(tmp_path):
    inside = (
        "{% if subscriber.tags %}<mj-text><p>tagged</p></mj-text>{% else %}<mj-text><p>untagged</p></mj-text>{% endif %}"
        "<mj-table>{% for topic in subscriber.topics %}<tr><td>{{ topic }}</td></tr>{% endfor %}</mj-table>"
    )
    edition = compiled(tmp_path, "Words.\n", templates=letter(inside)).edition
    rows = [
        row.text_content()
        for row in lxml_html.document_fromstring(mail(edition).html).findall(".//table//table//table//tr")
    ]
    assert [row for row in rows if row in ("peru", "honduras")] == ["peru", "honduras"]
    assert "<p>tagged</p>" in mail(edition).html
    assert "<p>untagged</p>" in mail(edition, NOBODY).html
    assert "peru" not in mail(edition, NOBODY).html


@pytest.mark.parametrize(
    ("inside", "words"),
    [
        ('<mj-text><p title="{% if subscriber.name %}x{% endif %}">x</p></mj-text>', "inside an attribute"),
        ('<mj-text><p onclick="{{ subscriber.name }}">x</p></mj-text>', "an event handler"),
        ("<mj-text>{% if subscriber.name %}<p>x{% endif %}</p></mj-text>", "ends in another element"),
        ("<mj-text><style>p { color: {{ subscriber.name }} }</style></mj-text>", "a style sheet"),
        ("<mj-text><!-- {{ subscriber.name }} --><p>x</p></mj-text>", "a comment"),
        ("<mj-text><{{ subscriber.name }} /></mj-text>", "the name of an element"),
    ],
)
def test_illegal_places_for_recipient_data_are_refused(tmp_path, inside, words):
    assert any(words in found for found in complaints(tmp_path, inside))


def test_columns_that_stay_beside_each_other_are_not_padded(tmp_path):
    """mrml tells Outlook a width for such a column from which its padding is taken off, and the row ends too early."""
    group = '</mj-column></mj-section><mj-section><mj-group><mj-column padding="0px 4px"><mj-text>a</mj-text></mj-column></mj-group></mj-section><mj-section><mj-column>'
    (found,) = complaints(tmp_path, group)
    assert "<mj-column> with padding in an <mj-group> (Outlook would be told too small a width" in found


def test_what_only_outlook_sees_wears_only_names_of_its_own(tmp_path):
    section = '</mj-column></mj-section><mj-section css-class="card wide"><mj-column>'
    got = html(tmp_path, section)
    assert 'class="card-outlook wide-outlook"' in got
    assert 'class="card wide"' in got


def test_cells_keep_a_padding_that_html_can_read(tmp_path):
    assert 'cellpadding="0"' in html(
        tmp_path, '<mj-table><tr><td><table cellpadding="0"><tr><td>x</td></tr></table></td></tr></mj-table>'
    )


def test_pictures_have_whole_widths(picture):
    third = '</mj-column></mj-section><mj-section><mj-column width="33.33%"><mj-image padding="0px" src="{{ image("p.png").url }}" alt="" /></mj-column></mj-section><mj-section><mj-column>'
    got = html(picture, third)
    assert 'width="199"' in got
    assert "width:199px" in got


def test_other_pictures_than_the_project_s_are_found_wherever_they_hide(picture):
    inside = '<mj-image src="{{ image("p.png").url }}" srcset="https://a.example/x.png 2x" alt="" />'
    (found,) = complaints(picture, inside)
    assert 'the picture "https://a.example/x.png" is not one of the project\'s' in found
