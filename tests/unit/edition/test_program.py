"""Whole messages: what a mail program reads back is what the edition says, whatever the recipient is called."""

import email
import email.policy
from datetime import timedelta

import html5lib
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edition_oracle import (
    AT,
    ATTR,
    CSS,
    HEADER,
    KEY,
    PLAIN,
    TEXT,
    URL,
    URLQ,
    const,
    default,
    edition,
    field,
    filtered,
    link,
    recipient,
    variant,
)
from hostile import HOSTILE
from mailer.domain.subscriber import STANDARD_FIELDS
from mailer.edition import links
from mailer.edition.escaping import ESCAPE
from mailer.edition.format import Context, For, If, Static, dump, load
from mailer.edition.links import Purpose
from mailer.edition.program import MOST_HTML_BYTES, Program
from mailer.errors import EditionError
from mailer.testing import assert_finished

LETTER = {
    "subject": (HEADER(field("first_name")), Static(" – the fund needs you")),
    "preheader": (Static("For "), PLAIN(field("first_name"))),
    "text": (
        Static("Dear "),
        PLAIN(field("first_name")),
        Static(",\n\n.a line that starts with a dot\nFrom here on:  \n"),
        If(
            (
                (
                    ("in", const("donor"), field("tags")),
                    (Static("Thank you, "), PLAIN(field("first_name")), Static(".\n")),
                ),
            )
        ),
        For("topic", field("topics"), (Static("- "), PLAIN(("var", "topic")), Static("\n")), (Static("- none\n"),)),
        Static("\nLeave: https://mail.example.org/u/"),
        URLQ(link("leave")),
        Static("\n"),
    ),
    "html": (
        Static('<!DOCTYPE html>\n<html lang="en"><head><title>x</title></head><body><table><tr><td title="'),
        ATTR(field("first_name")),
        Static('">'),
        TEXT(field("first_name")),
        Static("</td><td title='"),
        ATTR(field("first_name")),
        Static("'><!--[if mso]><v:rect href=\""),
        URL(field("first_name")),
        Static('"></v:rect><![endif]--><a href="'),
        URL(field("first_name")),
        Static('">a</a> <a href="https://example.org/?n='),
        URLQ(field("first_name")),
        Static('&amp;b=2">b</a></td></tr></table><ul>'),
        For("topic", field("topics"), (Static("<li>"), TEXT(("var", "topic")), Static("</li>\n"))),
        Static('</ul><a href="https://mail.example.org/u/'),
        URLQ(link("leave")),
        Static('">leave</a></body></html>\n'),
    ),
}


def program(*, mailing_id=7, test=False, subject_prefix="", **parts):
    frozen = load(dump(edition(**(parts or LETTER))))
    return Program(frozen, key=KEY, mailing_id=mailing_id, test=test, subject_prefix=subject_prefix)


def person(name, **fields):
    return recipient(first_name=name, **{"tags": ("donor",), "topics": ("Peru", name), **fields})


def parsed(sent):
    found = email.message_from_bytes(sent.content, policy=email.policy.default)
    assert not any(part.defects for part in found.walk())
    assert not any(value.defects for part in found.walk() for value in part.values())
    return found


def content(found, kind):
    return found.get_body((kind,)).get_content().replace("\r\n", "\n")


def check_wire(sent):
    assert sent.content.isascii()
    assert not sent.eight_bit
    assert b"\r" not in sent.content.replace(b"\r\n", b"")
    assert b"\n" not in sent.content.replace(b"\r\n", b"")
    assert sent.content.endswith(b"--\r\n")
    lines = sent.content.split(b"\r\n")
    assert max(map(len, lines)) <= 998
    assert not any(line.startswith((b".", b"From ")) or line.endswith((b" ", b"\t")) for line in lines)
    body = sent.content.partition(b"\r\n\r\n")[2]
    assert max(map(len, body.split(b"\r\n"))) <= 76


def structure(page):
    return [
        (element.tag, sorted(element.attrib)) for element in html5lib.parse(page, namespaceHTMLElements=False).iter()
    ]


LETTERS = program()
PLAIN_STRUCTURE = structure(LETTERS.html(person("Ana")))


