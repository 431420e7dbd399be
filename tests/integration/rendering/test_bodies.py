"""Bodies: what an author writes, and what both parts of the mail make of it."""

import re

import pytest
from lxml import html as lxml_html
from PIL import Image

from compiling import ANA, NOBODY, NOW, around, compiled, mail, problems, settings, write
from mailer.rendering.compile import compile_campaign

LETTER = {
    "article.mjml": '<mjml><mj-head><mj-attributes><mj-all font-family="Arial" /></mj-attributes></mj-head>'
    "<mj-body>{{ body }}<mj-section><mj-column><mj-text>"
    '<p><a href="{{ leave_url }}">leave</a></p></mj-text></mj-column></mj-section></mj-body></mjml>',
    "article.txt": "{{ body }}\n\n{{ leave_url }}",
    "blocks/prose.mjml": "{#- block prose(content) -#}\n"
    '<mj-section><mj-column><mj-text css-class="prose">{{ content }}</mj-text></mj-column></mj-section>',
    "blocks/prose.txt": "{{ content }}",
}


def got(root, body, fields=ANA, **front):
    return mail(compiled(root, body, templates=LETTER, **front).edition, fields)


def prose(html):
    """The HTML of each section of prose."""
    found = lxml_html.document_fromstring(html).findall(".//td[@class='prose']/div")
    return ["".join(lxml_html.tostring(child, encoding="unicode") for child in one) for one in found]


def text(mail_):
    return mail_.text.rpartition("\n\nhttps://mail.example.org/u/")[0]


@pytest.mark.parametrize(
    ("body", "html", "plain"),
    [
        ("One\nline.\n\nTwo.\n", "<p>One\nline.</p><p>Two.</p>", "One line.\n\nTwo."),
        ("A *b* **c** `d`.\n", "<p>A <em>b</em> <strong>c</strong> <code>d</code>.</p>", "A _b_ *c* d."),
        ("## Head\n\n### Low\n", "<h2>Head</h2><h3>Low</h3>", "Head\n----\n\nLow\n..."),
        ("- a\n- b\n  - c\n", "<ul><li>a</li><li>b<ul><li>c</li></ul></li></ul>", "- a\n- b\n\n  - c"),
        ("3. a\n4. b\n", '<ol start="3"><li>a</li><li>b</li></ol>', "3. a\n4. b"),
        ("> a\n>\n> b\n", "<blockquote><p>a</p><p>b</p></blockquote>", "> a\n>\n> b"),
        ("a &lt;b&gt; & c < 3\n", "<p>a &lt;b&gt; &amp; c &lt; 3</p>", "a <b> & c < 3"),
        ("See [it](https://a.example/x?y=1&z=2).\n", '<p>See <a href="https://a.example/x?y=1&amp;z=2">it</a>.</p>', "See it <https://a.example/x?y=1&z=2>."),
        ("See [it][1].\n\n[1]: https://a.example\n", '<p>See <a href="https://a.example">it</a>.</p>', "See it <https://a.example>."),
        ("[Sign](https://a.example)\n", '<p><a href="https://a.example">Sign</a></p>', "Sign:\nhttps://a.example"),
        ("<https://a.example/>\n", '<p><a href="https://a.example/">https://a.example/</a></p>', "https://a.example/"),
        ("[mail](mailto:a@example.org)\n", '<p><a href="mailto:a@example.org">mail</a></p>', "mail:\nmailto:a@example.org"),
        ("one  \ntwo\n", "<p>one<br>two</p>", "one\ntwo"),
        ("    code < x\n", "<pre><code>code &lt; x\n</code></pre>", "    code < x"),
        ("{# a note #}\nWords.\n", "<p>Words.</p>", "Words."),
    ],
)  # fmt: skip
def test_markdown_in_both_parts(tmp_path, body, html, plain):
    found = got(tmp_path, body)
    assert prose(found.html) == [html]
    assert text(found) == plain


