"""The inbox shows whatever arrives."""

import email.policy
from email.message import EmailMessage

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.web.inbox.reading import open_message


def whole(one_click: str = "<https://mail.example.org/u/abc>", post: str = "List-Unsubscribe=One-Click") -> bytes:
    message = EmailMessage(policy=email.policy.SMTP)
    message["From"] = "Zoë <zoe@example.org>"
    message["List-Unsubscribe"] = one_click
    message["List-Unsubscribe-Post"] = post
    message.set_content("Hello Zoë\n")
    message.add_alternative("<p>Hello Zoë</p>\n", subtype="html")
    return message.as_bytes()


def test_both_parts_and_the_headers_are_readable():
    opened = open_message(whole())
    assert opened.text == "Hello Zoë\n"
    assert opened.html == "<p>Hello Zoë</p>\n"
    assert ("From", "Zoë <zoe@example.org>") in opened.headers
    assert "=?utf-8?" in opened.source


def test_one_click_is_offered_only_where_a_mailbox_provider_would():
    assert open_message(whole()).one_click == "https://mail.example.org/u/abc"
    both = "<mailto:leave@example.org>, <https://mail.example.org/u/abc>"
    assert open_message(whole(both)).one_click == "https://mail.example.org/u/abc"
    assert open_message(whole("<mailto:leave@example.org>")).one_click == ""
    assert open_message(whole(post="yes please")).one_click == ""


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"no headers at all",
        b"Content-Type: text/html; charset=klingon\r\n\r\n<p>hi",
        b"Content-Type: multipart/alternative\r\n\r\nno boundary",
        b"From: =?utf-8?q?=FF?= <@>\r\nTo: ,,,;;\r\nList-Unsubscribe: <http://[/u>\r\n\r\nx",
    ],
)
def test_a_broken_message_is_shown_as_far_as_it_can_be_read(content):
    assert open_message(content).source == content.decode()


@given(st.binary(max_size=400))
def test_no_bytes_are_too_strange(content):
    open_message(b"From: " + content)
