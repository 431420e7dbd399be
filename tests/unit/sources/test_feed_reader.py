"""What is made of a feed's bytes: plain words, links that may be followed, and keys that stay the same."""

from datetime import UTC, datetime

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from feed_server import entry, rss
from mailer.sources.feeds.reader import KEY, LINK, MOST_ENTRIES, NoFeed, document

URL = "https://site.example/news/feed.xml"


def read(content, *, charset="", url=URL):
    return document(content, charset=charset, url=url)


def entries(*items, url=URL):
    return read(rss(*items), url=url).entries


def only(*items, url=URL):
    (found,) = entries(*items, url=url)
    return found


ATOM = b"""<?xml version="1.0"?>
<feed xmlns="http://www.w3.org/2005/Atom"><title type="html">The &amp;lt;i&amp;gt;Site&lt;b&gt;!&lt;/b&gt;</title>
<entry><id>tag:site.example,2026:1</id><title>One</title><link rel="enclosure" href="/sound.mp3"/><link href="one"/>
<updated>2026-11-20T10:00:00+01:00</updated><summary type="text">Not &lt;b&gt; bold</summary><category term="Peru"/></entry>
<entry><id>tag:site.example,2026:2</id><title type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml">T<em>w</em>o</div></title>
<link href="https://other.example/two"/><published>2026-11-21T10:00:00Z</published><content type="html">&lt;p&gt;Whole text&lt;/p&gt;</content></entry>
</feed>"""


def test_atom():
    found = read(ATOM)
    assert found.title == "The <i>Site!"
    two, one = found.entries
    assert (one.key, one.link) == ("tag:site.example,2026:1", "https://site.example/news/one")
    assert (one.headline, one.summary, one.categories) == ("One", "Not <b> bold", ("peru",))
    assert one.at == datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
    assert (two.link, two.headline, two.summary) == ("https://other.example/two", "Two", "Whole text")


def test_rdf():
    rdf = b"""<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/">
    <channel><title>Old</title></channel><item rdf:about="https://site.example/1"><title>One</title><link>https://site.example/1</link></item></rdf:RDF>"""
    assert [one.headline for one in read(rdf).entries] == ["One"]


def test_a_guid_stays_as_it_stands_wherever_the_feed_is():
    item = entry(guid="42", link="/one")
    assert only(item).key == only(item, url="http://elsewhere.example/feed").key == "42"


def test_without_a_guid_it_is_known_by_its_link_however_that_is_written():
    ways = ("https://site.example/1/", "http://www.site.example/1?utm_source=rss", "/1")
    assert {only(entry(link=link)).key for link in ways} == {"site.example/1"}


def test_a_guid_that_several_have_says_nothing():
    found = entries(*(entry(n, guid="x") for n in (1, 2)), entry(3, guid="y"))
    assert [one.key for one in found] == ["site.example/1", "site.example/2", "y"]


def test_what_leads_to_one_place_is_told_apart_by_what_it_says():
    found = entries(*(entry(n, link="/") for n in (1, 2)), entry(1, link="/"))
    assert [one.headline for one in found] == ["Entry 1", "Entry 2"]
    assert len({one.key for one in found}) == 2


def test_a_guid_that_is_too_long_or_cannot_be_written_is_known_by_its_hash():
    for guid in ("g" * (KEY + 1), "a\tb"):
        assert only(entry(guid=guid)).key.startswith("sha256:")


@pytest.mark.parametrize(
    "link",
    ["", "javascript:alert(1)", "data:text/html,x", "mailto:ana@example.org", "file:///etc/passwd", "https://ana:pa55@site.example/", "http://[::1", "/" + "a" * LINK],
)  # fmt: skip
def test_what_leads_nowhere_is_no_item(link):
    assert entries(entry(link=link), entry(2)) == entries(entry(2))


@pytest.mark.parametrize(
    ("link", "found"),
    [
        ("../a b?q=ñ#top", "https://site.example/a%20b?q=%C3%B1#top"),
        ("//other.example/x", "https://other.example/x"),
        ("http://site.example/x", "https://site.example/x"),
        ("http://other.example/x", "http://other.example/x"),
        ("https://bücher.example/", "https://xn--bcher-kva.example/"),
        ('/x#"><script>', "https://site.example/x"),
    ],
)
def test_links_are_whole_ascii_and_no_less_safe_than_the_feed(link, found):
    assert only(entry(link=link)).link == found


def test_a_guid_that_is_a_page_is_where_it_leads_and_another_is_not():
    guid = "<item><guid>{}</guid><title>T</title></item>"
    assert only(guid.format("https://site.example/p")).link == "https://site.example/p"
    assert entries(guid.format("42")) == ()


