"""Arming what comes round: the campaign passes the gate once, and from then on goes out each time as it was armed."""

import logging

from mailer.domain.armed import Kind, Schedule, State
from mailer.errors import Refused
from mailer.launch.plan import Desk, Plan
from mailer.launch.timing import Again
from mailer.storage import schedules

log = logging.getLogger(__name__)


def refuse_armed(desk: Desk, slug: str) -> None:
    """Raises Refused when the campaign comes round already."""
    with desk.database.reading() as connection:
        one = next((one for one in schedules.standing(connection) if one.slug == slug and one.kind is Kind.AGAIN), None)
    if one is not None:
        raise _armed_already(one.slug, is_paused=one.state is State.PAUSED)


def arm_again(desk: Desk, plan: Plan, again: Again) -> Schedule:
    """Let the campaign go out whenever its time comes, first at `again.first`. Raises Refused if somebody was quicker."""
    at, draft = desk.clock(), plan.draft
    with desk.database.writing() as connection:
        schedule_id = schedules.arm_again(
            connection,
            slug=draft.slug,
            rule=again.rule,
            terms=again.terms,
            audience=draft.audience,
            people=plan.people,
            sources=draft.edition.sources,
            first=again.first,
            at=at,
        )
        if schedule_id is None:
            raise _armed_already(draft.slug)
        armed = schedules.get(connection, schedule_id)
    log.info("schedule.armed schedule=%d campaign=%s first=%s", armed.id, armed.slug, again.first.at.isoformat())
    return armed


def _armed_already(slug: str, *, is_paused: bool = False) -> Refused:
    paused = f" It is paused; `mailer schedule resume {slug}` lets it go on." if is_paused else ""
    return Refused(
        f"{slug} comes round by a schedule already, and by two it would be mailed twice.",
        hint=f"`mailer schedule list` shows it; for another one, `mailer schedule remove {slug}` first.{paused}",
    )
