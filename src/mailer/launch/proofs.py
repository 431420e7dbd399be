"""The proof: before an occurrence the issue is composed and mailed to organisers, who approve it, leave it out, or say nothing.

It is composed by what fires it, as of the moment in which it will fire: days that are left then stand in it. Exactly the
items that were shown go out; what is newer waits for the next issue. What cannot be composed is told at once, when
there is still time to mend it, and tried again. An occurrence never waits for its proof.
"""

import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from zlib import crc32

from mailer.domain.armed import Kind, Schedule
from mailer.domain.campaign_digest import Digest
from mailer.domain.proof import Facts, Proof, shown_of
from mailer.domain.recurrence import Occurrence
from mailer.domain.view_words import views_line
from mailer.errors import MailerError, StorageError
from mailer.launch.composing import Composed, compose
from mailer.launch.draft import read_file
from mailer.launch.feeds import Asker
from mailer.launch.freezing import store_content
from mailer.launch.plan import Desk, NothingToSend
from mailer.launch.turn import Turn
from mailer.storage import alerts, proofs
from mailer.storage.alerts import Kind as Alert
from mailer.storage.proofs import Awaited

log = logging.getLogger(__name__)


def compose_proofs(desk: Desk, *, told: Callable[[str], None] = lambda _: None) -> int:
    """Compose what is due, to be mailed by whoever tells alerts; how many were. told: is told of each in a sentence."""
    with desk.database.reading() as connection:
        due = proofs.due(connection, now=desk.clock())
    return sum(_compose_one(desk, one, told) for one in due)


def _compose_one(desk: Desk, one: Awaited, told: Callable[[str], None]) -> bool:
    """False: it was not ours, or nothing can be shown."""
    with desk.database.writing() as connection:
        if not proofs.begin(connection, one, at=desk.clock()):
            return False
    turn, slug = turn_for(one.schedule, one.occurrence, now=one.occurrence.at), one.schedule.slug
    try:
        _ask_feeds(desk, slug)
        issue = compose(ahead(desk, turn.now), turn, for_proof=True)
    except StorageError:
        raise
    except MailerError as error:
        _say_broken(desk, one, error.message)
        return False
    except Exception as error:
        log.exception("proof.failed campaign=%s", slug)
        _say_broken(desk, one, f"{type(error).__name__} while it was composed; the log of the scheduler says where")
        return False
    if isinstance(issue, NothingToSend):
        _say_empty(desk, one, issue.reason)
        return False
    if not _keep(desk, one, issue):
        return False
    told(f"The proof of {slug} for {one.schedule.when(one.occurrence)} goes to the organisers.")
    return True


def _ask_feeds(desk: Desk, slug: str) -> None:
    """By the clock as it is: what they say is written down with its time."""
    campaign = read_file(desk, slug).campaign
    if isinstance(campaign, Digest):
        asker = Asker(settings=desk.settings, database=desk.database, clock=desk.clock)
        asker.for_issue(slug, [feed.url for feed in campaign.collect.feeds])


def ahead(desk: Desk, now: datetime) -> Desk:
    """The same desk at a later moment: what is composed there reads, and is counted, as it will be then."""
    return replace(desk, clock=lambda: now)


def turn_for(one: Schedule, occurrence: Occurrence, *, now: datetime) -> Turn:
    """The occurrence, as it will be dealt with at `now`."""
    waits = one.mailing_id if one.kind is Kind.ONCE else None
    return Turn(schedule=one, now=now, chosen=occurrence, mailing_id=waits)


def _keep(desk: Desk, one: Awaited, issue: Composed) -> bool:
    draft, at = issue.draft, desk.clock()
    with desk.database.writing() as connection:
        content = store_content(connection, desk, draft, at=at)
        assert content.edition_id is not None
        made = Proof(
            schedule_id=one.schedule.id,
            key=one.occurrence.key,
            fire_at=one.occurrence.at,
            edition_id=content.edition_id,
            sources=draft.edition.sources,
            shown=shown_of(draft.issue),
            facts=facts_of(issue),
            people=issue.rehearsal.people,
            at=at,
        )
        kept = proofs.complete(connection, made, slug=draft.slug)
    log.info("proof.composed campaign=%s occurrence=%s people=%d", draft.slug, made.key, made.people)
    return kept


def facts_of(issue: Composed) -> Facts:
    """What is said beside a proof."""
    draft, unbuildable = issue.draft, len(issue.rehearsal.errors)
    left_out = draft.issue.notes if draft.issue else ()
    warnings = [str(problem) for problem in draft.warnings if problem not in left_out]
    if unbuildable:
        warnings.append(f"for {unbuildable:,} of them no message can be built")
    return Facts(
        held=tuple(item.headline for item in draft.issue.items) if draft.issue else (),
        left_out=tuple(str(problem) for problem in left_out),
        waiting=draft.issue.waiting if draft.issue else 0,
        warnings=tuple(warnings),
        views=views_line(draft.views),
    )


def _say_broken(desk: Desk, one: Awaited, why: str) -> None:
    """Once for each reason: after something was mended, what is left to mend is told too."""
    slug, when = one.schedule.slug, one.schedule.when(one.occurrence)
    log.error("proof.broken campaign=%s occurrence=%s", slug, one.occurrence.key)
    key = f"{one.schedule.id}:{one.occurrence.key}:{crc32(why.encode()):08x}"
    with desk.database.writing() as connection:
        detail = f"it is due {when}; {why.rstrip('.')}"
        alerts.of_schedule(connection, Alert.BROKEN, slug, key=key, detail=detail, at=desk.clock())


def _say_empty(desk: Desk, one: Awaited, why: str) -> None:
    schedule = one.schedule
    log.info("proof.empty campaign=%s occurrence=%s", schedule.slug, one.occurrence.key)
    detail = f"{why} so far, for the issue of {schedule.when(one.occurrence)}"
    with desk.database.writing() as connection:
        alerts.nothing_new(
            connection,
            schedule.slug,
            schedule_id=schedule.id,
            newest=schedule.mailing_id,
            detail=detail,
            at=desk.clock(),
        )
