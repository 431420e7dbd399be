"""What a digest finds in a project's files, beside what it is told of mailings."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from mailer.domain.digest import Mailed, Records, Shown
from mailer.domain.feed import KnownEntry, KnownFeed
from mailer.domain.left_out import Why
from mailer.sources.campaign_files import parse_campaign
from mailer.sources.digest_items import collect

NOW = datetime(2024, 11, 22, 9, 0, tzinfo=UTC)
LONDON = ZoneInfo("Europe/London")
FRONT = "---\nkind: {kind}\nsubject: News of {slug}\nheadline: News of {slug}\n{more}---\nWords.\n"
PUBLISHED = "published: 2024-11-20\ncanonical_url: https://www.example.org/{slug}\n"
FUND = "fund:\n  name: F\n  target: 10\n  raised: 1\n  as_of: 2024-11-20\n  donate_url: https://www.example.org/give\n"


@pytest.fixture
def project(tmp_path):
    (tmp_path / "campaigns").mkdir()
    return tmp_path


def write(project, slug, *, kind="article", more=""):
    text = FRONT.format(kind=kind, slug=slug, more=more.replace("{slug}", slug) + (FUND if kind == "appeal" else ""))
    (project / "campaigns" / f"{slug}.md").write_text(text, encoding="utf-8")


def mailed(*slugs, hours=1, kind="article"):
    """As many campaigns, mailed an hour after each other, the first one last."""
    return {
        slug: Mailed(slug=slug, kind=kind, title=f"Mailed: {slug}", at=NOW - timedelta(hours=hours * number))
        for number, slug in enumerate(slugs, 1)
    }


def issue(project, *, records=None, now=NOW, zone=LONDON, slug="weekly", **wanted):
    lines = "".join(f"  {name}: {value}\n" for name, value in ({"first_run": "everything"} | wanted).items())
    content = FRONT.format(kind="digest", slug=slug, more=f"collect:\n{lines}").encode()
    (project / "campaigns" / f"{slug}.md").write_bytes(content)
    digest = parse_campaign(content, slug=slug, root=project)
    return collect(digest, records or Records(), now=now, zone=zone)


def slugs(found):
    return [item.slug for item in found.items]


def notes(found):
    return [f"{note.file}:{note.line}: {note.message}" for note in found.notes]


def test_what_was_mailed_and_what_was_published_come_newest_first(project):
    write(project, "old", more=PUBLISHED)
    for slug in ("new", "newer", "neither"):
        write(project, slug)
    found = issue(project, records=Records(mailed=mailed("newer", "new")))
    assert slugs(found) == ["newer", "new", "old"]
    assert [item.address for item in found.items] == [None, None, "https://www.example.org/old"]
    assert [item.day for item in found.items] == [date(2024, 11, 22), date(2024, 11, 22), date(2024, 11, 20)]
    assert found.notes == ()


def test_what_an_item_says_is_what_its_file_says(project):
    more = (
        "standfirst: It *was* so.\nkicker: From the archive\ntopics: [peru]\n"
        "image:\n  src: images/a.jpg\n  alt: A hall\n  credit: Us\n"
    )
    write(project, "a", more=more)
    (item,) = issue(project, records=Records(mailed=mailed("a"))).items
    assert (item.headline, item.standfirst, item.kicker) == ("News of a", "It *was* so.", "From the archive")
    assert (item.picture.src, item.picture.alt, item.picture.credit) == ("images/a.jpg", "A hall", "Us")
    assert (item.kind, item.topics, item.key) == ("article", ("peru",), "campaign:a")
    assert (item.standfirst_line, item.picture_line) == (5, 9)


def test_the_day_is_that_of_the_digests_readers(project):
    write(project, "late")
    records = Records(mailed={"late": Mailed(slug="late", kind="article", title="", at=datetime(2024, 11, 21, 23, 30, tzinfo=UTC))})  # fmt: skip
    assert issue(project, records=records).items[0].day == date(2024, 11, 21)
    assert issue(project, records=records, zone=ZoneInfo("Asia/Tokyo")).items[0].day == date(2024, 11, 22)


def test_kinds_and_topics_narrow(project):
    write(project, "a", more="topics: [peru, media]\n")
    write(project, "b", more="topics: [chile]\n")
    write(project, "c", kind="appeal", more="topics: [peru]\n")
    records = Records(mailed=mailed("a", "b", "c"))
    assert slugs(issue(project, records=records, kinds="[appeal]")) == ["c"]
    assert slugs(issue(project, records=records, topics="[peru]")) == ["a", "c"]
    assert slugs(issue(project, records=records, topics="[chile, media]")) == ["a", "b"]
    assert slugs(issue(project, records=records, kinds="[article]", topics="[peru]")) == ["a"]
    assert issue(project, records=records, topics="[pru]").topics == {"peru", "media", "chile"}


def test_digests_are_no_items_whatever_they_say_of_themselves(project):
    write(project, "monthly", kind="digest", more=PUBLISHED)
    (project / "campaigns" / "weekly.md").write_text("")
    records = Records(mailed=mailed("monthly", "weekly", kind="digest"))
    found = issue(project, records=records)
    assert (found.items, found.notes) == ((), ())


def test_what_an_issue_carried_is_not_new_and_what_fits_not_waits(project):
    names = [f"a{number:02}" for number in range(15)]
    for name in names:
        write(project, name)
    first = issue(project, records=Records(mailed=mailed(*names)), max_items=6)
    assert (slugs(first), first.waiting, first.passed_over) == (names[:6], 9, ())
    spent = frozenset(item.key for item in first.items)
    second = issue(project, records=Records(mailed=mailed(*names), spent=spent, has_run=True), max_items=6)
    assert (slugs(second), second.waiting) == (names[6:12], 3)


def test_of_what_fits_not_half_is_new_and_half_is_what_has_waited_longest(project):
    names = [f"a{number:02}" for number in range(10)]
    for name in names:
        write(project, name)
    records = Records(mailed=mailed(*names), has_run=True, last_at=NOW - timedelta(hours=5, minutes=30))
    found = issue(project, records=records, max_items=4)
    assert (slugs(found), found.waiting) == ([*names[:2], *names[8:]], 6)


@pytest.mark.parametrize(
    ("first_run", "kept"), [("last 2", ["a", "b"]), ("3 days", ["a", "b", "c"]), ("everything", ["a", "b", "c", "d"])]
)
def test_a_first_issue_reaches_back_only_so_far_and_the_rest_is_passed_over(project, first_run, kept):
    for slug in "abcd":
        write(project, slug)
    records = Records(mailed=mailed(*"abcd", hours=20))
    found = issue(project, records=records, first_run=first_run)
    assert slugs(found) == kept
    assert found.passed_over == tuple(f"campaign:{slug}" for slug in "abcd" if slug not in kept)
    assert slugs(issue(project, records=Records(mailed=records.mailed, has_run=True), first_run=first_run)) == [*"abcd"]


def test_a_day_that_has_not_come_is_waited_for_and_said_with_its_line(project):
    write(project, "embargo", more="canonical_url: https://www.example.org/e\npublished: 2024-11-23\n")
    found = issue(project)
    assert found.items == ()
    assert notes(found) == [
        "campaigns/embargo.md:6: this comes out on 23 November 2024: until then weekly leaves it out"
    ]
    assert slugs(issue(project, now=datetime(2024, 11, 23, 0, 1, tzinfo=UTC))) == ["embargo"]


def test_what_is_published_nowhere_is_left_out_and_the_note_says_what_to_do(project):
    write(project, "lost", more="published: 2024-11-20\n")
    found = issue(project)
    assert notes(found) == ["campaigns/lost.md:5: this is published, and weekly has no page to lead to: it is left out"]
    assert found.notes[0].hint == "add canonical_url, or mail it: then it has a public page"
    assert slugs(issue(project, records=Records(mailed=mailed("lost")))) == ["lost"]


def test_a_mailed_campaign_without_its_file_keeps_its_headline(project):
    found = issue(project, records=Records(mailed=mailed("gone")))
    assert [(item.headline, item.standfirst, item.picture) for item in found.items] == [("Mailed: gone", None, None)]
    assert notes(found) == [
        "campaigns/gone.md:None: this was mailed, and its file is gone: its item is its headline alone"
    ]
    found = issue(project, records=Records(mailed=mailed("gone")), topics="[peru]")
    assert found.items == ()
    assert "left out, its topics unknown" in notes(found)[0]
    assert issue(project, records=Records(mailed=mailed("gone")), kinds="[appeal]").items == ()


def test_a_file_that_was_broken_since_costs_its_item_all_but_the_headline(project):
    write(project, "mailed", more="no such key: 1\n")
    write(project, "published", more=PUBLISHED + "no such key: 1\n")
    found = issue(project, records=Records(mailed=mailed("mailed")))
    assert [item.headline for item in found.items] == ["Mailed: mailed"]
    assert notes(found) == [
        'campaigns/mailed.md:5: this file has errors (unknown key "no such key")',
        'campaigns/published.md:7: this file has errors (unknown key "no such key"): it is left out',
    ]


@pytest.mark.parametrize("content", [b"", b"\xff\xfe\x00", b"published: 2024-01-01", b"---\npublished: never\n---\n"])
def test_files_that_are_no_campaigns_hold_nothing_up(project, content):
    write(project, "good")
    (project / "campaigns" / "bad.md").write_bytes(content)
    (project / "campaigns" / "folder.md").mkdir()
    assert slugs(issue(project, records=Records(mailed=mailed("good")))) == ["good"]


def test_a_body_that_speaks_of_publishing_publishes_nothing(project):
    write(project, "talk")
    path = project / "campaigns" / "talk.md"
    path.write_text(path.read_text() + "\npublished: 2024-11-20\n")
    found = issue(project)
    assert (found.items, found.notes) == ((), ())


def test_what_is_left_out_is_told_with_its_reason(project):
    write(project, "kept", more="topics: [peru]\n" + PUBLISHED)
    write(project, "mailed", more="topics: [peru]\n")
    write(project, "trade", more="topics: [trade]\n" + PUBLISHED)
    write(project, "asks", kind="appeal", more="topics: [peru]\n" + PUBLISHED)
    write(project, "later", more="topics: [peru]\npublished: 2024-12-03\ncanonical_url: https://www.example.org/l\n")
    write(project, "nowhere", more="topics: [peru]\npublished: 2024-11-20\n")
    write(project, "over", more="topics: [peru]\npublished: 2024-11-19\ncanonical_url: https://www.example.org/o\n")
    (project / "campaigns" / "broken.md").write_text("---\npublished: 2024-11-20\nknd: x\n---\n")
    records = Records(mailed=mailed("mailed", "held"), spent=frozenset({"campaign:held"}), has_run=True)
    found = issue(project, records=records, kinds="[article]", topics="[peru]", max_items=2)
    assert slugs(found) == ["mailed", "kept"]
    told = {one.key.partition(":")[2]: (one.headline, one.why.value, one.detail) for one in found.left_out}
    assert told.pop("broken")[:2] == ("broken", "broken")
    assert told == {
        "trade": ("News of trade", "topic", ""),
        "asks": ("News of asks", "kind", ""),
        "later": ("News of later", "later", "on 3 December 2024"),
        "nowhere": ("News of nowhere", "no_page", ""),
        "over": ("News of over", "waits", ""),
        "held": ("Mailed: held", "held", ""),
    }


def test_a_first_issue_tells_what_it_passes_over_and_a_proof_what_came_after_it(project):
    records = Records(mailed=mailed("new", "old", hours=20))
    first = issue(project, records=records, first_run="1 days")
    assert [(one.headline, one.why) for one in first.left_out] == [("Mailed: old", Why.TOO_OLD)]
    shown = replace(records, shown=Shown(items=("campaign:old",)))
    assert [(one.headline, one.why) for one in issue(project, records=shown).left_out] == [("Mailed: new", Why.NEWER)]
    shown = replace(records, shown=Shown(items=("campaign:new",), passed_over=("campaign:old",)))
    assert [(one.headline, one.why) for one in issue(project, records=shown).left_out] == [("Mailed: old", Why.TOO_OLD)]


def test_feeds_that_bring_nothing_and_what_comes_twice_are_told(project):
    write(project, "ours", more=PUBLISHED)
    again = KnownEntry(
        key="1", link="https://www.example.org/ours", headline="Ours", summary="", categories=(), at=NOW, seen_at=NOW
    )
    feeds = {
        "https://one.example/feed": KnownFeed(id=1, asked_at=NOW, entries=(again,)),
        "https://two.example/feed": KnownFeed(id=2, asked_at=NOW, trouble="it does not answer in time"),
    }
    found = issue(project, records=Records(feeds=feeds), feeds=f"[{', '.join(feeds)}]")
    assert slugs(found) == ["ours"]
    assert [(one.key, one.headline, one.why) for one in found.left_out] == [
        ("feed:1:1", "Ours", Why.SAME),
        ("", "the feed of two.example cannot be read: it does not answer in time", Why.FEED),
    ]
