"""The palette reaches everything that a group's readers see: the mail and the pages that it links to."""

import re

import pytest

from example_mail import compiled, example_mail, settings
from mailer.domain.palette import palette_of
from mailer.settings import BrandSettings, Settings
from mailer.web.look import SitePages

SLUG = "fighting-fund"
#: Every colour set, so that none that is shipped may be left.
BRAND = {
    "accent": "#0b5d3b",
    "accent_dark": "#7fd1ae",
    "ink": "#10243f",
    "paper": "#fffdf5",
    "canvas": "#10243f",
    "headings": "Palatino, serif",
}
SHIPPED = palette_of(BrandSettings()).light
#: Colours of the default palette that another brand has not.
REPLACED = {getattr(SHIPPED, name) for name in ("accent", "ink", "paper", "canvas", "tint", "line", "track")}


def used(text):
    return set(re.findall(r"#[0-9a-f]{6}\b", text))


def test_the_mail_has_no_colour_but_those_of_the_palette():
    palette = palette_of(BrandSettings(**BRAND))
    mail = example_mail(SLUG, of=compiled(SLUG, settings(brand=BRAND)))
    known = {getattr(scheme, name) for scheme in (palette.light, palette.dark) for name in scheme.__slots__}
    seen = mail.html.replace("display:none;font-size:1px;color:#ffffff", "")  # MJML's own, of what nobody sees
    assert used(seen) <= known
    assert {palette.light.accent, palette.light.canvas_ink, palette.dark.accent} <= used(mail.html)
    assert "Palatino, serif" in mail.html


def pages(project):
    site = SitePages(project)
    yield "leave", site.leave(
        standing="subscribed", address="a***@example.org", can_undo=True, list_title="News", list_description="",
        undone=False,
    )  # fmt: skip
    yield from (("home", site.home()), ("nobody", site.nobody()), ("test", site.test_link()))
    yield from (("lost", site.problem(404)), ("bad", site.problem(400)))


@pytest.mark.parametrize("number", range(6))
def test_every_page_of_subscribers_wears_the_brand(number):
    project = Settings(brand=BrandSettings(**BRAND, name="Our Group"))
    _, answer = list(pages(project))[number]
    html, palette = answer.body.decode(), palette_of(project.brand)
    assert used(html) & REPLACED == set()
    assert {palette.light.accent, palette.light.canvas_accent, palette.dark.accent} <= used(html)
    assert '<p class="name" dir="auto">Our Group</p>' in html


@pytest.mark.parametrize("website", ["", "https://www.example.org"])
def test_the_name_in_the_header_turns_pale_in_the_dark_whether_or_not_it_leads_anywhere(website):
    project = settings(organisation={"website": website})
    html = example_mail(SLUG, of=compiled(SLUG, project)).html
    (header,) = re.findall(r'<p class="name"[^>]*>.*?</p>', html, re.DOTALL)[:1]
    assert ("<a " in header) is bool(website)
    rule = next(line for line in html.splitlines() if line.startswith(".tone-ink,"))
    assert ".masthead .name," in rule
    assert palette_of(project.brand).dark.ink in rule