@pytest.mark.parametrize(
    ("html", "words"),
    [
        ("<p>One</p><p>two <b>th</b>ree</p>", "One two three"),
        ("a<script>alert(1)</script>b<style>p{}</style>c", "a b c"),
        ("Fish &amp; chips &lt;here&gt;<br/>now", "Fish & chips <here> now"),
        ("tab\there\u202etxt.exe\u200b \x07end", "tab heretxt.exe end"),
        ("<p>News.</p><p>The post <a href='x'>News</a> appeared first on <a href='y'>The Site</a>.</p>", "News."),
        ("Go on reading [&#8230;]", "Go on reading …"),
        ("<b>never closed", "never closed"),
        ("क्\u200dष and \U0001f469\u200d\U0001f33e", "क्\u200dष and \U0001f469\u200d\U0001f33e"),
    ],
)
def test_html_becomes_words(html, words):
    assert only(entry(summary=html)).summary == words


def test_what_is_long_is_cut_after_a_word():
    found = only(entry(title="word " * 1000, summary="word " * 100_000))
    assert found.headline.endswith("word…")
    assert len(found.headline) <= 200
    assert len(found.summary) <= 500


def test_without_a_title_it_is_called_by_its_beginning():
    found = only(
        "<item><link>https://site.example/1</link><description>Something happened, and then more.</description></item>"
    )
    assert found.headline == "Something happened, and then more."
    assert entries("<item><link>https://site.example/1</link></item>") == ()


def test_dates_that_cannot_be_are_none():
    dated = entry().replace("</item>", "<pubDate>{}</pubDate></item>")
    assert [
        only(dated.format(text)).at for text in ("soon", "Fri, 99 Nov 2026", "1900-01-01", "0000-00-00T00:00:00Z")
    ] == [None] * 4
    assert only(dated.format("Fri, 20 Nov 2099 10:00:00 GMT")).at == datetime(2099, 11, 20, 10, tzinfo=UTC)


def test_of_thousands_the_newest_are_taken():
    start = datetime(2020, 1, 1, tzinfo=UTC).timestamp()
    many = [entry(n, guid=str(n), at=datetime.fromtimestamp(start + 60 * n, UTC)) for n in range(600)]
    found = entries(*many)
    assert len(found) == MOST_ENTRIES
    assert found[0].headline == "Entry 599"


def test_without_dates_their_order_is_kept():
    assert [one.headline for one in entries(*map(entry, range(5)))] == [f"Entry {n}" for n in range(5)]


def test_broken_xml_that_still_has_entries_is_read():
    whole = rss(entry(1, guid="1"), entry(2, guid="2"))
    for broken in (
        whole[:-30],
        whole.replace(b"</channel>", b""),
        whole.replace(b"about", b"& about"),
        b"\n\n" + whole,
    ):
        assert [one.headline for one in read(broken).entries] == ["Entry 1", "Entry 2"]


@pytest.mark.parametrize(
    ("named", "charset", "declared"),
    [("utf-8", "", "utf-8"), ("latin-1", "", "iso-8859-1"), ("latin-1", "iso-8859-1", "utf-8"), ("utf-16", "", "utf-16"), ("latin-1", "", "utf-8"), ("utf-8", "nonsense", "utf-8")],
)  # fmt: skip
def test_letters_are_read_in_whatever_way_they_are_written(named, charset, declared):
    text = rss(entry(title="Perú")).decode().replace('encoding="utf-8"', f'encoding="{declared}"')
    assert [one.headline for one in read(text.encode(named), charset=charset).entries] == ["Perú"]


@pytest.mark.parametrize("content", [b"", b" ", b"hello", b"{}", b"<html><body>Hi</body></html>", b"\0" * 100, b"<a/>"])
def test_what_is_no_feed_is_said_to_be_none(content):
    with pytest.raises(NoFeed):
        read(content)


def test_what_the_library_stumbles_over_is_no_feed():
    stumble = b'<rss version="2.0" xmlns:gml="http://www.opengis.net/gml"><channel><item><gml:pos>1 1</gml:pos></item></channel></rss>'
    with pytest.raises(NoFeed, match="cannot be read as a feed"):
        read(stumble)


PIECES = st.sampled_from(
    [b"<rss version='2.0'>", b"<channel>", b"<item>", b"</item>", b"<title>", b"</title>", b"<link>", b"<guid>", b"&", b"&#0;", b"<![CDATA[", b"]]>", b"<feed xmlns='http://www.w3.org/2005/Atom'>", b"<entry>", b"<id>", b"<content type='html'>", b"<div>", b"\xff", b"\0", b"<!DOCTYPE a [", b"<!ENTITY b 'c'>", b"<?xml version='1.0' encoding='x'?>", b"<media:content>", b"<pubDate>", b"x", b"http://a/"]
)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=300) | st.lists(PIECES, max_size=30).map(b"".join))
@example(b"<rss><channel><item><title>\xed\xa0\x80</title><link>http://a/</link>")
def test_no_bytes_raise_anything_else(content):
    try:
        found = read(content)
    except NoFeed:
        return
    for one in found.entries:
        assert one.headline
        assert (one.headline + one.summary + found.title).encode()
        assert one.link.isascii()
        assert one.link.startswith(("http://", "https://"))