@pytest.mark.parametrize(
    "value", ["*x* [y](z) <b> & # {{ 7*7 }}", "{% if 1 %}", "- a", "zq12345678h0001x", "![a](b)", "\\ `c`"]
)
def test_what_a_campaign_says_elsewhere_is_never_read_as_markdown_or_template(tmp_path, value):
    if "{" in value:
        more = ""
        value = value.replace("{", "(")
    more = f"kicker: '{value}'\n"
    found = got(tmp_path, "It is {{ campaign.kicker }}.\n", more=more)
    (inside,) = prose(found.html)
    assert lxml_html.fromstring(inside).text_content() == f"It is {value}."
    assert text(found) == f"It is {value}."


def test_what_a_recipient_says_is_never_read_as_markdown(tmp_path):
    found = got(tmp_path, "Dear {{ subscriber.first_name }}!\n", ANA | {"first_name": "*A* <b> {{ 7*7 }}"})
    assert prose(found.html) == ["<p>Dear *A* &lt;b&gt; {{ 7*7 }}!</p>"]
    assert text(found) == "Dear *A* <b> {{ 7*7 }}!"


def test_a_condition_on_lines_of_its_own_makes_paragraphs_of_its_own(tmp_path):
    body = "One.\n{% if subscriber.tags %}\nTwo.\n{% else %}\nThree.\n{% endif %}\nFour.\n"
    assert text(got(tmp_path, body)) == "One.\n\nTwo.\n\nFour."
    assert text(got(tmp_path, body, NOBODY)) == "One.\n\nThree.\n\nFour."
    assert prose(got(tmp_path, body).html) == ["<p>One.</p><p>Two.</p><p>Four.</p>"]


def test_static_and_personal_conditions_make_the_same_paragraphs(tmp_path):
    body = "One.\n{% if TEST %}\nTwo.\n{% endif %}\nFour.\n"
    now = got(tmp_path, body.replace("TEST", "campaign.headline"))
    later = got(tmp_path, body.replace("TEST", "subscriber.tags"))
    assert text(now) == text(later)
    assert prose(now.html) == prose(later.html)


def test_a_condition_in_the_line_varies_words(tmp_path):
    body = "Dear {% if subscriber.first_name %}{{ subscriber.first_name }}{% else %}friend{% endif %}, hello.\n"
    assert text(got(tmp_path, body)) == "Dear Ana, hello."
    assert text(got(tmp_path, body, NOBODY)) == "Dear friend, hello."


def test_a_false_condition_leaves_neither_paragraph_nor_section_behind(tmp_path):
    body = "{% if subscriber.tags %}All of it.{% endif %}\n"
    assert prose(got(tmp_path, body).html) == ["<p>All of it.</p>"]
    assert prose(got(tmp_path, body, NOBODY).html) == []
    inside = "Before.\n\n{% if subscriber.tags %}Of it.{% elif subscriber.email == 'q' %}Q{% endif %}\n\nAfter.\n"
    assert prose(got(tmp_path, inside, NOBODY).html) == ["<p>Before.</p><p>After.</p>"]
    assert text(got(tmp_path, inside, NOBODY)) == "Before.\n\nAfter."


def test_a_loop_makes_one_list_and_an_empty_one_makes_none(tmp_path):
    body = "Topics:\n\n{% for topic in subscriber.topics %}\n- {{ topic }}\n{% endfor %}\n\nEnd.\n"
    assert prose(got(tmp_path, body).html) == ["<p>Topics:</p><ul><li>peru</li><li>honduras</li></ul><p>End.</p>"]
    assert text(got(tmp_path, body)) == "Topics:\n\n- peru\n- honduras\n\nEnd."
    assert prose(got(tmp_path, body, NOBODY).html) == ["<p>Topics:</p><p>End.</p>"]
    assert text(got(tmp_path, body, NOBODY)) == "Topics:\n\nEnd."


