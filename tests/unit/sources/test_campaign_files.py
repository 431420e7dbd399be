"""Campaign files: everything that is wrong with one, at once, with its line."""

import pytest

from mailer.errors import InputProblems, UnknownName
from mailer.sources.campaign_files import parse_campaign, read_campaign
from mailer.sources.campaign_slugs import campaign_slugs

GOOD = """\
---
kind: appeal
subject: "Hello {{ subscriber.first_name }}"
headline: The headline
from: News desk <news@example.org>
send_by: 2024-11-30 18:00
fund:
  name: Fund
  target: 18,000.50
  raised: 11791
  as_of: 2024-11-22
  donate_url: https://www.example.org/give
  asks: [5, 10.50]
---

The body.
"""


def parse(text, tmp_path):
    content = text if isinstance(text, bytes) else text.encode()
    return parse_campaign(content, slug="c", root=tmp_path)


def findings(text, tmp_path):
    with pytest.raises(InputProblems) as caught:
        parse(text, tmp_path)
    return [str(problem) for problem in caught.value.problems]


def test_a_file_is_read_whole(tmp_path):
    file = parse(GOOD, tmp_path)
    assert file.campaign.kind == "appeal"
    assert (file.campaign.sender_name, file.campaign.sender_address) == ("News desk", "news@example.org")
    assert str(file.campaign.fund.money(file.campaign.fund.target)) == "£18,000.50"
    assert file.body == "\nThe body.\n"
    assert file.body_line == 15
    assert file.line_of("fund", "asks", 1) == 13
    assert file.line_of("fund", "nothing") == 7
    assert file.sources == {"campaigns/c.md": GOOD.encode()}


@pytest.mark.parametrize("change", [lambda text: "\ufeff" + text, lambda text: text.replace("\n", "\r\n")])
def test_a_byte_order_mark_and_other_line_ends_change_nothing(tmp_path, change):
    assert parse(change(GOOD), tmp_path).body == "\nThe body.\n"


def test_everything_wrong_is_said_at_once_in_order_with_lines_and_suggestions(tmp_path):
    text = (
        GOOD.replace("headline", "hedline")
        .replace("raised: 11791", "rased: 11791")
        .replace("send_by: 2024-11-30 18:00", "send_by: tomorrow")
        .replace("name: Fund", "name: 3")
        .replace("10.50]", "lots]")
        .replace("donate_url: https://www", "donate_url: www")
        .replace("from: News desk <news@example.org>", 'from: "{{ subscriber.email }}"')
    )
    assert findings(text, tmp_path) == [
        'campaigns/c.md:1:1: "headline" is missing (the one heading of the first rank)',
        'campaigns/c.md:4:1: unknown key "hedline" (did you mean "headline"?)',
        'campaigns/c.md:5:1: "{{" in a field that is no template (use it in subject, preheader or the body)',
        'campaigns/c.md:5:1: "{{ subscriber.email }}" holds no e-mail address (write news@example.org or News desk <news@example.org>)',
        'campaigns/c.md:6:1: "tomorrow" is not a date or time (write 2024-11-30 or 2024-11-30 18:00)',
        'campaigns/c.md:8:3: "fund.name" is not text (put it in quotes)',
        'campaigns/c.md:10:3: unknown key "rased" (did you mean "raised"?)',
        'campaigns/c.md:12:3: "www.example.org/give" is not a web address (write the whole of it: https://www.example.org/page)',
        'campaigns/c.md:13:13: "lots" is not an amount of money (write the number alone: 18000 or 212.25)',
    ]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "the file is empty"),
        ("  \n\n", "the file is empty"),
        ("Only words.\n", "there is no front matter"),
        ("---\nkind: article\nsubject: x\n", "the front matter does not end"),
        ("---\n---\nx\n", "there is no front matter"),
        ("---\n- a\n---\nx\n", "there is no front matter"),
        ("---\nkind: artikle\n---\n", 'there is no kind "artikle" (did you mean "article"?)'),
        ("---\nsubject: x\n---\n", '"kind" is missing (write one of: article, appeal, '),
        (GOOD.replace("2024-11-30", "9999-12-31"), "6:1: the year 9999 is none that a campaign can mean (correct it)"),
        (GOOD.replace("as_of: 2024", "as_of: 0024"), "11:3: the year 24 is none that a campaign can mean"),
        (GOOD.encode().replace(b"The body", b"caf\xe9"), "campaigns/c.md:16: this is not UTF-8"),
        (GOOD.replace("The body", "The \x07body"), "campaigns/c.md:16: the invisible character U+0007 (delete it)"),
        (GOOD.replace("kind: appeal", "kind: appeal\nkind: appeal"), '"kind" is there twice'),
        (GOOD.replace("headline: The headline", "headline: One: two"), "a text with a colon in it goes in quotes"),
        (GOOD.replace("raised: 11791", "raised: -5"), "is not an amount of money"),
        (GOOD.replace("raised: 11791", "raised: 1e30"), '"1e30" is not an amount of money'),
        (GOOD.replace("raised: 11791", f"raised: {'9' * 40}"), "is not an amount of money"),
        (GOOD.replace("raised: 11791", ""), 'a fund has either "raised" or a "ledger"'),
        (
            GOOD.replace("as_of: 2024-11-22", "as_of: 2024-12-22\n  deadline: 2024-11-30"),
            "as_of is later than the deadline",
        ),
        (GOOD.replace("send_by:", "tracking: true\nsend_by:"), "mailer does not watch what readers do"),
        (GOOD.replace("send_by:", "timezone: Europe/Lndon\nsend_by:"), 'there is no time zone "Europe/Lndon"'),
        *[
            (GOOD.replace("send_by:", f"schedule: {{{fields}}}\nsend_by:"), words)
            for fields, words in {
                "at: 2024-11-22 09:00, every: fri 09:00": "at and every are different times (Keep one of at, every and cron)",
                "at: 2024-11-22": '"2024-11-22" is not a time (write 2024-11-22 09:00)',
                "at: 2024-02-30 09:00": '"2024-02-30 09:00" is not a date or time',
                "timezone: Europe/London": "a schedule says when (add at, every or cron)",
                "every: friday": '"friday" does not say at what time (Write "friday 09:00")',
                "every: yearly 30 feb 09:00": '"yearly 30 feb 09:00" never comes',
                "every: 2m": '"2m" comes too often',
                "cron: 0 9 31 2 *": '"0 9 31 2 *" never comes',
                "cron: 0 9 * *": '"0 9 * *" is no crontab line',
                "every: fri 09:00, timezone: Europe/Lndon": 'there is no time zone "Europe/Lndon" (Did you mean Europe/London',
                "every: fri 09:00, window: morning": '"morning" is no span of hours',
                "every: fri 22:00, window: 08:00-20:00": '"fri 22:00" never comes within 08:00-20:00',
                "at: 2024-11-22 09:00, until: 2024-12-31": "until is about what comes round again",
                "every: fri 09:00, catch_up: true": "Input should be 'latest', 'skip' or 'all'",
                "every: fri 09:00, until: Christmas": '"Christmas" is not a date',
                "every: fri 09:00, proof: {before: 8d}": "would come before the issue before it has gone out",
                "every: fri 09:00, proof: {before: soon}": '"soon" is no length of time',
            }.items()
        ],
        (GOOD.replace("send_by:", "topics: peru\nsend_by:"), '"topics" is a list'),
        (
            GOOD.replace("send_by:", "image: x.jpg\nsend_by:"),
            "write them below it, indented: src, alt, caption, credit, link",
        ),
    ],
)
def test_broken_files_say_what_to_do(tmp_path, text, words):
    assert any(words in finding for finding in findings(text, tmp_path))


