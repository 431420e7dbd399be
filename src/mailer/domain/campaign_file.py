"""A campaign as it was read from its file: the typed front matter, the body, and where each stands."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from mailer.domain.campaign import Campaign
from mailer.domain.campaign_kinds import Place


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignFile:
    """What was read.

    name: how problems name the file ("campaigns/peru.md"); path: where it is; root: its project.
    body: Markdown with Jinja in it, LF line ends; its first line is line `body_line` of the file.
    lines: (line, column) of every key, both from 1, by its place: ("fund", "target"), ("waive", 0, "rule").
    sources: bytes that shaped it, by name: the file itself, and a fund's ledger.
    """

    slug: str
    name: str
    path: Path
    root: Path
    campaign: Campaign
    body: str
    body_line: int
    lines: Mapping[Place, tuple[int, int]] = field(default_factory=dict)
    sources: Mapping[str, bytes] = field(default_factory=dict)

    def line_of(self, *place: str | int) -> int | None:
        """The line of a key, else of the nearest one above it."""
        for length in range(len(place), 0, -1):
            if place[:length] in self.lines:
                return self.lines[place[:length]][0]
        return None
