"""What is said beside an issue to come: everything, but no list longer than somebody reads."""

from datetime import UTC, datetime

from mailer.domain.digest import Issue, Item
from mailer.domain.left_out import WORDS, LeftOut, Why
from mailer.domain.schedule import When
from mailer.launch.ahead import Ahead
from mailer.launch.outlook import Outlook
from mailer.web.preview.ahead import lines_of, panel_of

AT = datetime(2026, 11, 27, 9, tzinfo=UTC)
AHEAD = Ahead(when=When(at=AT, local=AT.replace(tzinfo=None), zone="Europe/London"), key="2026-11-27T09:00")
ITEM = Item(key="campaign:a", slug="a", kind="article", headline="Bread", at=AT, day=AT.date(), file="campaigns/a.md")


def left_out(why, number):
    return tuple(LeftOut(key=f"campaign:{why}-{one}", headline=f"{why} {one}", why=why) for one in range(number))


def test_every_reason_has_its_words():
    assert WORDS.keys() == set(Why)


def test_what_is_left_out_is_grouped_by_reason_and_counted_beyond_five():
    issue = Issue(items=(ITEM,), left_out=(*left_out(Why.HELD, 7), *left_out(Why.NO_PAGE, 1)))
    panel = panel_of(Outlook(ahead=AHEAD, issue=issue, people=3, views={"f": 3}))
    assert [(names[-1], more) for _, names, more in panel.outside] == [("no_page 0", 0), ("held 4", 2)]
    assert lines_of(panel) == [
        "Fri 27 Nov 2026 09:00 Europe/London",
        "  Armed, and as the files are now.",
        "  To 3 people.",
        "In it: 1 item",
        "  Bread (article, 27 Nov)",
        f"Left out, {WORDS[Why.NO_PAGE]}:",
        "  no_page 0",
        f"Left out, {WORDS[Why.HELD]}:",
        *(f"  held {one}" for one in range(5)),
        "  and 2 more",
    ]


def test_people_are_told_apart_by_what_they_see_those_of_most_first():
    panel = panel_of(Outlook(ahead=AHEAD, issue=Issue(items=(ITEM, ITEM)), people=9, views={"f-": 2, "ff": 7}))
    assert panel.who == ("To 9 people.", "7 people see all 2 items", "2 people see 1 of 2 items")


def test_what_keeps_it_back_is_one_sentence():
    panel = panel_of(Outlook(ahead=AHEAD, issue=None, held=("its schedule is paused", "nothing is new")))
    assert panel.standing == "Its schedule is paused; nothing is new."
    assert lines_of(panel) == ["Fri 27 Nov 2026 09:00 Europe/London", "  Its schedule is paused; nothing is new."]
