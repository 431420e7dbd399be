"""Whole messages as they go on the wire, kept as files: a change of one byte is seen and meant.

After a change that is meant, run with UPDATE_GOLDEN=1 and read the difference.
"""

import os
from pathlib import Path

import pytest

from edition_oracle import AT, HEADER, KEY, PLAIN, TEXT, URLQ, const, default, edition, field, link, recipient, variant
from mailer.edition.format import For, If, Static
from mailer.edition.program import Program

GOLDEN = Path(__file__).parents[2] / "golden"
NAME = default("first_name", "friend")
DONOR = ("in", const("donor"), field("tags"))
PAGE = "https://mail.example.org"

EDITION = edition(
    meta={"reply_to": "hello@example.org", "unsubscribe_mailbox": "leave@example.org"},
    variants={
        "": variant(
            subject=(HEADER(NAME), Static(", the fund needs £11,791")),
            text=(
                Static("Dear "),
                PLAIN(NAME),
                Static(",\n\n"),
                If(
                    (
                        (
                            DONOR,
                            (
                                Static("Thank you for your gift of "),
                                PLAIN(("concat", const("£"), field("last_gift"))),
                                Static(".\n\n"),
                            ),
                        ),
                    )
                ),
                Static("The fund has eight days left, until 30 November 2024.\n\n"),
                For(
                    "topic",
                    field("topics"),
                    (Static("- "), PLAIN(("var", "topic")), Static("\n")),
                    (Static("No topics chosen.\n"),),
                ),
                Static(f"\nLeave this list: {PAGE}/u/"),
                URLQ(link("leave")),
                Static("\n"),
            ),
            html=(
                Static(
                    '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><title>The fund</title></head>\n<body><p>Dear '
                ),
                TEXT(NAME),
                Static(
                    f',</p>\n<p style="margin:0">The fund has eight days left – until 30 November 2024.</p>\n<a href="{PAGE}/v/'
                ),
                URLQ(link("view")),
                Static(f'">View in a browser</a> <a href="{PAGE}/u/'),
                URLQ(link("leave")),
                Static('">Leave this list</a></body></html>\n'),
            ),
        ),
        "ru": variant(
            language="ru",
            from_name="Латинская Америка: солидарность",
            subject=(Static("Фонд: нужны 11 791 фунт"),),
            text=(
                Static("Здравствуйте, "),
                PLAIN(NAME),
                Static("!\n\nДо конца сбора осталось восемь дней – до 30 ноября 2024.\n"),
            ),
            html=(
                Static('<!DOCTYPE html>\n<html lang="ru"><body><p>Здравствуйте, '),
                TEXT(NAME),
                Static("!</p></body></html>\n"),
            ),
        ),
    },
)
PEOPLE = {
    "donor": recipient(first_name="Ana", tags=("donor",), last_gift=25, topics=("Peru", "Honduras"), language="en"),
    "stranger": recipient(email="someone@example.net", public_id=1, language=""),
    "hostile": recipient(
        email="o'brien@example.net",
        public_id=2,
        first_name="O'Brien <b>\r\nBcc: x@example.com\u202e",
        tags=("donor",),
        last_gift="=?utf-8?q?x?=",
        topics=(".", "From here", "x" * 90, "ñ = 1"),
    ),
    "russian": recipient(email="anna@пример.example", public_id=3, first_name="Анна", language="ru"),
}


@pytest.mark.parametrize("who", PEOPLE)
def test_the_message_is_the_golden_one(who):
    path = GOLDEN / f"edition-{who}.eml"
    made = Program(EDITION, key=KEY, mailing_id=7).message(PEOPLE[who], at=AT).content
    if os.environ.get("UPDATE_GOLDEN"):
        path.write_bytes(made)
    assert made == path.read_bytes()
