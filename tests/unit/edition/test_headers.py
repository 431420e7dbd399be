"""The rules of a bulk message (RFC 5322, 2045-47, 2369, 2919, 8058, 3834), each as an assertion; H1 to H18 of our list."""

import email
import email.policy
import re
from datetime import timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edition_oracle import AT, HEADER, KEY, PLAIN, URLQ, default, edition, field, link, recipient
from mailer.edition import links
from mailer.edition.dkim import names_of, relaxed
from mailer.edition.format import Static
from mailer.edition.headers import Header, feedback_id
from mailer.edition.links import Purpose
from mailer.edition.program import Program
from mailer.errors import EditionError

ANA = recipient(first_name="Ana")


def message(to=ANA, *, mailing_id=7, at=AT, test=False, **parts):
    program = Program(edition(**parts), key=KEY, mailing_id=mailing_id, test=test)
    return program.message(to, at=at)


def parsed(*arguments, **keywords):
    content = message(*arguments, **keywords).content
    found = email.message_from_bytes(content, policy=email.policy.default)
    assert not any(part.defects for part in found.walk())
    return found


def test_h1_one_of_each_field_and_no_bcc():
    names = [name.lower() for name, _ in parsed(meta={"reply_to": "hello@example.org"}).items()]
    assert len(names) == len(set(names))
    assert {"from", "date", "message-id", "subject", "to", "reply-to", "mime-version"} <= set(names)
    assert not {"bcc", "cc", "sender", "auto-submitted"} & set(names)  # H18: people write campaigns
    assert len(parsed()["From"].addresses) == 1


def test_h2_to_is_the_envelope_recipient():
    for address in ("ana@example.net", "o'brien+x@mail.example.org", "ana@ñandú.example"):
        sent = message(recipient(email=address))
        [to] = email.message_from_bytes(sent.content, policy=email.policy.default)["To"].addresses
        assert to.addr_spec == sent.recipient
        assert sent.recipient.isascii()


def test_h3_a_message_id_is_ours_and_one_persons_and_says_nothing_about_them():
    first, second = message(), message(recipient(public_id=5))
    [left, right] = parsed()["Message-ID"].strip("<>").split("@")
    assert right == "example.org"
    assert left == first.key != second.key
    assert links.delivery_of(KEY, left) == (7, ANA.public_id)
    assert links.verify(KEY, left) is None
    assert "ana" not in left.lower()


def test_a_message_id_stays_the_same_after_a_crash_and_differs_between_mailings():
    assert message(at=AT + timedelta(hours=3)).key == message().key
    assert message(mailing_id=8).key != message().key


def test_every_test_message_has_a_message_id_of_its_own():
    assert message(test=True).key != message(test=True, at=AT + timedelta(seconds=1)).key
    assert re.fullmatch(r"[A-Za-z0-9-]+", message(test=True).key)


def check_lines(content):
    assert b"\x00" not in content
    assert b"\r" not in content.replace(b"\r\n", b"")
    assert b"\n" not in content.replace(b"\r\n", b"")
    assert content.isascii()
    assert max(map(len, content.split(b"\r\n"))) <= 998
    header = content.partition(b"\r\n\r\n")[0].decode()
    for line in header.split("\r\n"):
        assert len(line) <= 78 or " " not in line.strip()  # an address cannot be folded
        assert line[0] == " " or re.match(r"[A-Za-z-]+: ?", line)


def test_h4_lines_are_short_and_end_in_crlf():
    check_lines(message().content)
    check_lines(
        message(
            recipient(first_name="ü" * 2000 + "\r\nBcc: everybody@example.com"),
            subject=(HEADER(field("first_name")), Static(" " + "long words " * 40)),
            from_name="Asociación de amistad – “Nuestra América”, sección de Álava",
            meta={"list_title": "Noticias – y acción", "unsubscribe_mailbox": "leave@example.org"},
        ).content
    )


def test_h4_no_value_begins_a_header_of_its_own():
    found = parsed(recipient(first_name="Ana\r\nBcc: x@example.com\r\n\r\n<p>"), subject=(HEADER(field("first_name")),))
    assert found["Bcc"] is None
    assert found["Subject"] == "Ana Bcc: x@example.com  <p>"


