"""What a hostile or a clumsy body gets to read: its own file and line, and what to do."""

import pytest

from compiling import problems

BODY_LINE = 6  # of the first line of the body, behind the front matter that `problems` writes


def said(root, body, **front):
    """(place, words) of the one finding."""
    (found,) = problems(root, body, **front)
    place, _, words = found.partition(": ")
    return place, words


@pytest.mark.parametrize("block", ["thermometer", "asks"])
def test_a_fund_in_a_campaign_without_one_is_refused_where_the_body_asks_for_it(tmp_path, block):
    place, words = said(tmp_path, f"Words.\n\n{{{{ {block}() }}}}\n")
    assert place.startswith(f"campaigns/c.md:{BODY_LINE + 2}")
    assert "this campaign has no fund" in words
    assert "write its figures under fund:" in words


def test_a_campaign_without_a_fund_can_be_asked_whether_it_has_one(tmp_path):
    (found,) = problems(tmp_path, "{% if fund %}yes{% else %}{{ nothing }}{% endif %}\n")
    assert "'nothing' is undefined" in found


@pytest.mark.parametrize("src", ["x" * 5000 + ".png", "/" * 5000, "nothing.png", ".", "data:image/png;base64,AAAA"])
def test_a_picture_that_is_no_file_is_refused_where_the_body_names_it(tmp_path, src):
    place, words = said(tmp_path, f"Words.\n\n![Alt]({src})\n")
    assert place.startswith(f"campaigns/c.md:{BODY_LINE + 2}")
    assert "there is no picture" in words


def test_a_file_that_is_no_picture_is_refused_where_it_is_named(tmp_path):
    (tmp_path / "notes.txt").write_text("words")
    place, words = said(tmp_path, "![Alt](../notes.txt)\n")
    assert place == f"campaigns/c.md:{BODY_LINE}"
    assert "notes.txt: " in words
    assert "no picture" in words


def test_a_recipient_cannot_choose_a_picture(tmp_path):
    place, words = said(tmp_path, "![Alt]({{ subscriber.email }})\n")
    assert place.startswith(f"campaigns/c.md:{BODY_LINE}")
    assert "recipient data cannot choose a picture" in words


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ("default(1, 2, 3)", '"default" has too many arguments (it takes 2 at most)'),
        ("upper(1)", '"upper" has too many arguments (it takes none at most)'),
        ("number(1, 2)", '"number" has too many arguments (it takes 1 at most)'),
    ],
)
def test_a_filter_that_could_never_run_is_refused_before_anybody_is_mailed(tmp_path, written, words):
    place, found = said(tmp_path, f"Words.\n\n{{{{ subscriber.first_name | {written} }}}}\n")
    assert place == f"campaigns/c.md:{BODY_LINE + 2}"
    assert words in found


@pytest.mark.parametrize(
    "body",
    [
        "{{ " + "(" * 3000 + "1" + ")" * 3000 + " }}\n",
        "{{ " + "not " * 3000 + "1 }}\n",
        "{% if 1 %}" * 1500 + "x" + "{% endif %}" * 1500 + "\n",
        "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}\n",
    ],
)
def test_what_is_nested_too_deeply_is_said_to_be_so(tmp_path, body):
    place, words = said(tmp_path, body)
    assert place.startswith("campaigns/c.md")
    assert "nested too deeply" in words
