"""What `check` finds about the domains that answer for the mail, at the lines where they are set."""

import pytest

from compiling import around, write
from mailer.rendering.check import check
from mailer.settings import DkimSettings, RelaySettings

FILL = "They met in the hall of the old printworks and talked about what had come of the year. " * 5
PREHEADER = "preheader: And what became of it, told by those who were there that day\n"


def found(root, *, more=PREHEADER, **sections):
    findings = check(write(root, FILL, more=more), around(root, **sections)).findings
    return [finding for finding in findings if finding.rule in ("dkim-domain", "bounce-domain")]


@pytest.mark.parametrize("domain", ["", "example.org", "EXAMPLE.org", "mail.example.org"])
def test_a_signature_of_our_own_domain_is_in_order(tmp_path, domain):
    assert found(tmp_path, dkim=DkimSettings(selector="m1", domain=domain)) == []


@pytest.mark.parametrize("domain", ["example.com", "notexample.org", "e.x", "org.example.com"])
def test_a_signature_of_somebody_elses_domain_counts_for_nothing(tmp_path, domain):
    (finding,) = found(tmp_path, dkim=DkimSettings(selector="m1", domain=domain))
    assert (finding.rule, finding.severity) == ("dkim-domain", "error")
    assert finding.message == f"mail from example.org would be signed by {domain}, and count as unsigned (DMARC)"
    assert finding.file == "mailer.toml"


def test_a_campaign_from_another_domain_is_told_so_at_its_own_line(tmp_path):
    more = f"{PREHEADER}from: Ana <ana@example.com>\n"
    (finding,) = found(tmp_path, more=more, dkim=DkimSettings(selector="m1"))
    assert finding.file.endswith(".md")
    assert finding.line is not None
    assert "example.com would be signed by example.org" in finding.message
    assert (
        found(tmp_path, more=f"{PREHEADER}from: Ana <ana@news.example.org>\n", dkim=DkimSettings(selector="m1")) == []
    )


def test_what_cannot_sign_at_all(tmp_path):
    (finding,) = found(tmp_path, dkim=DkimSettings(selector="m1", domain="localhost"))
    assert (finding.rule, finding.message) == ("dkim-domain", '"localhost" is no domain that could sign mail.')


def test_without_dkim_nothing_is_said(tmp_path):
    assert found(tmp_path, dkim=DkimSettings(domain="example.com")) == []


def test_bounces_that_go_to_another_organisation(tmp_path):
    away = RelaySettings(host="127.0.0.1", envelope="verp", bounce_domain="bounces.example.com")
    (finding,) = found(tmp_path, relays=(away,))
    assert (finding.rule, finding.severity) == ("bounce-domain", "warning")
    assert "bounce.example.org" in finding.hint
    ours = RelaySettings(host="127.0.0.1", envelope="verp", bounce_domain="bounce.example.org")
    assert found(tmp_path, relays=(ours,)) == []