def check(name):
    """Everything that must hold of one person's message."""
    ana = person(name)
    sent = LETTERS.message(ana, at=AT)
    check_wire(sent)
    found = parsed(sent)
    plain = ESCAPE[Context.PLAIN](name)
    assert found["Subject"] == f"{plain} – the fund needs you".strip(" ") == LETTERS.subject(ana).strip(" ")
    assert LETTERS.preheader(ana) == f"For {plain}"
    token = links.sign(KEY, Purpose.LEAVE, 7, ana.public_id)
    assert (
        content(found, "plain")
        == LETTERS.text(ana)
        == (
            f"Dear {plain},\n\n.a line that starts with a dot\nFrom here on:  \nThank you, {plain}.\n"
            f"- Peru\n- {plain}\n\nLeave: https://mail.example.org/u/{token}\n"
        )
    )
    page = content(found, "html")
    assert page == LETTERS.html(ana)
    assert structure(page) == PLAIN_STRUCTURE
    cell = html5lib.parse(page, namespaceHTMLElements=False).find(".//td")
    assert (cell.text or "", cell.get("title")) == (plain, plain)
    assert f"/u/{token}" in page


@pytest.mark.parametrize("name", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_name_changes_words_and_nothing_else(name):
    check(name)


@given(st.text(max_size=30))
def test_no_name_changes_anything_but_words(name):
    check(name)


def test_the_same_edition_and_person_give_the_same_bytes():
    ana = person("Ana")
    other = Program(load(dump(edition(**LETTER))), key=KEY, mailing_id=7)
    for name in ("Ben", "Ana", "Carla"):  # what was kept of others changes nothing
        other.message(person(name, public_id=3), at=AT)
    first, second = LETTERS.message(ana, at=AT), other.message(ana, at=AT)
    assert first == second
    later = other.message(ana, at=AT + timedelta(days=1))
    assert later.key == first.key
    assert [line for line in later.content.split(b"\r\n") if not line.startswith(b"Date:")] == [
        line for line in first.content.split(b"\r\n") if not line.startswith(b"Date:")
    ]


def test_values_that_are_equal_and_not_the_same_are_not_confused():
    letters = program(text=(PLAIN(field("x")), Static("\n")))
    texts = [letters.text(recipient(x=value)) for value in (1, True, 1.0, "1", 0, False, 0.0, None, 1, "True")]
    assert texts == [f"{text}\n" for text in ("1", "True", "1.0", "1", "0", "False", "0.0", "", "1", "True")]


def test_defaults_that_are_equal_and_not_the_same_are_not_confused():
    letters = program(
        text=tuple(PLAIN(default("x", value)) for value in (1, True, 1.0)), html=(TEXT(default("x", True)),)
    )
    assert letters.text(recipient()) == "1True1.0"
    assert letters.text(recipient(x="ana")) == "anaanaana"
    found = parsed(letters.message(recipient(), at=AT))
    assert (content(found, "plain"), content(found, "html")) == ("1True1.0", "True")


@pytest.mark.parametrize("name", ["Ana", "O'Brien", "Núñez", "From here", ".", "<b>", "£5", " ", "\u200b", "x" * 80])
def test_a_field_in_many_places_is_laid_for_each_of_them(name):
    """One look serves them all, and each has its own default and its own escaping."""
    holes = [
        hole(default("first_name", f"friend {place}")) for place, hole in enumerate((TEXT, ATTR, PLAIN, URLQ, HEADER))
    ] * 2
    letters = program(text=tuple(part for hole in holes for part in (hole, Static("\n"))), html=tuple(holes))
    shown = [
        ESCAPE[hole.context](name if name.isprintable() and name.strip() else hole.expr[3][0][1]) for hole in holes
    ]
    found = parsed(letters.message(recipient(first_name=name), at=AT))
    assert content(found, "plain") == "".join(f"{one}\n" for one in shown)
    assert content(found, "html").removesuffix("\n") == "".join(shown)


def test_what_depends_on_one_field_is_kept_by_its_value_whatever_it_is():
    since = If(((field("x"), (Static("You: "), PLAIN(filtered("upper", field("x"))))),), (Static("Nothing"),))
    letters = program(text=(since, Static("\n")))
    values = ("ana", 1, True, 1.0, None, 0, "ana", 1, None, "b" * 600, "b" * 600)
    said = ("You: ANA", "You: 1", "You: TRUE", "You: 1.0", "Nothing", "Nothing", "You: ANA", "You: 1", "Nothing")
    long = f"You: {'B' * 600}"
    assert [letters.text(recipient(x=value)) for value in values] == [f"{one}\n" for one in (*said, long, long)]


def test_what_is_kept_is_bounded_and_stays_right():
    letters = program(text=(PLAIN(default("x", "none")), Static("\n")))
    for number in range(5000):
        letters.message(recipient(x=f"v{number}"), at=AT)
    for value, text in (("v3", "v3"), (" ", "none"), ("v4999", "v4999")):
        assert content(parsed(letters.message(recipient(x=value), at=AT)), "plain") == f"{text}\n"


def test_a_text_in_another_script_takes_base64():
    russian = "Дорогие друзья, сегодня мы пишем вам о положении в Перу.\n" * 20
    letters = program(text=(Static(russian), PLAIN(field("first_name")), Static("\n")))
    sent = letters.message(person("Ана .From = "), at=AT)
    check_wire(sent)
    found = parsed(sent)
    assert found.get_body(("plain",))["Content-Transfer-Encoding"] == "base64"
    assert found.get_body(("html",))["Content-Transfer-Encoding"] == "quoted-printable"
    assert content(found, "plain") == f"{russian}Ана .From = \n"
    assert len(sent.content) < 2 * len(russian.encode())


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("pt-BR", "Olá do Brasil"),
        ("pt_br", "Olá do Brasil"),
        ("PT", "Olá"),
        ("pt-PT", "Olá"),
        ("pt-PT-1990", "Olá"),
        ("en-GB", "Hello"),
        ("ptx", "Hello"),
        ("", "Hello"),
        (None, "Hello"),
    ],
)
def test_a_person_gets_their_language_then_the_base(language, said):
    letters = program(
        variants={
            "": variant(text=(Static("Hello\n"),)),
            "pt": variant(language="pt", text=(Static("Olá\n"),)),
            "pt-BR": variant(language="pt-BR", text=(Static("Olá do Brasil\n"),)),
        }
    )
    ana = recipient(language=language)
    assert content(parsed(letters.message(ana, at=AT)), "plain") == f"{said}\n"
    assert letters.variant_for(ana).text == (Static(f"{said}\n"),)
    assert letters.needs == {"language"}


