"""The specimen sheet: what a project's brand makes of every kind of campaign, and of every colour."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mailer.domain.palette import palette_of
from mailer.errors import InputProblems, Problem
from mailer.sources.campaign_files import read_campaign
from mailer.sources.campaign_slugs import campaign_slugs
from mailer.web.preview.bench import Bench
from mailer.web.preview.examples import examples


@dataclass(frozen=True, slots=True, kw_only=True)
class Specimen:
    """One kind. state: another word for another mail; "" when there is none to show. problems: why it looks as it did, or not at all."""

    kind: str
    summary: str
    title: str
    state: str
    problems: tuple[Problem, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Own:
    """A campaign of the project. kind, headline: "" when its file cannot be read."""

    slug: str
    kind: str
    headline: str


def specimens(bench: Bench) -> list[Specimen]:
    """One of each kind, in this project's look."""
    found = []
    for example in examples().values():
        proof = bench.example(example.kind)
        found.append(
            Specimen(
                kind=example.kind,
                summary=example.summary,
                title=example.file.campaign.headline,
                state=proof.good.compiled.edition.sources[:12] if proof.good else "",
                problems=proof.findings,
            )
        )
    return found


def own_campaigns(bench: Bench) -> list[Own]:
    """What the project has, by slug."""
    found = []
    for slug in campaign_slugs(bench.root):
        try:
            campaign = read_campaign(bench.root, slug).campaign
            found.append(Own(slug=slug, kind=campaign.kind, headline=campaign.headline))
        except InputProblems:
            found.append(Own(slug=slug, kind="", headline=""))
    return found


def sheet_values(bench: Bench) -> Mapping[str, Any]:
    """What `specimen.html` prints."""
    specimens_now = specimens(bench)  # first: it may take over other settings
    return {
        "specimens": specimens_now,
        "own": own_campaigns(bench),
        "palette": palette_of(bench.app.settings.brand),
    }
