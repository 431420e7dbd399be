"""What `check` says of topics, and what the footer offers where people can choose some."""

import pytest

from compiling import around, compiled, mail, write
from mailer.rendering.check import check
from mailer.settings import SubscribersSettings

TABLE = {"subscribers": SubscribersSettings(topics={"peru": "Peru", "work": "Work and pay"})}


def findings(root, topics, **sections):
    file = write(root, "A few words.\n", more=f"topics: [{topics}]\n")
    found = check(file, around(root, **sections)).findings
    return [(one.line, one.message, one.hint) for one in found if one.rule == "topic"]


def test_a_topic_that_nobody_can_choose(tmp_path):
    found = findings(tmp_path, "peru, wrok", **TABLE)
    assert [(message, hint) for _, message, hint in found] == [('there is no topic "wrok"', 'did you mean "work"?')]
    assert found[0][0] == write(tmp_path, "", more="topics: [peru, wrok]\n").line_of("topics", 1)
    assert findings(tmp_path, "peru, work", **TABLE) == []
    assert findings(tmp_path, "whatever") == []


@pytest.mark.parametrize(("sections", "offered"), [(TABLE, True), ({}, False)], ids=["topics", "none"])
def test_the_footer_offers_a_choice_where_there_is_one(tmp_path, sections, offered):
    made = mail(compiled(tmp_path, "A few words.\n", sections=sections).edition)
    for part in (made.text, made.html):
        assert ("Choose what you get" in part) is offered
        assert ("https://mail.example.org/p/" in part) is offered
        assert "https://mail.example.org/u/" in part