def test_a_loop_beside_a_list_joins_it(tmp_path):
    body = "- a\n{% for topic in subscriber.topics %}\n- {{ topic }}\n{% endfor %}\n- z\n"
    assert prose(got(tmp_path, body).html) == ["<ul><li>a</li><li>peru</li><li>honduras</li><li>z</li></ul>"]
    assert text(got(tmp_path, body, NOBODY)) == "- a\n- z"


def test_a_block_under_a_condition_takes_its_section_along(tmp_path):
    body = 'One.\n\n{% if subscriber.tags %}\n{{ button(label="Go", url="https://a.example") }}\n{% endif %}\n\nTwo.\n'
    assert "Go:\nhttps://a.example" in text(got(tmp_path, body))
    assert "Go" not in got(tmp_path, body, NOBODY).html
    assert got(tmp_path, body, NOBODY).html.count("<div") < got(tmp_path, body).html.count("<div")


def test_captured_values_compare_with_personal_ones(tmp_path):
    body = "{% if subscriber.attributes.gift > fund.target %}more{% else %}less{% endif %} {{ fund.raised if subscriber.tags else 'none' }}\n"
    found = compiled(tmp_path, body, kind="appeal")
    assert "less £11,791" in mail(found.edition).text
    assert "more £11,791" in mail(found.edition, ANA | {"attributes": {"gift": 18001}}).text


def test_static_loops_make_a_hole_each_time(tmp_path):
    body = "{% for n in [10, 20] %}{% if subscriber.attributes.gift > n %}over {{ n }} {% endif %}{% endfor %}.\n"
    assert text(got(tmp_path, body)) == "over 10 over 20 ."


def test_links_of_the_reader_can_be_chosen_per_recipient(tmp_path):
    body = "[Go]({{ leave_url if subscriber.tags else view_url }})\n"
    assert re.search(r'<a href="https://mail.example.org/u/[\w-]+">Go', got(tmp_path, body).html)
    assert re.search(r'<a href="https://mail.example.org/v/[\w-]+">Go', got(tmp_path, body, NOBODY).html)


def test_pictures_on_their_own_line_become_figures(tmp_path):
    (tmp_path / "campaigns").mkdir()
    Image.new("RGB", (800, 400), "blue").save(tmp_path / "campaigns" / "p.png")
    body = 'Words.\n\n[![A "blue" field](p.png "Blue | the network")](https://a.example)\n'
    result = compiled(tmp_path, body)
    found = mail(result.edition)
    image = lxml_html.document_fromstring(found.html).find(".//img")
    assert image.get("alt") == 'A "blue" field'
    assert image.get("src") == f"https://mail.example.org/media/{result.pictures[0].name}"
    assert result.edition.meta.media == (result.pictures[0].name,)
    assert image.getparent().get("href") == "https://a.example"
    assert "Blue" in found.text
    assert "the network" in found.text


def test_a_pull_quote_is_taken_from_the_body(tmp_path):
    body = "She said: “We *were* told to wait. We did not.” And went on.\n"
    more = "pull_quote:\n  from: “We were told\n  by: Ana Rivas\n"
    found = mail(compiled(tmp_path, body, more=more).edition)
    assert found.html.count("“We were told to wait.") == 1
    assert found.text.count("“We were told to wait.") == 1
    (wrong,) = problems(tmp_path, "Other words.\n", more=more)
    assert wrong.startswith('campaigns/c.md:6: no sentence of the body begins "“We were told"')


