"""A digest as it comes out: one item or forty, whatever their files say, and nothing of it in what an approval binds."""

import re

import pytest
from lxml import html as lxml_html
from PIL import Image

from compiling import around, mail, write
from digest_issues import FRONT, around_with, digest, item, picture
from hostile import HOSTILE
from mailer.domain.digest import Issue, ItemPicture
from mailer.domain.sample import SAMPLE
from mailer.edition.program import MOST_HTML_BYTES, Program
from mailer.errors import InputProblems
from mailer.rendering.compile import compile_campaign

WORD = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaftsgebäude" + "xx"


def page(compiled):
    return lxml_html.document_fromstring(mail(compiled.edition).html)


def test_one_item_leads_with_its_picture_and_a_button(tmp_path):
    compiled = digest(tmp_path, item(1, picture=picture(tmp_path), kind="petition"))
    found, text = page(compiled), mail(compiled.edition).text
    (image,) = found.findall(".//img")
    assert image.get("alt") == "A red field"
    assert {link.get("href") for link in found.iter("a") if link.text_content().strip() == "Read and sign"} == {
        "https://mail.example.org/c/item-1"
    }
    assert "[A red field]\nPicture: The network\n\nPetition · 21 November 2024\nHeadline 1\n----------\n" in text
    assert "Read and sign:\nhttps://mail.example.org/c/item-1\n" in text
    assert len(compiled.media) == 1


def test_the_newest_item_with_a_picture_leads_the_others_follow_in_order(tmp_path):
    compiled = digest(tmp_path, item(1), item(2), item(3, picture=picture(tmp_path)), item(4, picture=picture(tmp_path, "b.png")))  # fmt: skip
    titles = [title.text_content() for title in page(compiled).iter("h2")]
    assert titles == ["Headline 3", "Headline 1", "Headline 2", "Headline 4"]
    assert [found.name for found in compiled.media] == list(compiled.edition.meta.media)
    assert len(compiled.media) == 1, "only the picture that is shown is kept"


def test_forty_items_fit_and_the_later_ones_are_brief(tmp_path):
    long = "A standfirst that goes on and on, as those of newspapers do, " * 8
    compiled = digest(tmp_path, *(item(number, standfirst=long, headline=f"Headline {number} " + "and more " * 6) for number in range(1, 41)))  # fmt: skip
    found = page(compiled)
    assert len(found.findall(".//h2")) == 12 + 1
    assert len(found.findall(".//h3")) == 28
    assert len(re.findall(r"https://mail\.example\.org/c/item-", mail(compiled.edition).text)) == 40
    program = Program(compiled.edition, key=b"a key for tests, 32 bytes long..", mailing_id=1)
    assert program.html_size(SAMPLE) < 80_000 < MOST_HTML_BYTES


def test_what_its_readers_had_stands_in_brief_whatever_its_place(tmp_path):
    shown = picture(tmp_path)
    items = (item(1, brief=True, picture=shown), item(2), item(3, brief=True), item(4, standfirst="All about four."))
    compiled = digest(
        tmp_path, *items, subject="{{ items[0].headline }}, {{ items | length }}, {{ items.brief | length }}"
    )
    found, rendered = page(compiled), mail(compiled.edition)
    assert rendered.subject == "Headline 2, 4, 2"
    assert [title.text_content() for title in found.iter("h2")] == ["Headline 2", "Headline 4", "In brief"]
    assert [title.text_content() for title in found.iter("h3")] == ["Headline 1", "Headline 3"]
    assert found.findall(".//img") == [], "the picture of a headline leads nothing"
    for headline in ("What item 1", "What item 3"):
        assert headline not in rendered.text + rendered.html
    assert rendered.text.index("Headline 4") < rendered.text.index("In brief") < rendered.text.index("Headline 1")


def test_an_issue_of_headlines_alone_is_not_said_to_be_empty(tmp_path):
    compiled = digest(tmp_path, item(1, brief=True))
    rendered = mail(compiled.edition)
    assert "nothing new" not in rendered.text + rendered.html
    assert [title.text_content() for title in page(compiled).iter("h3")] == ["Headline 1"]


def test_an_item_may_have_nothing_but_a_headline(tmp_path):
    compiled = digest(tmp_path, item(1, standfirst=None), item(2, standfirst=None))
    text = mail(compiled.edition).text
    assert "Headline 1\n----------\n\nSee the appeal:\n" in text
    assert "None" not in text + mail(compiled.edition).html


def test_standfirsts_are_cut_to_two_lines_without_their_links(tmp_path):
    words = "It was [long](https://example.org/elsewhere) and *quite* " + "winding " * 40
    compiled = digest(tmp_path, item(1), item(2, standfirst=words))
    rendered = mail(compiled.edition)
    assert "elsewhere" not in rendered.html + rendered.text
    assert "It was long and <em>quite</em> winding" in re.sub(r' style="[^"]*"', "", rendered.html)
    (line,) = [line for line in rendered.text.splitlines() if line.startswith("It was long")]
    assert line.endswith("winding…")
    assert len(line) < 160


