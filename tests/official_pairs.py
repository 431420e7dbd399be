"""What is compared with the official MJML: every example campaign, and the layouts in tests/mjml_corpus."""

from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from PIL import Image

import official
from compiling import plain
from example_mail import EXAMPLES, PUBLIC_URL, ROOT, ROSA, example_mail, issue, settings
from mailer.errors import InputProblems
from mailer.rendering.finish import finished
from mailer.rendering.holes import Holes
from mailer.rendering.lines import Places, located
from mailer.rendering.mjml import to_html
from mailer.rendering.surroundings import Surroundings
from mailer.sources.campaign_files import read_campaign

CORPUS = {path.stem: path for path in sorted(Path(__file__).with_name("mjml_corpus").glob("*.mjml"))}
NAMES = [*EXAMPLES, *CORPUS]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """One document through both. mjml: what both were given."""

    mjml: str
    ours: str
    theirs: str
    errors: list[str]


def pair(name: str) -> Pair:
    mjml, ours = _made(name)
    theirs = _theirs()[name]
    return Pair(mjml=mjml, ours=ours, theirs=theirs.html, errors=theirs.errors)


@cache
def _made(name: str) -> tuple[str, str]:
    """(MJML, our HTML)"""
    return _corpus(CORPUS[name].read_text(encoding="utf-8")) if name in CORPUS else _example(name)


@cache
def _theirs() -> dict[str, official.Official]:
    """All in one go, but for a campaign that does not compile: the tests of that one will say so."""
    sources = {}
    for name in NAMES:
        with suppress(InputProblems):
            sources[name] = _made(name)[0]
    return official.rendered(sources)


def through_our_chain(mjml: str) -> str:
    holes = Holes([mjml])
    return finished(to_html(located(mjml, Places()), holes, is_own_picture=lambda _: True), holes)


def _corpus(mjml: str) -> tuple[str, str]:
    return mjml, through_our_chain(mjml)


def _example(slug: str) -> tuple[str, str]:
    """A campaign rendered for one person, before and after our own MJML, without tokens in it."""
    project = settings()
    fields = {"email": "rosa@example.org", "attributes": {}, **ROSA}
    now = project.project.clock
    around = Surroundings(settings=project, now=now, issue_of=lambda digest: issue(digest, now))
    rendered = plain(read_campaign(ROOT, slug), fields, surroundings=around)
    return rendered.mjml, rendered.html


def with_pictures(html: str, name: str, folder: Path) -> str:
    """`html` with pictures that `folder` holds."""
    if name in CORPUS:
        slope = Image.linear_gradient("L").resize((600, 240))
        Image.merge("RGB", (slope, slope.transpose(Image.Transpose.FLIP_LEFT_RIGHT), slope)).save(folder / "wide.png")
        Image.new("RGB", (120, 120), "#2266aa").save(folder / "small.png")
        return html
    example_mail(name).with_pictures_in(folder)
    return html.replace(f"{PUBLIC_URL}/media/", f"{folder.as_uri()}/")