BAD = [
    ("Dear {{ subscriber.first_nam }}\n", '6: no subscriber has "first_nam"', 'did you mean "first_name"?'),
    ("\n{{ subscriber.attributes.wrad }}\n", '7: no subscriber has "wrad"', 'did you mean "ward"?'),
    ("{{ sunscriber.name }}\n", "6: 'sunscriber' is undefined", ""),
    ("x\n{% if %}\n", "7: Expected an expression", ""),
    ("x\n\n{% if subscriber.name %}\ny\n", "8: Unexpected end of template", "endif"),
    ("x\n\n{{ qoute() }}\n", "8: 'qoute' is undefined", ""),
    ('x\n\n{{ button(lable="x", url="y") }}\n', '8: button() takes no "lable"', 'did you mean "label"?'),
    ('x\n\n{{ button("x") }}\n', "8: button() takes its arguments by name", ""),
    ("x\n\n{{ button() }}\n", '8: button() needs "label"', ""),
    ("x\n\n{{ quote() }}\n", "8: quote() stands around some text", ""),
    ("x\n\n{% call divider() %}y{% endcall %}\n", "8: divider() has nothing inside it", ""),
    ("x {{ divider() }} y\n", "6: a block in the middle of a paragraph", ""),
    ("- x\n  {{ divider() }}\n", "a block or picture inside a list or quotation", ""),
    ("x\n\n<b>y</b>\n", "8: raw HTML in the body: <b>", ""),
    ("x\n\n<!-- y -->\n", "8: raw HTML in the body: <!-- y -->", "{#"),
    ("x\n\n<table>\n<tr></tr></table>\n", "8: raw HTML in the body: <table>", ""),
    ("# x\n", "6: a heading of the first rank", ""),
    ("[x](foo/bar)\n", '6: a link to "foo/bar"', ""),
    ("[x](javascript:alert)\n", '6: a link to "javascript:alert"', ""),
    ("x ![y](z.png)\n", "6: a picture in the middle of a paragraph", ""),
    ('![y](nope.png "a | b")\n', '6: there is no picture "nope.png"', ""),
    ('![y](../../etc/passwd "a | b")\n', "6: there is no picture", ""),
    ("{% set a = subscriber.name %}\n", "6: {% set %} from recipient data", ""),
    ("{{ subscriber.name.upper() }}\n", "6: personal values have no methods", ""),
    ("{{ subscriber.name | tojson }}\n", '6: the filter "tojson" cannot wait', ""),
    ("{{ subscriber }}\n", '6: "subscriber" alone is no value', ""),
    ("{{ subscriber.tags }}\n", '6: "subscriber.tags" holds several values', "join"),
    ("{{ subscriber.attributes }}\n", "is no single value", ""),
    ("{{ links.leav }}\n", '6: there is no link "leav"', "leave"),
    ("{% for a, b in subscriber.tags %}{% endfor %}\n", "6: a loop over recipient data with several variables", ""),
    ("{% for a in subscriber.tags if a %}{% endfor %}\n", "6: a filtered or recursive loop", ""),
    ("{% if subscriber.name is string %}x{% endif %}\n", '6: the test "is string"', ""),
    ('{{ divider() if subscriber.name else "" }}\n', "6: a block cannot be part of an expression", ""),
    ("{% if subscriber.name %}{% set a = 1 %}{% endif %}\n", "6: this cannot depend on the recipient", ""),
    ("{% include subscriber.name %}\n", "6: recipient data cannot decide this", ""),
    ("{% if subscriber.name %}a\n\nb{% endif %}\n", "ends in another element", ""),
    ("- {% if subscriber.name %}a\n- b{% endif %}\n", "ends in another element", ""),
    ("{{ cycler.__init__.__globals__ }}\n", "6: access to attribute '__init__'", ""),
    ("{{ 1 / 0 }}\n", "6: ZeroDivisionError", ""),
    ("{{ fund.raised }}\n", '6: "fund.raised" is asked for', "an appeal or an article has one"),
    ("{% include 'nope.mjml' %}\n", '6: there is no template "nope.mjml"', ""),
    ("{% call quote() %}\n{{ divider() }}\n{% endcall %}\n", "inside another block", ""),
]


