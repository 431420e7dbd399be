"""What `check` says of a digest: warnings all, for tomorrow there may be something new."""

from compiling import write
from digest_issues import FRONT, around_with, item
from mailer.domain.digest import Issue, ItemPicture
from mailer.rendering.check import check


def findings(root, held, **front):
    file = write(root, "A few words.\n", kind="digest", more=FRONT + front.pop("more", ""), **front)
    return [(one.rule, one.file, one.line, one.message) for one in check(file, around_with(root, held)).findings]


def test_a_digest_with_items_has_no_findings(tmp_path):
    assert findings(tmp_path, Issue(items=(item(1),))) == []


def test_an_empty_digest_is_a_warning(tmp_path):
    more = "collect:\n  min_items: 3\n"
    assert findings(tmp_path, Issue(items=(item(1),), least=3), more=more) == [
        ("digest-empty", "campaigns/c.md", 6, "nothing would be sent now: 1 new item, and min_items is 3")
    ]
    assert findings(tmp_path, Issue())[0][:3] == ("digest-empty", "campaigns/c.md", 2)


def test_notes_on_items_are_findings_at_their_own_place(tmp_path):
    lost = item(1, picture=ItemPicture(src="gone.png", alt="Gone"), picture_line=9)
    (found,) = findings(tmp_path, Issue(items=(lost,)))
    assert found[:3] == ("digest-item", "campaigns/item-1.md", 9)


def test_a_topic_that_nobody_writes_about(tmp_path):
    more = "collect:\n  topics: [peru, pru]\n"
    held = Issue(items=(item(1),), topics=frozenset({"peru", "chile"}))
    assert findings(tmp_path, held, more=more) == [
        ("digest-topic", "campaigns/c.md", 7, 'no campaign has the topic "pru"')
    ]
