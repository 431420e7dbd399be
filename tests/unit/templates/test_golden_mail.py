"""What every example campaign becomes is kept, byte for byte: a change is seen, and meant."""

import difflib
import re

import pytest

import golden_mail
from example_mail import EXAMPLES

HOW = "after a change that is meant: python tests/golden_mail.py, and read the difference"


@pytest.mark.parametrize("ending", [".html", ".txt", ".eml"])
@pytest.mark.parametrize("slug", EXAMPLES)
def test_the_mail_is_the_one_that_was_kept(slug, ending):
    path = golden_mail.FOLDER / f"{slug}{ending}"
    assert path.exists(), HOW
    made, kept = golden_mail.made(slug)[ending], path.read_bytes()
    if made != kept:
        difference = difflib.unified_diff(lines(kept), lines(made), "kept", "made", n=1, lineterm="")
        pytest.fail("\n".join([HOW, *list(difference)[:60]]), pytrace=False)


def lines(content: bytes) -> list[str]:
    """With a line for every element: HTML has long ones."""
    return re.sub(r"(?<=>)(?=<)", "\n", content.decode()).splitlines()


def test_nothing_is_kept_of_campaigns_that_are_gone():
    assert {path.stem for path in golden_mail.FOLDER.iterdir()} == set(EXAMPLES)


def test_names_that_depend_on_libraries_are_not_kept():
    for slug in EXAMPLES:
        assert not re.search(
            r"/media/[0-9a-f]*[a-f]", (golden_mail.FOLDER / f"{slug}.html").read_text(encoding="utf-8")
        )
