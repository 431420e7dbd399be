"""Compiled once and filled in, or rendered anew for each person by plain Jinja: the mail is the same.

White space apart, and apart from what compiling once brings and what is meant: Outlook's comments are merged before
conditions are decided, a heading with a hole has a line of fixed length below it in the text, and prose on both sides
of a block under a condition stays in two sections when the block is left out.
"""

import email
import email.policy
import re
from html import unescape
from pathlib import Path

import html5lib
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from PIL import Image

from compiling import ANA, NOBODY, compiled, mail, plain, write
from mailer.edition.escaping import plain as cleaned

ROOT = Path(__file__).parents[3]
BODY = """
Dear {{ subscriber.first_name | default("friend") }}, you joined on {{ subscriber.joined_at | date | default("a fine day") }}.

Some *words* with {{ campaign.headline }} and [a link](https://www.example.org/a?who={{ subscriber.country }}&n=2).

{% if "donor" in subscriber.tags %}
You gave before, **{{ subscriber.name }}**.
{% elif subscriber.country == "GB" %}
You live near.
{% else %}
You live far.
{% endif %}

Between.

- a first point
{% for topic in subscriber.topics %}
- {{ topic }}, number {{ loop.index }}{% if not loop.last %};{% endif %}
{% endfor %}

{% call quote(by="Ana Rivas", role=subscriber.country | default("organiser")) %}
We were told to *wait*, {{ subscriber.last_name }}. We did not.
{% endcall %}

{% if subscriber.attributes.gift and subscriber.attributes.gift > 20 %}
{{ button(label="Give " ~ (subscriber.attributes.gift | default(5)) ~ " again", url="https://www.example.org/give?a=" ~ subscriber.attributes.gift) }}
{% endif %}

## A heading for {{ subscriber.country | default("all") }}

> A quoted line,
> and one for {{ subscriber.first_name }}.

---

1. one
2. two {% if subscriber.email %}to {{ subscriber.email }}{% endif %}

{% for i in [1, 2] %}Part {{ i }} for {{ subscriber.first_name | default("you") | upper }}. {% endfor %}

`code {{ subscriber.country }}` ends it.
"""
APPEAL = (
    BODY + "\n{{ thermometer() }}\n\n{{ asks() }}\n\n{% if subscriber.country %}\n{{ share_offer() }}\n{% endif %}\n"
)
FIGURE = '\n![A red field](p.png "What it shows | the network")\n'
SHARES = """\
share_offer:
  society: The Society
  what: A share buys a vote.
  risk: You may lose it.
  url: https://www.example.org/shares
"""
LETTER = """\
writer: {name: Robin Sample, role: membership secretary}
action: {label: Renew, url: "https://www.example.org/renew"}
ps: Come to the *meeting*.
"""
INVITATION = """\
event:
  name: The meeting
  start: 2024-12-05 18:30
  end: 2024-12-05 20:30
  place: {name: The hall, address: 1 Example Street, url: "https://www.example.org/hall"}
  online: {url: "https://www.example.org/join", note: With captions}
  access: [No steps., A loop.]
  cost: Free
  rsvp_url: "https://www.example.org/sign-up"
sessions:
  - {at: "19:00", title: The year, speakers: [{name: Robin Sample}]}
"""
REPORT = """\
event: {name: The conference, date: 2024-01, venue: The hall, host: the union, attendance: nearly 300, speakers: 1, seminars: dozens}
sessions:
  - title: The year
    chair: Sam Made-Up
    speakers: [{name: Robin Sample, role: secretary, organisation: the branch, medium: via video}, {name: Ana Invented}]
video: {title: The day, url: "https://www.example.org/day", length: 5 hours, transcript_url: "https://www.example.org/words"}
thanks: [the cooks, the cleaners]
special_thanks: {to: the union, why: It gave us its house.}
"""
EVENT = (
    BODY
    + """
{% if subscriber.country %}
{{ timetable(title="The day", sessions=[{"at": "09:30", "title": "Tea with " ~ (subscriber.first_name | default("you"))}]) }}
{% endif %}

{{ speakers(people=[{"name": subscriber.name | default("Nobody"), "role": "reader"}]) }}

{{ video(title="The day for " ~ (subscriber.first_name | default("you")), url="https://www.example.org/day") }}
"""
)
SIGNED = """\
petition:
  title: For the hall
  target: the council
  statement: We want the hall kept open.
  demands: [Keep it open., Heat it.]
  sign_url: https://www.example.org/sign
  signed: 1204
  goal: 2000
  as_of: 2024-11-21
  deadline: 2024-12-10
  consent_note: Signing puts you on no list.
"""
PETITION = (
    BODY + "\n{{ statement() }}\n\n{% if subscriber.country %}\n{{ demands() }}\n{% endif %}\n\n{{ signatures() }}\n"
)
SUBJECT = "{% if subscriber.first_name %}{{ subscriber.first_name }}, {% endif %}there is news for you"
PREHEADER = (
    'preheader: \'For {{ subscriber.name | default("you") }} in {{ subscriber.country | default("the world") }}\'\n'
)
SOMEBODY = NOBODY | {"country": "PE", "first_name": "Luz", "topics": ("chile",), "joined_at": "2024-01-02"}


