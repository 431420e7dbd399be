"""What templates see beside `campaign`: figures and wordings that follow from its fields, the clock and the zone.

A view is an object such as `fund`. A campaign that has nothing for it gets an `Absent` under that name: false in a
condition, and a finding in plain words when a template asks it for a figure.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from mailer.domain.campaign import Campaign
from mailer.rendering.problems import TemplateFault
from mailer.rendering.views.fund import fund_view
from mailer.rendering.views.letter import letter_view
from mailer.rendering.views.petition import petition_view
from mailer.rendering.views.programme import programme_view
from mailer.rendering.views.when import when_view


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """make: gives the object, or None. lacking: what to do about a campaign that has none."""

    make: Callable[[Campaign, datetime, ZoneInfo], object | None]
    lacking: str


VIEWS: dict[str, View] = {
    "fund": View(make=fund_view, lacking="an appeal or an article has one: write its figures under fund:"),
    "petition": View(make=petition_view, lacking="a petition has one: write its figures under petition:"),
    "programme": View(make=programme_view, lacking="an event has one: write its parts under sessions:"),
    "letter": View(make=letter_view, lacking="only a letter has one: kind: letter"),
    "when": View(make=when_view, lacking="an invitation has one: write start: and end: under event:"),
}


class Absent:
    """Stands where a campaign has no such thing."""

    __slots__ = ("_lacking", "_name")

    def __init__(self, name: str, lacking: str) -> None:
        self._name, self._lacking = name, lacking

    def __bool__(self) -> bool:
        return False

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        message = f'"{self._name}.{name}" is asked for, and this campaign has no {self._name}'
        raise TemplateFault(message, self._lacking, rule="absent")


def views(campaign: Campaign, now: datetime, zone: ZoneInfo) -> dict[str, object]:
    """Every view by its name in templates, of `campaign` as it stands `now` for a reader in `zone`."""
    return {name: view.make(campaign, now, zone) or Absent(name, view.lacking) for name, view in VIEWS.items()}
