"""Rules about what stands in two places: quotation marks, sentences, names, buttons, links."""

import pytest

from compiling import around, write
from mailer.rendering.check import check

FILL = "They met in the hall of the old printworks and talked about what had come of the year.\n\n"
FILL += "".join(
    f"Number {number} of those who spoke there had come a long way on foot and in the rain.\n\n" for number in "abcd"
)
MORE = "preheader: And what became of it, told by those who were there that day\n"


def found(root, body, *, more=MORE, **front):
    findings = check(write(root, f"{body}\n\n{FILL}", more=more, **front), around(root)).findings
    return [(finding.rule, finding.line) for finding in findings]


@pytest.mark.parametrize(
    ("words", "rule", "line"),
    [
        ("“We stay, she said.\n\nThen they left.", "unbalanced-quotes", 7),
        ("We stay”, she said.", "unbalanced-quotes", 7),
        ("One.\n\n“We”, she said, “stay.", "unbalanced-quotes", 9),
        ("“We stay.\n\n“We sing.\n\nThen they left.", "unbalanced-quotes", 9),
        ('"We stay, she said.', "unbalanced-quotes", 7),
        ("We shall not be moved by anybody at all today.\n\nOne. We shall not be moved by anybody at all today.", "repeated-sentence", 9),
        ("“We shall not be moved by anybody at all today.”\n\nShe said: “We shall not be moved by anybody at all today.”", "repeated-sentence", 9),
        ("Maria Cecilia Sample spoke. So did others.\n\nThen Maria Ceclia Sample sang.", "name-spelling", 9),
        ("Robin Sample spoke.\n\nThen Robin Smaple sang.", "name-spelling", 9),
        ('{{ button(label="Sign", url="https://www.example.org/sign") }}\n\n{{ button(label="Give", url="https://www.example.org/give") }}', "one-ask", 9),
    ],
)  # fmt: skip
def test_findings_have_their_line(tmp_path, words, rule, line):
    assert (rule, line) in found(tmp_path, words)


@pytest.mark.parametrize(
    "words",
    [
        "“We stay”, she said, “and we sing.”",
        "“We stay.\n\n“We sing.\n\n“We go home”, she said.",
        "“She told me: ‘Stay.’ I stayed.”",
        '"We stay", she said.',
        "They came back. They came back.",
        "Robin Sample spoke. Then Robin Sample’s friend Robyn sang for Robin Samples and the Samples.",
        "Latin America is large. Latin American papers say so. Peruvian Congress, Peruvian Congresses.",
        "Ana Sample met Ann Sample.",
        '{{ button(label="Sign", url="https://www.example.org/sign") }}\n\nThen.\n\n{{ button(label="Sign now", url="https://www.example.org/sign") }}',
    ],
)
def test_what_only_looks_like_a_fault_is_left_alone(tmp_path, words):
    assert found(tmp_path, words) == []


def test_a_button_beside_the_funds_own_is_another_ask(tmp_path):
    line = ("{{ button(label='Come', url='https://www.example.org/come') }}", "one-ask")
    assert line[1] in dict(found(tmp_path, line[0], kind="appeal"))
    assert found(tmp_path, "{{ button(label='Give', url='https://www.example.org/give') }}", kind="appeal") == []


def test_a_pull_quote_that_is_derived_is_no_repetition(tmp_path):
    words = "We shall not be moved by anybody at all today."
    more = f"{MORE}pull_quote:\n  from: We shall not\n  by: Robin Sample\n"
    assert found(tmp_path, f"“{words}”", more=more) == []


def test_a_template_whose_text_twin_leaves_out_a_link_is_told(tmp_path):
    template = tmp_path / "templates" / "blocks" / "button.txt"
    template.parent.mkdir(parents=True)
    template.write_text("{#- block button(label, url) -#}\n{{ label }}\n")
    assert ("part-links", None) in found(tmp_path, "{{ button(label='Sign', url='https://www.example.org/sign') }}")
