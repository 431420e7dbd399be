"""The outlook on a time to come: what a campaign would hold then, for whom, and what would keep it back.

Nothing is armed, frozen or promised by looking. Whoever looks does so with the clock of that time, so that days left, and
what will have come out by then, are those of the issue; what is mailed until then nobody knows, so it is said beside.
"""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime

from mailer.domain.armed import Schedule, State
from mailer.domain.audience import Audience
from mailer.domain.campaign_digest import Digest
from mailer.domain.campaign_file import CampaignFile
from mailer.domain.digest import DIGEST, Issue
from mailer.domain.schedule import When
from mailer.domain.views import View, rule_of
from mailer.errors import InputProblems, UnknownName
from mailer.launch.ahead import Ahead
from mailer.launch.approved import approved
from mailer.launch.draft import audience_for
from mailer.launch.firing import differs_from_armed
from mailer.launch.plan import Desk, Order
from mailer.launch.views import narrowed, people_by_view
from mailer.sources.campaign_files import read_campaign
from mailer.storage import audiences, schedules


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """How things stand for it. people: who would be mailed, None without a database to ask; views: of how many see which items.

    held: why it would not go out then, half a sentence each. before: (slug, when) of what is armed to go out before it
    and would then be in it.
    """

    ahead: Ahead
    issue: Issue | None
    people: int | None = None
    views: Mapping[View, int] = field(default_factory=dict)
    held: tuple[str, ...] = ()
    before: tuple[tuple[str, When], ...] = ()


def look_ahead_blindly(ahead: Ahead, issue: Issue | None) -> Outlook:
    """What can be said without a database: nothing is armed, and nobody is known."""
    return Outlook(ahead=ahead, issue=issue, held=tuple(_obstacles(ahead, issue)))


def look_ahead(desk: Desk, ahead: Ahead, file: CampaignFile, issue: Issue | None, *, real_now: datetime) -> Outlook:
    """desk: with the clock of that time. issue: what it would hold, if it is a digest. Raises UnknownName, InputProblems, Refused."""
    audience = ahead.schedule.audience if ahead.schedule else audience_for(desk, file, Order(slug=file.slug), ())
    readers = narrowed(audience, issue)
    with desk.database.reading() as connection:
        people = audiences.count(connection, readers, now=desk.clock())
        others = [one for one in schedules.armed(connection, until=ahead.when.at) if one.slug != file.slug]
    return Outlook(
        ahead=ahead,
        issue=issue,
        people=people,
        views=_views(desk, file, issue, readers),
        held=(*_refusals(desk, ahead), *_obstacles(ahead, issue)),
        before=tuple(_before(file, issue, [one for one in others if one.next and one.next.at > real_now])),
    )


def _views(desk: Desk, file: CampaignFile, issue: Issue | None, readers: Audience) -> Mapping[View, int]:
    rule = rule_of(issue) if issue and not issue.is_empty else None
    return people_by_view(desk, file, rule, readers) if rule else {}


def _refusals(desk: Desk, ahead: Ahead) -> Iterator[str]:
    """What the gate would say to it."""
    one = ahead.schedule
    if one is None:
        return
    if differs_from_armed(desk, one):
        yield "it would be held: the file, or what it uses, differs from what is armed"
    if one.next is not None and one.next.key == ahead.key:
        standing = approved(desk, one)
        if standing.standing is not None and standing.standing.misfit:
            yield f"it would be held: it was {standing.words}"
        elif standing.standing is None and standing.must:
            yield f"it would be held: {standing.words}"


def _obstacles(ahead: Ahead, issue: Issue | None) -> Iterator[str]:
    if ahead.schedule is None:
        yield "it is only proposed, by the file"
    elif ahead.schedule.state is State.PAUSED:
        yield "its schedule is paused"
    if issue is not None and issue.lack:
        yield f"nothing would be sent: {issue.lack}"


def _before(file: CampaignFile, issue: Issue | None, others: list[Schedule]) -> Iterator[tuple[str, When]]:
    """Those of `others` that the digest would take up."""
    if issue is None or not isinstance(file.campaign, Digest):
        return
    wanted, there = file.campaign.collect, {item.slug for item in issue.items}
    for one in others:
        with suppress(InputProblems, UnknownName):
            other = read_campaign(file.root, one.slug).campaign
            of_kind = other.kind != DIGEST and (not wanted.kinds or other.kind in wanted.kinds)
            about = not wanted.topics or bool(set(wanted.topics) & set(other.topics))
            if of_kind and about and one.slug not in there:
                yield one.slug, one.next_when
