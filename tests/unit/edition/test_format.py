import json
import lzma
from dataclasses import replace

import pytest

from edition_oracle import ATTR, CSS, PLAIN, TEXT, URLQ, const, default, edition, field, filtered, link, variant
from mailer.domain.views import ViewItem, ViewRule
from mailer.edition.format import FORMAT, For, If, Static, dump, load, variant_name
from mailer.errors import EditionError

EVERYTHING = edition(
    meta={"media": ("0a1b.jpg", "2c3d.png"), "reply_to": "hello@example.org"},
    variants={
        "": variant(
            subject=(Static("¡Hola, "), PLAIN(default("first_name", "amiga")), Static("!")),
            preheader=(Static("¿Qué pasó? "),),
            html=(
                Static('<p title="'),
                ATTR(("concat", field("name"), const("…"))),
                Static('" style="width:'),
                CSS(("item", field("attributes"), const("width"))),
                Static('">'),
                If(
                    (
                        (
                            ("and", ("in", const("donor"), field("tags")), ("gt", field("total"), const(12.5))),
                            (Static("1"),),
                        ),
                    ),
                    (For("topic", field("topics"), (TEXT(("var", "topic")),), (Static("none"),)),),
                ),
                TEXT(("cond", ("not", field("language")), const(None), ("list", const(True), const(-3)))),
                TEXT(filtered("truncate", field("bio"), 10, True)),
                Static("\n<a href='/u/"),
                URLQ(link("leave")),
            ),
        ),
        "pt-BR": variant(language="pt-BR", direction="ltr"),
        "ar": variant(language="ar", direction="rtl"),
    },
)
VIEWS = replace(
    edition(variants={variant_name(*key): variant() for key in (("",), ("es",), ("", "f-"), ("es", "f-"))}),
    views=ViewRule(items=(ViewItem(topics=("peru", "chile")), ViewItem(mailings=(7, 9))), had="-"),
)


@pytest.mark.parametrize("stored", [EVERYTHING, VIEWS])
def test_an_edition_comes_back_as_it_was_stored(stored):
    assert load(dump(stored)) == stored


def test_variants_that_say_much_the_same_take_little_room():
    """The more so as what they share is longer than the window of the usual compression."""
    words = "".join(
        f"<p>What paragraph {number} of this mail says, {number * 7919 % 10_007}.</p>" for number in range(900)
    )
    names = ["", *(f"/{number:08b}".replace("0", "-").replace("1", "f") for number in range(1, 33))]
    one, many = (
        dump(replace(edition(variants={name: variant(html=(Static(words), Static(name))) for name in some}),
                     views=ViewRule(items=(ViewItem(topics=("peru",)),) * 8)))
        for some in (names[:1], names)
    )  # fmt: skip
    assert len(words) > 32_768
    assert len(many) < 1.5 * len(one)


def test_the_same_edition_is_stored_as_the_same_bytes():
    assert dump(load(dump(EVERYTHING))) == dump(EVERYTHING)


def test_an_unknown_format_is_refused_with_what_to_do():
    document = json.loads(lzma.decompress(dump(EVERYTHING))) | {"format": FORMAT + 1}
    with pytest.raises(EditionError, match=f"format {FORMAT + 1}.*knows format {FORMAT}") as refusal:
        load(lzma.compress(json.dumps(document).encode()))
    assert "send the campaign again" in refusal.value.hint


def without(*path):
    document = json.loads(lzma.decompress(dump(EVERYTHING)))
    place = document
    for name in path[:-1]:
        place = place[name]
    del place[path[-1]]
    return lzma.compress(json.dumps(document).encode())


@pytest.mark.parametrize(
    "stored",
    [
        b"",
        b"not compressed",
        lzma.compress(b"not JSON"),
        lzma.compress(b"[]"),
        lzma.compress(b"null"),
        lzma.compress(b"{}"),
        lzma.compress(b'{"format":2}'),
        lzma.compress(b'{"format":2,"meta":[],"variants":{}}'),
        dump(EVERYTHING)[:-7],
        without("meta", "slug"),
        without("meta", "frozen_at"),
        without("variants", ""),
        without("variants", "ar", "html"),
        without("views"),
        dump(replace(VIEWS, variants={"": variant(), "/f-f": variant()})),
        without("sources"),
        lzma.compress(lzma.decompress(dump(EVERYTHING)).replace(b'"attr"', b'"onclick"')),
    ],
)
def test_damaged_content_is_an_edition_error(stored):
    with pytest.raises(EditionError, match="damaged"):
        load(stored)
