"""Every rule of `check` finds what it is for, where it is, and nothing in a campaign that is in order."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from PIL import Image

from compiling import FUND, NOW, around, settings, write
from mailer.errors import Severity
from mailer.rendering.check import check
from mailer.rendering.lints import RULES
from mailer.rendering.surroundings import Surroundings
from mailer.settings import OrganisationSettings, RelaySettings, WebSettings, load

FILL = "\nThey met in the hall of the old printworks and talked about what had come of the year. " * 4
PREHEADER = "preheader: And what became of it, told by those who were there that day\n"


def found(root, body, *, now=NOW, sections=None, more=PREHEADER, **front):
    file = write(root, body + "\n" + FILL if front.pop("fill", True) else body, more=more, **front)
    return check(file, around(root, now=now, **(sections or {}))).findings


def rules(findings):
    return [(finding.rule, finding.line) for finding in findings]


@pytest.mark.parametrize("kind", ["article", "appeal"])
def test_a_campaign_in_order_has_no_findings(tmp_path, kind):
    assert found(tmp_path, "Dear {{ subscriber.first_name | default('friend') }},\n", kind=kind) == ()


IN_BODY = [
    ("placeholder", "Then TODO and more."),
    ("placeholder", "Then TK."),
    ("placeholder", "Lorem ipsum dolor."),
    ("placeholder", "See [[link]]."),
    ("lost-link", "For more information visit , or follow us."),
    ("lost-link", "To sign, click here:"),
    ("web-chrome", "Skip to main content"),
    ("web-chrome", "2 thoughts on Peru"),
    ("web-chrome", "Comments are closed."),
    ("doubled-word", "It was the the end."),
    ("doubled-word", "in such crimes in such crimes."),
    ("invisible-character", "A hard\u00a0space."),
    ("money-space", "They gave £ 11,791."),
    ("quotes", "“ It was”, she said."),
    ("quotes", '“This” and "that".'),
    ("attachment", "The leaflet is attached."),
    ("insecure-link", "[words](http://www.example.org)"),
    ("placeholder-link", "[words](https://staging.example.org)"),
    ("placeholder-link", "[words](http://localhost:8000/x)"),
    ("link-text", "[Click here](https://www.example.org)"),
    ("link-shortener", "[words](https://bit.ly/x)"),
]


@pytest.mark.parametrize(("rule", "words"), IN_BODY, ids=[words for _, words in IN_BODY])
def test_findings_in_the_body_have_their_line(tmp_path, rule, words):
    assert (rule, 9) in rules(found(tmp_path, f"Before.\n\n{words}\n"))


FINE = ["That that is, is.", "They had had enough.", "Todo el mundo lo sabe.", "tk is a toolkit.", "£11,791 came in.",
        "“One”, she said, “and two”.", "Call 020 7946 0000.", "[The report](https://www.example.org/here)"]  # fmt: skip


@pytest.mark.parametrize("words", FINE)
def test_what_only_looks_like_a_fault_is_left_alone(tmp_path, words):
    assert found(tmp_path, f"{words}\n") == ()


@pytest.mark.parametrize(
    ("rule", "front"),
    [
        ("subject-length", {"subject": "Hi"}),
        ("subject-length", {"subject": "So many words that no phone shows them and nobody reads them to the end, ever at all"}),
        ("subject-tone", {"subject": "READ THIS NOW PLEASE"}),
        ("subject-tone", {"subject": "Re: our conversation"}),
        ("subject-tone", {"subject": "Your final notice has come"}),
        ("preheader", {"more": ""}),
        ("preheader", {"more": "preheader: A subject long enough\n"}),
        ("preheader", {"more": "preheader: Short\n"}),
        ("unknown-list", {"more": PREHEADER + "list: letters\n"}),
        ("deadline-passed", {"more": PREHEADER + "send_by: 2024-11-21\n"}),
        ("imprint", {"more": PREHEADER + "election_material: true\n"}),
        ("identity", {"sections": {"organisation": OrganisationSettings(name="N", from_address="a@example.org")}}),
        ("identity", {"sections": {"organisation": OrganisationSettings(name="N", postal_address="1 Street")}}),
        ("public-url", {"sections": {"web": WebSettings(), "relays": (RelaySettings(host="smtp.example.org"),)}}),
        ("short-body", {"fill": False}),
    ],
)  # fmt: skip
def test_findings_around_the_text(tmp_path, rule, front):
    assert rule in [name for name, _ in rules(found(tmp_path, "Words.\n", **front))]


@pytest.mark.parametrize(
    ("rule", "change", "days"),
    [
        ("fund-stale", None, 8),
        ("fund-stale", None, -1),
        ("deadline-passed", None, 9),
        ("fund-outcome", ("  if_over: More goes to the next fund.\n", ""), 0),
        ("fund-outcome", ("  if_under: We print fewer pages.\n", ""), 0),
        ("fund-asks", ("asks: [5, 10]", "asks: [5, 20000]"), 0),
    ],
)
def test_findings_about_the_fund(tmp_path, monkeypatch, rule, change, days):
    if change:
        assert change[0] in FUND
        monkeypatch.setattr("compiling.FUND", FUND.replace(*change))
    findings = found(tmp_path, "Words.\n", kind="appeal", now=NOW + timedelta(days=days))
    (finding,) = [finding for finding in findings if finding.rule == rule]
    assert finding.severity is Severity.ERROR
    assert finding.line is not None


def test_a_typed_figure_is_found(tmp_path):
    assert ("fund-typed", 17) in rules(found(tmp_path, "We have £11,791.\n", kind="appeal"))


@pytest.mark.parametrize(
    ("rule", "figure"),
    [
        ("alt", '![](p.png "c | d")'),
        ("alt", '![p.png](p.png "c | d")'),
        ("alt", '![IMG_2034](p.png "c | d")'),
        ("credit", '![A red field](p.png "a caption")'),
        ("credit", "![A red field](p.png)"),
        ("alt-length", f'![{" ".join(map(str, range(100)))}](p.png "c | d")'),
    ],
)
def test_findings_about_pictures(tmp_path, rule, figure):
    (tmp_path / "campaigns").mkdir()
    Image.new("RGB", (40, 40), "red").save(tmp_path / "campaigns" / "p.png")
    assert rules(found(tmp_path, f"\n{figure}\n")) == [(rule, 8)]


def test_a_template_without_a_way_out_or_an_address(tmp_path):
    letter = {
        "article.mjml": "<mjml><mj-body><mj-section><mj-column><mj-text><p>x</p></mj-text></mj-column></mj-section>{{ body }}</mj-body></mjml>",
        "article.txt": "{{ body }}",
    }
    findings = found(tmp_path, "Words.\n", templates=letter)
    assert sorted({finding.rule for finding in findings}) == ["identity", "way-out"]
    assert len(findings) == 4


def test_a_brand_that_does_not_read_is_found_where_it_was_set(tmp_path):
    (tmp_path / "mailer.toml").write_text('[brand]\naccent = "#ffe14d"\naccent_dark = "#14532d"\npaper = "#1b2430"\n')
    seen = {"brand": load(tmp_path, {}).brand, "lines": load(tmp_path, {}).lines, "origins": load(tmp_path, {}).origins}
    findings = found(tmp_path, "Words.\n", sections=seen)
    # The ink was never set: it is the paper that made it give way.
    assert [(one.rule, one.file, one.line, one.severity) for one in findings] == [
        ("brand-contrast", "mailer.toml", 3, Severity.WARNING),
        ("brand-contrast", "mailer.toml", 4, Severity.WARNING),
    ]
    assert "brand.accent_dark #14532d reads at 1.6:1 on the tint #272329" in findings[0].message
    assert 'set accent_dark = "#' in findings[0].hint
    assert "brand.ink #1d1b20" in findings[1].message
    mended = replace(seen["brand"], ink="#ffffff", accent_dark="")
    assert found(tmp_path, "Words.\n", sections=seen | {"brand": mended}) == ()


def test_a_brand_from_the_environment_is_found_there(tmp_path):
    project = load(None, {"MAILER_BRAND__ACCENT": "#ffe14d"})
    seen = {"brand": project.brand, "origins": project.origins}
    (finding,) = found(tmp_path, "Words.\n", sections=seen)
    assert (finding.file, finding.line) == ("MAILER_BRAND__ACCENT", None)


def test_an_examples_sender_and_address_are_noticed_before_mail_leaves_this_machine(tmp_path):
    (tmp_path / "mailer.toml").write_text(
        '[organisation]\nname = "N"\nfrom_address = "news@example.org"\npostal_address = "1 Example Street, Example Town"\n'
    )
    project = load(tmp_path, {})
    seen = {"organisation": project.organisation, "lines": project.lines, "origins": project.origins}
    assert found(tmp_path, "Words.\n", sections=seen) == ()
    leaving = seen | {"relays": (RelaySettings(host="smtp.example.org"),)}
    findings = found(tmp_path, "Words.\n", sections=leaving)
    assert [(one.rule, one.file, one.line, one.severity) for one in findings] == [
        ("identity", "mailer.toml", 3, Severity.WARNING),
        ("identity", "mailer.toml", 4, Severity.WARNING),
    ]
    own = found(tmp_path, "Words.\n", sections=leaving, more=PREHEADER + "from: A <a@solidarity.org.uk>\n")
    assert [one.line for one in own] == [4]


def test_size_is_a_warning_before_it_is_an_error(tmp_path):
    paragraph = "They met in the hall of the old printworks and talked on. " * 10
    sizes = {}
    for count in (90, 110, 150):
        findings = found(tmp_path, "\n\n".join(f"Part {number}. {paragraph}" for number in range(count)))
        sizes[count] = [finding.severity for finding in findings if finding.rule == "size"]
    assert sizes[150] == [Severity.ERROR]
    assert [Severity.WARNING] in sizes.values() or sizes[90] == []


WAIVED = PREHEADER + "waive:\n  - rule: doubled-word\n    reason: the name of the band\n"


def test_a_waived_rule_is_silent_until_its_day(tmp_path):
    body = "They were called The The.\n"
    assert rules(found(tmp_path, body)) == [("doubled-word", 7)]
    assert found(tmp_path, body, more=WAIVED) == ()
    assert found(tmp_path, body, more=WAIVED + "    until: 2024-11-22\n") == ()
    over = found(tmp_path, body, more=WAIVED + "    until: 2024-11-21\n")
    assert {finding.rule for finding in over} == {"doubled-word", "waive"}


@pytest.mark.parametrize(
    ("rule", "words"), [("doubled-wrd", 'did you mean "doubled-word"?'), ("raw-html", "cannot be waived")]
)
def test_waivers_of_what_cannot_be_waived(tmp_path, rule, words):
    (finding,) = found(tmp_path, "Words.\n", more=WAIVED.replace("doubled-word", rule))
    assert words in f"{finding.message} {finding.hint}"
    assert (finding.rule, finding.line, finding.severity) == ("waive", 7, Severity.ERROR)


def test_what_cannot_be_compiled_is_reported_alone(tmp_path):
    assert rules(found(tmp_path, "<b>TODO</b>\n")) == [("raw-html", 7)]


def test_every_rule_has_a_test_here_or_in_a_file_beside_this():
    text = "".join(path.read_text(encoding="utf-8") for path in Path(__file__).parent.glob("test_lints*.py"))
    assert [rule.id for rule in RULES if f'"{rule.id}"' not in text] == []


def test_rules_know_their_settings_only_through_material(tmp_path):
    # A project without any settings still gets findings and no crash.
    bare = replace(settings(tmp_path), organisation=OrganisationSettings())
    file = write(tmp_path, "Words.\n", more="from: A <a@example.org>\n")
    assert {finding.rule for finding in check(file, Surroundings(settings=bare, now=NOW)).findings} >= {"identity"}
