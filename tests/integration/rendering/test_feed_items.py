"""Items that a feed brought, as they come out: a stranger's words, and none of them a template, Markdown or markup."""

from lxml import html as lxml_html

from compiling import mail
from digest_issues import digest, item
from hostile import HOSTILE
from mailer.domain.digest import FEED_ITEM
from mailer.domain.sample import SAMPLE
from mailer.edition.program import MOST_HTML_BYTES, Program
from mailer.sources.feeds.plain_words import line_of
from mailer.sources.feeds.reader import HEADLINE

LINK = "https://www.site.example/news/1?a=1&b=2#top"


def entry(number=1, **fields):
    plain = {"key": f"feed:1:{number}", "slug": None, "kind": FEED_ITEM, "kicker": "Port News", "standfirst": None}
    return item(number, **plain | {"summary": f"What {number} is about.", "address": LINK} | fields)


def page(compiled):
    return lxml_html.document_fromstring(mail(compiled.edition).html)


def links(found):
    return {link.text_content().strip(): link.get("href") for link in found.iter("a")}


def test_it_says_whose_it_is_when_it_came_out_and_where_to_read_it(tmp_path):
    compiled = digest(tmp_path, entry(1), entry(2, summary=None))
    found, text = page(compiled), mail(compiled.edition).text
    assert links(found)["Headline 1"] == links(found)["Read on site.example"] == LINK
    assert (
        "Port News · 21 November 2024\nHeadline 1\n----------\nWhat 1 is about.\n\nRead on site.example:\n" + LINK
        in text
    )
    assert "Headline 2\n----------\n\nRead on site.example:" in text


def test_beyond_a_dozen_they_are_headlines(tmp_path):
    compiled = digest(tmp_path, *(entry(number) for number in range(1, 16)))
    found = page(compiled)
    assert [title.text_content() for title in found.iter("h3")] == ["Headline 13", "Headline 14", "Headline 15"]
    assert "Headline 15\nPort News · 7 November 2024\n" + LINK in mail(compiled.edition).text


TRICKS = [*HOSTILE.values(), "{{ subscriber.email }}", "*a* _b_ [c](javascript:d) `e`", "<mj-raw>", "&#123;"]


def test_its_words_are_nothing_but_words(tmp_path):
    lines = [line for words in TRICKS if (line := line_of(words, HEADLINE))]  # as the reader of feeds hands them over
    items = [entry(n, headline=line, summary=line, kicker=line) for n, line in enumerate(lines, 1)]
    compiled = digest(tmp_path, *items, subject="News: {{ items[0].headline }}")
    found, text = page(compiled), mail(compiled.edition).text
    shown = [*found.iter("h2", "h3")]
    shown = [" ".join(title.text_content().split()) for title in shown if title.text_content() != "In brief"]
    assert shown == [" ".join(line.split()) for line in lines]
    assert [line for line in lines if line not in text] == []
    assert [one for one in found.iter() if one.tag in ("script", "mj-raw", "em", "code")] == []
    assert {link for link in links(found).values() if not link.startswith("https://")} == set()
    assert [one for one in found.iter() if any(name.startswith("on") for name in one.attrib)] == []


def test_forty_of_the_longest_fit(tmp_path):
    longest = {"headline": "Wörter " * 28, "summary": "x " * 250, "address": "https://site.example/" + "a" * 479}
    compiled = digest(tmp_path, *(entry(number, **longest) for number in range(1, 41)))
    program = Program(compiled.edition, key=b"a key for tests, 32 bytes long..", mailing_id=1)
    assert program.html_size(SAMPLE) < MOST_HTML_BYTES