def tree(html):
    """Elements with attributes, and the words between them."""
    html = re.sub(r"<!\[endif\]-->\s*<!--\[if mso \| IE\]>", "", html)
    document = html5lib.parse(html, treebuilder="etree", namespaceHTMLElements=False)
    out = []
    for element in document.iter():
        if not isinstance(element.tag, str):
            out.append(("comment", " ".join((element.text or "").split())))
            out.append(" ".join((element.tail or "").split()))
            continue
        # A title with a condition in it cannot be a label as well: see test_traps.
        attributes = {name: " ".join(value.split()) for name, value in element.attrib.items() if name != "aria-label"}
        out.append((element.tag, sorted(attributes.items())))
        out += [" ".join((element.text or "").split()), " ".join((element.tail or "").split())]
    return [part for part in out if part]


def words(text):
    # A heading with a hole in it has a line of fixed length below it: nobody knows how long it will be.
    lines = (re.sub(r"-{3,}", "---", " ".join(line.split())) for line in text.splitlines())
    return [line for line in lines if line]


@pytest.mark.parametrize("fields", [ANA, NOBODY, SOMEBODY], ids=["donor", "nobody", "somebody"])
@pytest.mark.parametrize(
    ("kind", "body", "more"),
    [
        ("article", BODY, ""),
        ("appeal", APPEAL, SHARES),
        ("letter", BODY, LETTER),
        ("event_invite", BODY, INVITATION),
        ("event_report", EVENT, REPORT),
        ("petition", PETITION, SIGNED),
    ],
)
def test_the_program_says_what_plain_jinja_says(tmp_path, kind, body, more, fields):
    (tmp_path / "campaigns").mkdir()
    Image.new("RGB", (900, 300), "red").save(tmp_path / "campaigns" / "p.png")
    body += FIGURE
    front = {"kind": kind, "subject": SUBJECT, "more": more + PREHEADER}
    got = mail(compiled(tmp_path, body, **front).edition, fields)
    naive = plain(write(tmp_path, body, **front), fields)
    assert got.subject == naive.subject
    assert got.preheader == naive.preheader
    assert words(got.text) == words(naive.text)
    assert tree(got.html) == tree(naive.html)


def test_the_bodies_above_call_every_block():
    names = {path.stem for path in (ROOT / "templates" / "blocks").glob("*.mjml")}
    called = {name for name in names if f"{name}(" in APPEAL + EVENT + PETITION}
    assert names - called == {"prose", "figure", "divider"}  # these Markdown calls


