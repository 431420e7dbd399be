import json
import zlib

import pytest

from edition_oracle import ATTR, CSS, PLAIN, TEXT, URLQ, const, default, edition, field, filtered, link, variant
from mailer.edition.format import FORMAT, For, If, Static, dump, load
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


def test_an_edition_comes_back_as_it_was_stored():
    assert load(dump(EVERYTHING)) == EVERYTHING


def test_the_same_edition_is_stored_as_the_same_bytes():
    assert dump(load(dump(EVERYTHING))) == dump(EVERYTHING)


def test_an_unknown_format_is_refused_with_what_to_do():
    document = json.loads(zlib.decompress(dump(EVERYTHING))) | {"format": FORMAT + 1}
    with pytest.raises(EditionError, match=f"format {FORMAT + 1}.*knows format {FORMAT}") as refusal:
        load(zlib.compress(json.dumps(document).encode()))
    assert "send the campaign again" in refusal.value.hint


def without(*path):
    document = json.loads(zlib.decompress(dump(EVERYTHING)))
    place = document
    for name in path[:-1]:
        place = place[name]
    del place[path[-1]]
    return zlib.compress(json.dumps(document).encode())


@pytest.mark.parametrize(
    "stored",
    [
        b"",
        b"not compressed",
        zlib.compress(b"not JSON"),
        zlib.compress(b"[]"),
        zlib.compress(b"null"),
        zlib.compress(b"{}"),
        zlib.compress(b'{"format":1}'),
        zlib.compress(b'{"format":1,"meta":[],"variants":{}}'),
        dump(EVERYTHING)[:-7],
        without("meta", "slug"),
        without("meta", "frozen_at"),
        without("variants", ""),
        without("variants", "ar", "html"),
        without("sources"),
        zlib.compress(zlib.decompress(dump(EVERYTHING)).replace(b'"attr"', b'"onclick"')),
    ],
)
def test_damaged_content_is_an_edition_error(stored):
    with pytest.raises(EditionError, match="damaged"):
        load(stored)
