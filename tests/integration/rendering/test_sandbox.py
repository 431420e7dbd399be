"""What a campaign's body, or a project's template, may reach while it is compiled: data, and nothing that acts."""

import pickle

import pytest

from compiling import ANA, compiled, mail, problems

#: Pickled, it writes a file when it is read: protocol 0 is plain text, so a body can hold it.
BOMB = "cbuiltins\nopen\n(S'{path}'\nS'w'\ntR."


def test_a_body_cannot_unpickle(tmp_path):
    marker = tmp_path / "ran"
    bomb = BOMB.format(path=marker).replace("\n", "\\n")
    pickle.loads(BOMB.format(path=marker).encode()).close()
    assert marker.exists(), "the bomb itself works"
    marker.unlink()
    found = problems(tmp_path, f'{{{{ campaign.parse_raw("{bomb}", proto="pickle", allow_pickle=True) }}}}\n')
    assert not marker.exists()
    assert len(found) == 1
    assert found[0].startswith("campaigns/c.md:6: access to attribute 'parse_raw'")


@pytest.mark.parametrize(
    "expression",
    [
        'campaign.parse_file("/etc/hostname")',
        'campaign["parse_file"]("/etc/hostname")',
        '(campaign | attr("parse_file"))("/etc/hostname")',
        '([campaign] | map(attribute="parse_file") | first)("/etc/hostname")',
        "campaign.model_construct()",
        'campaign.model_copy(update={"subject": "x"})',
        "campaign.deadline()",
        "organisation.__class__",
        '"{0.__class__}".format(campaign)',
        '"%s" | format(campaign.__init__)',
        "prose.__globals__",
        "image.__self__",
        "_.__globals__",
        "lipsum.__globals__",
        "cycler.__init__.__globals__",
        "self.__init__.__globals__",
        "campaign.headline.__class__.__mro__",
    ],
)
def test_nothing_that_acts_can_be_reached(tmp_path, expression):
    assert problems(tmp_path, f"{{{{ {expression} }}}}\n"), expression


@pytest.mark.parametrize(
    "expression",
    [
        "9 ** 9 ** 9",
        '"x" * 10 ** 9',
        "[1] * 10 ** 9",
        '10 ** 9 * "x"',
        '"%999999999d" % 1',
        '"%.999999999f" % 1',
        '"%*d" % (10 ** 9, 1)',
        '"%999999999d" | format(1)',
        '"x" | center(10 ** 9)',
        '"x".ljust(10 ** 9)',
        '"x".zfill(10 ** 9)',
        "lipsum(n=100000)",
    ],
)
def test_a_short_expression_cannot_take_all_memory_or_time(tmp_path, expression):
    assert len(problems(tmp_path, f"{{{{ {expression} }}}}\n")) == 1


def test_plain_values_keep_their_methods(tmp_path):
    body = "{{ campaign.headline.upper() }} {{ 'o' * 3 }} {{ 2 ** 3 }} {{ '%.2f' % 1 }} {% for i in range(2) %}{{ loop.cycle('a', 'b') }}{% endfor %}\n"
    assert "THE HEADLINE ooo 8 1.00 ab" in mail(compiled(tmp_path, body).edition, ANA).text