def test_somebody_without_a_language_gets_the_base():
    letters = program(variants={"": variant(text=(Static("Hello\n"),)), "es": variant(text=(Static("Hola\n"),))})
    assert letters.text(recipient()) == "Hello\n"


def test_numbers_and_dates_are_written_in_the_language_of_the_variant():
    line = (PLAIN(filtered("number", field("total"))), Static(" "), PLAIN(filtered("date", field("joined_at"))))
    letters = program(variants={"": variant(text=line), "es": variant(language="es", text=line)})
    fields = {"total": 87412, "joined_at": "2024-11-30"}
    assert letters.text(recipient(language="en", **fields)) == "87,412 30 November 2024"
    assert letters.text(recipient(language="es", **fields)) == "87.412 30 de noviembre de 2024"


def test_an_edition_says_which_fields_it_reads():
    assert program().needs == {"first_name", "tags", "topics"}
    assert program(text=(PLAIN(("item", ("var", "subscriber"), const("branch"))),)).needs == {"branch"}
    assert program(text=(PLAIN(("field", field("attributes"), "branch")),)).needs == {"attributes"}
    dynamic = ("item", ("var", "subscriber"), field("email"))
    assert program(text=(PLAIN(dynamic),)).needs == STANDARD_FIELDS | {"email"}
    assert program(text=(URLQ(link("view")),)).needs == frozenset()


def test_links_are_personal_and_open_what_they_say():
    letters = program(text=tuple(URLQ(link(name)) for name in ("leave", "view", "preferences")))
    text = letters.text(recipient(public_id=99))
    opened = [links.verify(KEY, text[start : start + 37]) for start in (0, 37, 74)]
    assert [(found.purpose, found.mailing_id, found.public_id) for found in opened] == [
        (Purpose.LEAVE, 7, 99),
        (Purpose.VIEW, 7, 99),
        (Purpose.PREFERENCES, 7, 99),
    ]


def test_a_test_message_says_so():
    assert parsed(program(test=True, subject_prefix="[Test] ").message(person("Ana"), at=AT))["Subject"].startswith(
        "[Test] Ana"
    )


