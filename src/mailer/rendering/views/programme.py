"""`programme` in templates: the sessions of an event, and everybody who speaks there."""

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from mailer.domain.campaign import Campaign
from mailer.domain.campaign_parts import Session, Speaker


@dataclass(frozen=True, slots=True, kw_only=True)
class Programme:
    """speakers: of all sessions, each person once, in the order in which they first speak."""

    sessions: tuple[Session, ...]
    speakers: tuple[Speaker, ...]


def programme_view(campaign: Campaign, _now: datetime, _zone: ZoneInfo) -> Programme | None:
    """The programme of a campaign whose kind has `sessions`; None when it names none."""
    sessions: tuple[Session, ...] = getattr(campaign, "sessions", ())
    speakers: dict[str, Speaker] = {}
    for speaker in (speaker for session in sessions for speaker in session.speakers):
        speakers.setdefault(speaker.name, speaker)
    return Programme(sessions=sessions, speakers=tuple(speakers.values())) if sessions else None