def test_what_was_only_published_is_linked_where_it_was(tmp_path):
    text = mail(digest(tmp_path, item(1, address="https://www.example.org/there?a=1&b=2")).edition).text
    assert "https://www.example.org/there?a=1&b=2" in text
    assert "/c/item-1" not in text


@pytest.mark.parametrize("headline", [*HOSTILE.values(), "عنوان طويل باللغة العربية عن التضامن", WORD], ids=[*HOSTILE, "a title in Arabic", "90 letters"])  # fmt: skip
def test_no_headline_or_standfirst_changes_anything_but_its_words(tmp_path, headline):
    # As a campaign file gives it: without control characters, and not blank.
    clean = "".join(letter for letter in headline if letter.isprintable() or letter == " ").strip() or "x"
    plain, other = (digest(tmp_path, item(1), item(2, headline=words, kicker=words)) for words in ("Plain", clean))
    assert [element.tag for element in page(plain).iter()] == [element.tag for element in page(other).iter()]
    titles = [" ".join(title.text_content().split()) for title in page(other).iter("h2")]
    assert titles[1] == " ".join(clean.split())
    assert clean.split()[0] in mail(other.edition).text


def test_a_title_says_by_itself_which_way_it_is_read(tmp_path):
    found = page(digest(tmp_path, item(1, headline="عنوان"), item(2, headline="عنوان")))
    assert {title.get("dir") for title in found.iter("h2")} == {"auto"}


def test_what_cannot_be_shown_is_left_out_with_a_note_that_names_its_file(tmp_path):
    broken = [
        item(1, picture=ItemPicture(src="gone.png", alt="Gone"), picture_line=9),
        item(2, standfirst="<b>raw</b>", standfirst_line=6),
    ]
    compiled = digest(tmp_path, *broken)
    assert [f"{note.file}:{note.line}: {note.message}" for note in compiled.issue.notes] == [
        'campaigns/item-1.md:9: its picture cannot be shown: there is no picture "gone.png" in the project',
        "campaigns/item-2.md:6: its standfirst cannot be shown: raw HTML in the body: <b>",
    ]
    assert "raw" not in mail(compiled.edition).text
    assert page(compiled).findall(".//img") == []


def test_what_it_holds_is_no_part_of_what_an_approval_binds(tmp_path):
    nothing, one, many = (
        digest(tmp_path, *items)
        for items in ((), (item(1, picture=picture(tmp_path)),), tuple(item(number) for number in range(1, 20)))
    )
    assert nothing.edition.sources == one.edition.sources == many.edition.sources
    assert digest(tmp_path, body="Other words.\n").edition.sources != nothing.edition.sources


def test_a_picture_of_its_own_is_bound_even_if_an_item_shows_it_too(tmp_path):
    shown = picture(tmp_path)
    more = FRONT + "image:\n  src: a.png\n  alt: A red field\n  credit: Us\n"
    file = write(tmp_path, "Words.\n", kind="digest", more=more)
    before = compile_campaign(file, around_with(tmp_path, Issue(items=(item(1, picture=shown),)))).edition.sources
    assert compile_campaign(file, around_with(tmp_path, Issue())).edition.sources == before
    Image.new("RGB", (80, 40), "blue").save(tmp_path / "campaigns" / "a.png")
    assert compile_campaign(file, around_with(tmp_path, Issue())).edition.sources != before


def test_subjects_and_texts_can_speak_of_the_items(tmp_path):
    compiled = digest(
        tmp_path,
        item(1, headline="{{ 7 * 7 }} & *more*"),
        item(2),
        subject="{{ items[0].headline }}, and {{ items | length - 1 }} more",
        body="{% for item in items %}\n- {{ item.headline }} ({{ item.day | date }})\n{% endfor %}\n",
    )
    rendered = mail(compiled.edition)
    assert rendered.subject == "{{ 7 * 7 }} & *more*, and 1 more"
    assert "- {{ 7 * 7 }} & *more* (21 November 2024)" in rendered.text


def test_an_empty_issue_can_be_looked_at_even_if_its_subject_names_the_first_item(tmp_path):
    compiled = digest(tmp_path, subject="News: {{ items[0].headline }}")
    assert mail(compiled.edition).subject == "News:"
    assert "There is nothing new at the moment." in mail(compiled.edition).text


def test_an_item_that_is_not_there_is_an_error_once_there_are_some(tmp_path):
    with pytest.raises(InputProblems, match=r"c\.md:3"):
        digest(tmp_path, item(1), subject="{{ items[0].headline }}, {{ items[1].headline }}")


def test_other_kinds_have_no_items(tmp_path):
    file = write(tmp_path, "{{ items.headline }}\n")
    with pytest.raises(InputProblems, match="this campaign has no items"):
        compile_campaign(file, around(tmp_path))