HOSTILE = [
    "O'Brien <b>",
    "{{7*7}}",
    "{% if 1 %}",
    "👩‍👩‍👧 family",
    "\u202egnol\u202c",
    "שלום עליכם",
    "x" * 4096,
    "ü" * 2048,
    "-->",
    "<!--[if mso]><p>",
    "<![endif]-->",
    '" onmouseover="x',
    "javascript:alert(1)",
    "zq00000000h0001x",
    "*not bold* [x](https://a.example)",
    "&amp; &lt;script&gt;",
    "</td></tr></table>",
    "=?utf-8?q?x?=",
    "100% \\ back",
]
BREAKING = [
    "a\r\nBcc: x@example.org",
    ".\r\n.\r\nQUIT",
    "nul\0esc\x1b",
    "lone \ud800 surrogate",
    "c1 \x92 \x85",
    "a\u2028b\u2029c",
]


#: What no part of a mail carries as it is: control characters, line ends, halves of characters; and white space.
INVISIBLE = r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufffd\ufffe\uffff\s]"


def skeleton(html):
    document = html5lib.parse(html, treebuilder="etree", namespaceHTMLElements=False)
    return [(element.tag, sorted(element.attrib)) for element in document.iter() if isinstance(element.tag, str)]


@pytest.fixture(scope="module")
def hostile_edition(tmp_path_factory):
    root = tmp_path_factory.mktemp("hostile")
    return root, compiled(root, APPEAL, kind="appeal", subject=SUBJECT, more=SHARES + PREHEADER).edition


@pytest.mark.parametrize("value", HOSTILE, ids=lambda value: ascii(value[:12]))
def test_a_hostile_name_says_what_plain_jinja_says(hostile_edition, value):
    root, edition = hostile_edition
    fields = ANA | {"first_name": value, "name": value, "last_name": value}
    got = mail(edition, fields)
    # What the edition drops from values (control characters, bidirectional overrides) plain Jinja would pass on.
    said = cleaned(value)
    fields = ANA | {"first_name": said, "name": said, "last_name": said}
    naive = plain(write(root, APPEAL, kind="appeal", subject=SUBJECT, more=SHARES + PREHEADER), fields)
    assert tree(got.html) == tree(naive.html)
    assert words(got.text) == words(naive.text)


@pytest.mark.parametrize("value", [*HOSTILE, *BREAKING], ids=lambda value: ascii(value[:12]))
def test_a_hostile_value_changes_no_structure(hostile_edition, value):
    _, edition = hostile_edition
    fields = ANA | {"first_name": value, "country": value, "topics": (value, value), "last_name": value}
    benign = ANA | {"first_name": "B", "country": "B", "topics": ("B", "B"), "last_name": "B"}
    assert skeleton(mail(edition, fields).html) == skeleton(mail(edition, benign).html)


@pytest.mark.parametrize("value", [*HOSTILE[:6], *HOSTILE[8:], *BREAKING], ids=lambda value: ascii(value[:12]))
def test_the_message_on_the_wire_holds_exactly_that_mail(hostile_edition, value):
    _, edition = hostile_edition
    got = mail(edition, ANA | {"first_name": value, "last_name": value, "country": value})
    message = email.message_from_bytes(got.message().content, policy=email.policy.default)
    assert message.defects == []
    text, html = message.iter_parts()
    assert [part.get_content_type() for part in (text, html)] == ["text/plain", "text/html"]
    assert text.get_content().replace("\r\n", "\n") == got.text
    assert html.get_content().replace("\r\n", "\n").rstrip("\n") == got.html.rstrip("\n")
    assert " ".join(message["Subject"].split()) == " ".join(got.subject.split())
    assert [name for name in message if name.lower() == "bcc"] == []


@hypothesis_settings(max_examples=15, deadline=None)
@given(value=st.text(min_size=1, max_size=60))
def test_no_text_changes_structure_and_all_of_it_arrives(hostile_edition, value):
    _, edition = hostile_edition
    got = mail(edition, ANA | {"last_name": f"a{value}z", "first_name": f"a{value}z"})
    assert skeleton(got.html) == skeleton(mail(edition, ANA).html)
    kept = re.sub(INVISIBLE, "", value)
    for part in (unescape(re.sub(r"<[^>]*>", "", got.html)), got.text):
        assert f"a{kept}z" in re.sub(INVISIBLE, "", part)
