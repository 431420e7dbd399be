"""Whatever feeds say from week to week, a digest holds each entry once, and each that was not there from the beginning."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from ledger_world import add_mailing, make_database
from mailer.domain.digest import Issue, Records
from mailer.domain.feed import Document, Entry
from mailer.sources.campaign_files import parse_campaign
from mailer.sources.digest_items import collect
from mailer.storage import digest_items, feeds

START = datetime(2026, 1, 2, 9, 0, tzinfo=UTC)
URLS = ["https://one.example/feed", "https://two.example/feed", "https://three.example/feed"]
DIGEST = """---
kind: digest
subject: News
headline: News
collect:
  first_run: last 2
  max_items: 3
  feeds: [{feeds}]
---
Words.
"""
#: What one feed says in a week: which of its entries, and under which guids. An entry keeps one of both: guid or link.
FEED = st.fixed_dictionaries(
    {"numbers": st.sets(st.integers(1, 9), max_size=6), "new_guids": st.booleans(), "edited": st.booleans()}
)
WEEKS = st.lists(st.lists(FEED | st.none(), min_size=3, max_size=3), min_size=2, max_size=5)


def document(said, week):
    entries = [
        Entry(
            key=f"{'new' if said['new_guids'] else 'old'}-{number}",
            link=f"https://site.example/{number}",
            headline=f"Entry {number}{' again' if said['edited'] else ''}",
            at=START + timedelta(weeks=week, hours=-number),
        )
        for number in sorted(said["numbers"])
    ]
    return Document(title="A site", entries=tuple(entries))


@settings(max_examples=15, deadline=None)
@given(weeks=WEEKS)
def test_each_entry_is_held_once_whatever_feeds_say(tmp_path_factory, weeks):
    folder = tmp_path_factory.mktemp("feeds")
    database = make_database(f"sqlite:///{folder / 'mailer.db'}")
    file = parse_campaign(DIGEST.format(feeds=", ".join(URLS)).encode(), slug="weekly", root=folder)
    held, passed_over, seen = [], set(), set()
    try:
        # At the end comes silence, until all that waited is out.
        for week, said in enumerate([*weeks, *[[None] * 3] * 4]):
            now = START + timedelta(weeks=week)
            with database.writing() as connection:
                claims = {claim.url: claim for claim in feeds.claim(connection, URLS, now=now)}
                for url, one in zip(URLS, said, strict=True):
                    if one is None:
                        feeds.failed(connection, claims[url].id, "it answers 500", at=now, every=timedelta(hours=1))
                    else:
                        found = document(one, week)
                        feeds.store(
                            connection, claims[url].id, found, etag="", modified="", moved_to="", at=now, next_at=now
                        )
                        seen |= {entry.link for entry in found.entries}
            issue = issued(database, file, now, number=week + 1)
            held += [item.address for item in issue.items]
            passed_over |= {name.removeprefix("link:") for name in issue.passed_over if name.startswith("link:")}
    finally:
        database.dispose()
    assert len(held) == len(set(held))
    over = {f"https://{place}" for place in passed_over}
    assert over.isdisjoint(held)
    assert set(held) | over == seen


def issued(database, file, now, *, number) -> Issue:
    """The issue of that moment, written down if it is not empty."""
    with database.reading() as connection:
        records: Records = digest_items.records(connection, "weekly", feeds=URLS)
    issue = collect(file, records, now=now, zone=ZoneInfo("Europe/London"))
    if not issue.is_empty:
        mailing_id = add_mailing(database, 0, number=number, kind="digest", starts_at=now)
        with database.writing() as connection:
            assert digest_items.carry(connection, mailing_id, "weekly", issue)
    return issue