def test_an_unknown_slug_lists_what_there_is(tmp_path):
    (tmp_path / "campaigns").mkdir()
    with pytest.raises(UnknownName, match="There is no campaign") as caught:
        read_campaign(tmp_path, "peru")
    assert "mailer new" in caught.value.hint
    for name in ("peru-statement.md", "Bad Name.md", "notes.txt", "peru-statement.es.md"):
        (tmp_path / "campaigns" / name).write_text(GOOD)
    assert campaign_slugs(tmp_path) == ["peru-statement"]
    with pytest.raises(UnknownName) as caught:
        read_campaign(tmp_path, "peru-statment")
    assert caught.value.hint == 'Did you mean "peru-statement"?'
    with pytest.raises(UnknownName):
        read_campaign(tmp_path, "../mailer")


def test_a_folder_a_huge_file_and_one_that_may_not_be_read(tmp_path):
    folder = tmp_path / "campaigns"
    (folder / "a.md").mkdir(parents=True)
    (folder / "b.md").write_bytes(b"x" * 1_000_001)
    (folder / "c.md").symlink_to(folder / "c.md")
    for slug, words in (("a", "this is a folder"), ("b", "1,000,001 bytes"), ("c", "cannot be read")):
        with pytest.raises(InputProblems, match=words):
            read_campaign(tmp_path, slug)


def test_a_ledger_of_gifts_is_summed_up_to_the_day(tmp_path):
    (tmp_path / "gifts.csv").write_text("date,amount,who\n2024-11-01,100.50,a\n2024-11-22,20,b\n2024-11-23,5,c\n")
    file = parse(GOOD.replace("raised: 11791", "ledger: gifts.csv"), tmp_path)
    assert str(file.campaign.fund.raised) == "120.50"
    assert "gifts.csv" in file.sources


@pytest.mark.parametrize(
    ("content", "place", "words"),
    [
        (b"date,sum\n2024-11-01,1\n", "gifts.csv:1", "no column is called amount"),
        (b"date,amount\nyesterday,1\n", "gifts.csv:2", "the date of this gift cannot be read"),
        (b"date,amount\n2024-11-01,1\n\n2024-11-02,sNaN\n", "gifts.csv:4", "the amount of this gift cannot be read"),
        (b"\x89PNG\r\n\x00\x00", "campaigns/c.md:10:3", "binary file"),
        (b"", "campaigns/c.md:10:3", "the file is empty"),
        (None, "campaigns/c.md:10:3", "cannot be read"),
    ],
)
def test_a_broken_ledger_is_a_finding(tmp_path, content, place, words):
    if content is not None:
        (tmp_path / "gifts.csv").write_bytes(content)
    found = findings(GOOD.replace("raised: 11791", "ledger: gifts.csv"), tmp_path)
    assert any(words in finding and finding.startswith(place) for finding in found), found
    assert not any("either" in finding for finding in found)


def test_a_ledger_outside_the_project_is_not_opened(tmp_path):
    (found, *_) = findings(GOOD.replace("raised: 11791", "ledger: ../../etc/passwd"), tmp_path)
    assert "lies outside the project" in found


@pytest.mark.parametrize("slug", ["a" * 300, "a/b", "../c", "c.md", "", ".", "C", "c\n", "c\0", "-c"])
def test_what_is_no_slug_is_an_unknown_campaign(tmp_path, slug):
    (tmp_path / "campaigns").mkdir()
    (tmp_path / "campaigns" / "c.md").write_text(GOOD, encoding="utf-8")
    with pytest.raises(UnknownName):
        read_campaign(tmp_path, slug)
