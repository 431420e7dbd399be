"""Which addresses of a mail lead home to the preview, and which stay."""

import pytest

from mailer.web.preview.views import VIEWS, at_home, view_named

OURS = "https://mail.example.org"


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ('src="https://mail.example.org/media/0a.jpg"', 'src="/media/0a.jpg"'),
        ("background:url('https://mail.example.org/media/0a.jpg')", "background:url('/media/0a.jpg')"),
        ("background:url(https://mail.example.org/media/0a.jpg)", "background:url(/media/0a.jpg)"),
        ('href="https://mail.example.org/u/AAAt"', 'href="/link/u/AAAt"'),
        ('href="https://mail.example.org/v/AAAt"', 'href="/link/v/AAAt"'),
        ('href="https://mail.example.org/p/AAAt"', 'href="/link/p/AAAt"'),
        ('href="https://mail.example.org/c/fund"', 'href="/link/c/fund"'),
        ('href="https://mail.example.org/give"', 'href="https://mail.example.org/give"'),
        ('href="https://mail.example.org.evil.test/u/AAAt"', 'href="https://mail.example.org.evil.test/u/AAAt"'),
        ('href="https://www.example.org/?to=https://mail.example.org/u/A"',) * 2,
        ("<p>https://mail.example.org/u/AAAt</p>",) * 2,
    ],
)
def test_ours_lead_home_and_others_stay(written, shown):
    assert at_home(written, OURS, media="/media/", links="/link/") == shown


def test_on_disk_only_files_lead_home():
    html = 'src="https://mail.example.org/media/0a.jpg" href="https://mail.example.org/u/AAAt"'
    assert (
        at_home(html, OURS, media="../media/", links=None)
        == 'src="../media/0a.jpg" href="https://mail.example.org/u/AAAt"'
    )


def test_an_address_is_no_pattern():
    assert (
        at_home('href="https://mailXexample.org/u/A"', OURS, media="/m/", links="/l/")
        == 'href="https://mailXexample.org/u/A"'
    )


def test_views_have_names_that_files_can_have_and_an_unknown_one_is_the_first():
    assert len({view.name for view in VIEWS}) == len(VIEWS)
    assert all(view.name.replace("-", "").isalpha() for view in VIEWS)
    assert view_named("nothing").name == view_named("").name == "light"
