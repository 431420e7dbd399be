"""What `check` finds in letters."""

import pytest

from compiling import around, settings, write
from mailer.rendering.check import check

BODY = (
    "\nDear {{ subscriber.first_name | default('friend') }},\n"
    + "\nI write because there is something to say about it. " * 7
)
PREHEADER = "preheader: And what became of it, told by somebody who was there that day\n"
WRITER = "writer:\n  name: Robin Sample\n"
FROM = "from: Robin Sample <robin@example.org>\n"


def found(root, more):
    file = write(root, BODY, kind="letter", more=PREHEADER + more)
    return [(finding.rule, finding.line) for finding in check(file, around(root)).findings]


@pytest.mark.parametrize("sender", ["Robin Sample <robin@example.org>", "Robin Sample at the Network <n@example.org>",
                                    "ROBIN SAMPLE <robin@example.org>"])  # fmt: skip
def test_a_letter_from_its_writer_is_in_order(tmp_path, sender):
    assert found(tmp_path, f"from: {sender}\n{WRITER}") == []


def test_a_letter_from_somebody_else_is_found_where_its_sender_stands(tmp_path):
    assert found(tmp_path, "from: News desk <news@example.org>\n" + WRITER) == [("letter-from", 6)]


def test_a_letter_from_the_group_is_found_where_its_writer_stands_and_says_what_to_write(tmp_path):
    assert found(tmp_path, WRITER) == [("letter-from", 7)]
    file = write(tmp_path, BODY, kind="letter", more=PREHEADER + WRITER)
    (finding,) = check(file, around(tmp_path)).findings
    assert finding.message == f'Robin Sample signs, and inboxes show "{settings().organisation.name}"'
    assert finding.hint == 'write from: "Robin Sample <news@example.org>"'


@pytest.mark.parametrize("name", ["kicker", "standfirst", "byline"])
def test_what_a_letter_does_not_show_is_found(tmp_path, name):
    assert found(tmp_path, f"{FROM}{WRITER}{name}: Some words\n") == [("letter-furniture", 9)]
