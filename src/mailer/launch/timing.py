"""When a campaign is to go out, settled: what somebody wished, in a zone, as an instant or as a rule with its first time."""

from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from datetime import datetime, timedelta
from itertools import takewhile
from zoneinfo import ZoneInfo

from mailer.domain.armed import Schedule, Terms
from mailer.domain.campaign import Campaign
from mailer.domain.campaign_types import end_of
from mailer.domain.catch_up import CatchUp
from mailer.domain.limits import window_of
from mailer.domain.recurrence import Occurrence, Rule
from mailer.domain.schedule import When, parse_when, resolve
from mailer.domain.wish import Wish
from mailer.errors import UsageError
from mailer.settings.zones import zone_meant


@dataclass(frozen=True, slots=True, kw_only=True)
class Once:
    """It goes out once. proof: so long before it a proof is mailed, None for never."""

    when: When
    proof: timedelta | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Again:
    """It comes round. first: its first time under these terms."""

    rule: Rule
    terms: Terms
    first: Occurrence

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.terms.zone)

    def times(self, now: datetime) -> Iterator[Occurrence]:
        """Those after `now`, under its terms, in order."""
        until, hours = self.terms.until, self.terms.hours
        coming = self.rule.following(now, self.zone, window=window_of(hours, self.zone) if hours else None)
        return takewhile(lambda one: until is None or one.at <= until, coming)


def proposal(campaign: Campaign) -> Wish | None:
    """What a campaign's file proposes; None if it proposes nothing."""
    said = campaign.schedule
    return None if said is None else replace(said.wish, timezone=said.timezone or campaign.timezone)


def wished(campaign: Campaign, typed: Wish) -> Wish:
    """What was typed; without a time, the file's proposal, but for the terms that were typed. Raises UsageError."""
    if typed.says_when:
        return replace(typed, timezone=typed.timezone or campaign.timezone)
    proposed = proposal(campaign)
    if proposed is None:
        raise UsageError(
            "This does not say when, and the campaign's file proposes nothing.",
            hint='Add --at "fri 09:00" for once, or --every "fri 09:00" for again and again.',
        )
    given = {one.name: value for one in fields(typed) if (value := getattr(typed, one.name)) is not None}
    return replace(proposed, **given)


def settle(wish: Wish, *, now: datetime, zone: str) -> Once | Again:
    """zone: where its times are read unless it names one. Raises UsageError for what cannot be, or never comes."""
    wish.refuse_contradictions()
    zone = zone_meant(wish.timezone) if wish.timezone else zone
    rule, proof = wish.rule(anchor=now), wish.proof_before()
    if rule is None:
        return Once(when=parse_when(wish.at or "", now=now, zone=zone), proof=proof)
    terms, place = _terms(wish, zone), ZoneInfo(zone)
    first = next(rule.following(now, place, window=window_of(terms.hours, place) if terms.hours else None), None)
    if first is None:
        raise UsageError(f'"{rule.said}" never comes within {terms.hours}.', hint="Change one of them.")
    if terms.until is not None and first.at > terms.until:
        local = first.at.astimezone(place)
        raise UsageError(
            f"The first would be on {local:%a %-d %b %Y}, after {wish.until}.", hint="Choose a later last day."
        )
    return Again(rule=rule, terms=terms, first=first)


def _terms(wish: Wish, zone: str) -> Terms:
    day = wish.last_day()
    return Terms(
        zone=zone,
        until=end_of(day, ZoneInfo(zone)) if day else None,
        hours=wish.hours(),
        catch_up=CatchUp(wish.catch_up or CatchUp.LATEST),
        proof=wish.proof_before(),
    )


def differs_from_proposal(campaign: Campaign, one: Schedule, *, zone: str) -> bool:
    """Whether the file proposes another time or other terms than those that were armed; False if it proposes nothing.

    What says the same in other words is the same. zone: where the file's times are read unless it names one.
    """
    wish, said = proposal(campaign), campaign.schedule
    if wish is None or said is None:
        return False
    zone = wish.timezone or zone
    if one.rule is None or said.at is not None:
        armed_for = one.next.at if one.rule is None and one.next else None
        return said.at is None or resolved(said.at, ZoneInfo(zone)) != armed_for
    rule = wish.rule(anchor=one.rule.anchor or one.created_at)
    return rule is None or not rule.means(one.rule) or _terms(wish, zone) != one.terms


def resolved(moment: datetime, zone: ZoneInfo) -> datetime:
    """The instant of a time in a file."""
    return moment if moment.tzinfo else resolve(moment, zone)