def test_a_value_that_is_missing_names_the_field_and_nobody():
    letters = program(text=(PLAIN(("add", field("total"), const(1))),))
    with pytest.raises(EditionError, match=r"\{\{ \(subscriber\.total \+ 1\) \}\}.*missing") as failure:
        letters.message(recipient(), at=AT)
    assert "default(0)" in failure.value.hint
    assert "ana" not in failure.value.message
    assert letters.message(recipient(total=4), at=AT)


def test_a_value_that_cannot_stand_in_a_style_fails_for_its_person_only():
    letters = program(html=(Static('<p style="width:'), CSS(field("width")), Static('">x</p>')))
    with pytest.raises(EditionError, match=r"subscriber\.width.*style"):
        letters.message(recipient(width="1px;background:url(x)"), at=AT)
    assert b"width:" in letters.message(recipient(width="62%"), at=AT).content


def test_letters_before_the_at_make_a_message_for_relays_with_smtputf8():
    """RFC 6532: the To field has them as they are; everything else in the message stays 7-bit."""
    message = LETTERS.message(person("Ana", email="ñandú@ñandú.example"), at=AT)
    assert (message.recipient, message.smtputf8, message.eight_bit) == ("ñandú@xn--and-6ma2c.example", True, True)
    assert_finished(message)
    parsed = email.message_from_string(message.content.decode(), policy=email.policy.SMTPUTF8)
    assert parsed["To"].addresses[0].addr_spec == "ñandú@xn--and-6ma2c.example"
    rest = message.content.replace(b"To: \xc3\xb1and\xc3\xba@", b"To: x@")
    assert rest.isascii()
    plain = LETTERS.message(person("Ana"), at=AT)
    assert (plain.smtputf8, plain.eight_bit) == (False, False)


def test_an_address_that_is_none_fails_for_its_person_only():
    with pytest.raises(EditionError, match="not one that mail can be sent to"):
        LETTERS.message(person("Ana", email="ana@exa_mple.org"), at=AT)
    assert LETTERS.message(person("Ana"), at=AT)


def test_html_that_mail_programs_would_cut_off_is_refused():
    letters = program(html=(Static("<p>" + "word " * 19_640), TEXT(field("first_name")), Static("</p>")))
    ana = person("Ana")
    assert letters.html_size(ana) <= MOST_HTML_BYTES
    assert len(letters.message(ana, at=AT).content) > MOST_HTML_BYTES
    with pytest.raises(EditionError, match="102,400 bytes"):
        letters.message(person("x" * 4000), at=AT)


@pytest.mark.parametrize(
    "nodes",
    [
        (PLAIN(("var", "settings")),),
        (PLAIN(("filter", "eval", const("1"), ())),),
        (PLAIN(("call", const("1"))),),
        (PLAIN(link("secret")),),
        (
            For(
                "a",
                const(()),
                (For("b", const(()), (For("c", const(()), (For("d", const(()), (For("e", const(()), ()),)),)),)),),
            ),
        ),
    ],
)
def test_what_the_program_does_not_know_is_refused_when_the_edition_is_loaded(nodes):
    with pytest.raises(EditionError):
        program(text=nodes)


def test_loops_within_loops_cannot_stop_a_worker():
    body = (PLAIN(("var", "c")),)
    for name in ("c", "b", "a"):
        body = (For(name, field("tags"), body),)
    with pytest.raises(EditionError, match="steps"):
        program(text=body).message(recipient(tags=tuple("abcdefgh" * 20)), at=AT)


def test_a_text_is_not_a_list_of_its_letters():
    with pytest.raises(EditionError, match=r"subscriber\.tags"):
        program(text=(For("tag", field("tags"), ()),)).message(recipient(tags="donor"), at=AT)


def test_only_a_field_as_it_is_skips_its_expression():
    shouted = ("filter", "default", filtered("upper", field("x")), (const("?"),))
    letters = program(
        text=(PLAIN(shouted), PLAIN(("field", field("x"), "y")), PLAIN(default("x", "?")), PLAIN(field("x")))
    )
    assert letters.text(recipient(x="ana")) == "ANAanaana"
    assert letters.text(recipient(x="ana")) == "ANAanaana"
    assert letters.text(recipient(x=" ")) == "?? "
    assert letters.text(recipient()) == "??"