@pytest.mark.parametrize(("body", "where", "hint"), BAD, ids=[body.strip()[:40] for body, _, _ in BAD])
def test_what_is_wrong_has_file_line_and_what_to_do(tmp_path, body, where, hint):
    found = problems(tmp_path, body)
    assert any(where in one and hint in one for one in found), found
    assert all(one.startswith(("campaigns/c.md", "templates/")) for one in found)


def test_subject_preheader_and_body_are_judged_together(tmp_path):
    found = problems(tmp_path, "x\n\n{{ subscriber.x.y() }}\n", subject="{{ }}", more="preheader: '{% if %}'\n")
    assert [one.split(": ")[0] for one in found] == ["campaigns/c.md:3", "campaigns/c.md:5", "campaigns/c.md:9"]


def test_a_conditional_subject(tmp_path):
    subject = (
        "{% if subscriber.first_name %}{{ subscriber.first_name }}, news{% else %}News{% endif %} at {{ fund.raised }}"
    )
    edition = compiled(tmp_path, "Words.\n", kind="appeal", subject=subject).edition
    assert mail(edition).subject == "Ana, news at £11,791"
    assert mail(edition, NOBODY).subject == "News at £11,791"


def test_an_unknown_database_warns_once_and_a_typo_is_still_an_error(tmp_path):
    result = compiled(tmp_path, "{{ subscriber.attributes.w }} {{ subscriber.attributes.w }}\n", known=None)
    assert [warning.message for warning in result.warnings] == ['nobody knows yet whether subscribers have "w"']
    assert "has no field" in problems(tmp_path, "{{ subscriber.w }}\n", known=None)[0]


def test_a_hole_that_a_template_destroys_is_an_error(tmp_path):
    templates = LETTER | {
        "blocks/loud.mjml": "{#- block loud(word) -#}\n<mj-section><mj-column><mj-text><p>{{ word | upper }}</p></mj-text></mj-column></mj-section>",
        "blocks/loud.txt": "{{ word }}",
    }
    (found,) = problems(tmp_path, "x\n\n{{ loud(word=subscriber.name) }}\n", templates=templates)
    assert found.startswith("campaigns/c.md:8: {{ subscriber.name }} is lost on its way into the HTML part")


def test_the_same_sources_give_the_same_edition_and_each_change_another(tmp_path):
    body = "Dear {{ subscriber.first_name }},\n\n{{ button(label='Go', url='https://a.example') }}\n"
    first, again = compiled(tmp_path, body).edition, compiled(tmp_path, body).edition
    assert first == again
    file = write(tmp_path, body)
    later = compile_campaign(file, around(tmp_path, now=NOW.replace(hour=10))).edition
    assert later.sources == first.sources
    assert compiled(tmp_path, body + "More.\n").edition.sources != first.sources
    templates = {"blocks/button.txt": "{{ label }} at {{ url }}"}
    assert compiled(tmp_path, body, templates=templates).edition.sources != first.sources
    brand = settings().brand.__class__(accent="#004488")
    assert compiled(tmp_path, body, sections={"brand": brand}).edition.sources != first.sources


@pytest.mark.parametrize("name", ["Ana María", "a b>c", "x&y=z", "?#/", "a\r\nb", "%41"])
def test_a_value_in_an_address_leads_to_the_same_page_from_both_parts(tmp_path, name):
    found = got(
        tmp_path,
        "Hello {{ subscriber.first_name }}, [read it](https://a.example/?n={{ subscriber.first_name }}&z=1) now.\n\n"
        "[Sign](https://a.example/{{ subscriber.first_name }}/sign)\n",
        {**ANA, "first_name": name},
    )
    links = lxml_html.document_fromstring(found.html).xpath("//td[@class='prose']//a/@href")
    assert re.findall(r"https://a\.example[^\s<>]*", text(found)) == links
    assert f"Hello {name.replace(chr(13) + chr(10), ' ')}, " in found.text