def test_h5_text_outside_ascii_is_in_encoded_words():
    found = parsed(subject=(Static("Señal – "), HEADER(default("first_name", "Friend"))), from_name="Solidarität")
    assert found["Subject"] == "Señal – Ana"
    assert found["From"].addresses[0].display_name == "Solidarität"
    assert found["From"].addresses[0].addr_spec == "news@example.org"
    for word in re.findall(rb"=\?\S*", message(subject=(Static("Señal " * 60),)).content.partition(b"\r\n\r\n")[0]):
        assert len(word) <= 75
        assert word.endswith(b"?=")


def test_h6_text_comes_first_and_html_last_both_seven_bit():
    found = parsed(text=(Static("Señal\n"),), html=(Static("<p>Señal</p>\n"),))
    assert found.get_content_type() == "multipart/alternative"
    text, html = found.iter_parts()
    assert (text.get_content_type(), html.get_content_type()) == ("text/plain", "text/html")
    for part in (text, html):
        assert part.get_content_charset() == "utf-8"
        assert part["Content-Transfer-Encoding"] in ("quoted-printable", "base64")
    assert text.get_content() == "Señal\r\n"
    assert html.get_content() == "<p>Señal</p>\r\n"


@pytest.mark.parametrize("mailbox", ["", "leave@example.org"])
def test_h9_to_h12_the_way_out(mailbox):
    found = parsed(meta={"unsubscribe_mailbox": mailbox})
    ways = found["List-Unsubscribe"].strip().split(", ")
    page = re.fullmatch(r"<https://mail\.example\.org/u/([A-Za-z0-9_-]+)>", ways[0])
    link = links.verify(KEY, page[1])
    assert (link.purpose, link.mailing_id, link.public_id) == (Purpose.LEAVE, 7, ANA.public_id)
    assert ways[1:] == ([f"<mailto:{mailbox}?subject=leave-{page[1]}>"] if mailbox else [])
    assert found["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert b"\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n" in message().content
    assert len(found["List-Unsubscribe"]) < 900


def test_h11_one_click_is_not_promised_without_a_page_that_answers():
    found = parsed(meta={"public_url": "", "unsubscribe_mailbox": "leave@example.org"})
    assert found["List-Unsubscribe"].strip().startswith("<mailto:")
    assert found["List-Unsubscribe-Post"] is None
    neither = parsed(meta={"public_url": ""})
    assert neither["List-Unsubscribe"] is None
    assert neither["List-Unsubscribe-Post"] is None


@pytest.mark.parametrize("url", ["http://127.0.0.1:8000", "http://localhost:8000", "http://[::1]:8000"])
def test_http_is_for_this_machine(url):
    assert parsed(meta={"public_url": url})["List-Unsubscribe"].strip().startswith(f"<{url}/u/")


@pytest.mark.parametrize("url", ["http://mail.example.org", "ftp://mail.example.org", "mail.example.org"])
def test_other_addresses_are_refused(url):
    with pytest.raises(EditionError, match="cannot be sent"):
        parsed(meta={"public_url": url})


def test_the_links_of_a_test_message_change_nothing():
    found = parsed(test=True, text=(Static("https://mail.example.org/u/"), URLQ(link("leave"))))
    for text in (found["List-Unsubscribe"], found.get_body(("plain",)).get_content() + ">"):
        token = re.search(r"/u/([^>\s]+)", text)[1]
        assert links.verify(KEY, token).purpose is Purpose.TEST


@pytest.mark.parametrize("title", ["News and action", "Noticias – y acción", 'The "Star", weekly', ""])
def test_h14_the_list_id_is_ours_and_the_same_for_every_campaign(title):
    value = parsed(meta={"list_title": title, "list_name": "news"})["List-Id"]
    assert re.fullmatch(r"(.+\s)?<news\.example\.org>", value)
    assert len(value) <= 255


def test_h15_no_field_names_a_page_that_does_not_exist():
    found = parsed()
    assert [name for name in found if name.startswith("List-")] == [
        "List-Id",
        "List-Post",
        "List-Unsubscribe",
        "List-Unsubscribe-Post",
    ]
    assert found["List-Post"] == "NO"


@pytest.mark.parametrize(
    ("names", "domain", "laid"),
    [
        (("peru", "news", "petition"), "example.org", "peru:news:petition:exampleorg"),
        (("news", "news", "article"), "example.org", "news:list-news:article:exampleorg"),
        (("appeal", "news", "appeal"), "solidarity-latin-america.example", "appeal:news:kind-appeal:solidaritylatin"),
    ],
)
def test_h16_feedback_id(names, domain, laid):
    slug, list_name, kind = names
    meta = edition(meta={"slug": slug, "list_name": list_name, "kind": kind}).meta
    assert feedback_id(meta, domain) == laid
    assert len(set(laid.split(":"))) == 4


@pytest.mark.parametrize("domain", ["a.io", "example.org", "x" * 60 + ".org"])
def test_h16_the_senders_part_has_5_to_15_characters_and_is_nobodys_else(domain):
    sender = feedback_id(edition().meta, domain).split(":")[-1]
    assert re.fullmatch(r"[a-z0-9]{5,15}", sender)
    assert sender != feedback_id(edition().meta, "b.io").split(":")[-1]


def test_h16_feedback_id_is_the_same_for_everybody():
    assert parsed()["Feedback-ID"] == parsed(recipient(public_id=9, first_name="Ben"))["Feedback-ID"]


def test_the_date_is_in_utc():
    found = parsed(at=AT.astimezone(timezone(timedelta(hours=-5))))
    assert found["Date"] == "Sat, 30 Nov 2024 09:30:00 +0000"


def test_the_envelope_sender_is_the_from_address():
    assert message().sender == "news@example.org"


@pytest.mark.parametrize("address", ["ñandú@example.org", "not an address"])
def test_a_sender_that_smtp_cannot_take_is_refused_when_the_edition_is_loaded(address):
    with pytest.raises(EditionError):
        Program(edition(meta={"from_address": address}), key=KEY, mailing_id=1)


def test_no_value_can_contain_the_boundary():
    boundary = parsed().get_boundary()
    name = f"x\r\n--{boundary}\r\nContent-Type: text/html\r\n\r\n<p>--{boundary}--"
    found = parsed(recipient(first_name=name), text=(PLAIN(field("first_name")), Static(f"\n--{boundary}\n")))
    assert len(list(found.walk())) == 3
    assert f"--{boundary}" in found.get_body(("plain",)).get_content()


def test_h18_what_the_clock_put_together_and_sent_says_so():
    assert parsed(meta={"automatic": True})["Auto-Submitted"] == "auto-generated"
    assert parsed()["Auto-Submitted"] is None


@given(
    to=st.sampled_from(["ana@example.net", "o'brien+x@mail.example.org", "ñandú@xn--and-6ma2c.example"]),
    subject=st.text(max_size=120),
    key=st.from_regex(r"[A-Za-z0-9_-]{37}", fullmatch=True),
    mailbox=st.sampled_from(["", "leave@example.org"]),
    url=st.sampled_from(["", "https://mail.example.org", f"https://{'very-' * 11}long.example.org"]),
    title=st.text(max_size=120),
    reply_to=st.sampled_from(["", "hello@example.org"]),
)
def test_the_canonical_form_is_that_of_the_fields_as_laid(to, subject, key, mailbox, url, title, reply_to):
    changes = {"unsubscribe_mailbox": mailbox, "public_url": url, "list_title": title, "reply_to": reply_to}
    header = Header(
        edition(meta=changes).meta, from_name=title, content_type='Content-Type: text/plain;\r\n charset="utf-8"'
    )
    fields = {"to": to, "subject": subject, "at": AT, "key": key, "leave_token": key[::-1]}
    canonical = relaxed(b"".join(header.lay(**fields)))
    assert header.canonical(**fields) == canonical
    assert header.names == names_of(canonical)
