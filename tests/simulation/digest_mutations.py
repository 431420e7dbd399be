"""Mistakes that somebody might make in what comes round: with each of them the simulation of digests must fail."""

from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC
from unittest.mock import patch

import sqlalchemy as sa

from mailer.domain.digest import campaign_key
from mailer.domain.recurrence import Rule
from mailer.domain.views import ViewRule
from mailer.launch import by_hand, firing, outcomes, turn
from mailer.storage import digest_items, mailings, occurrences, schedules
from mailer.storage.tables import digest_item, mailing

#: name -> (the mistake, the first seed in which it shows: found by search, and searched on from there if it shows no more)
MUTATIONS = {}


def mutation(first):
    def keep(function):
        MUTATIONS[function.__name__.replace("_", " ")] = contextmanager(function), first
        return function

    return keep


@mutation(1)
def an_item_is_held_before_its_mailing_is_there():
    """Whoever dies in between has held it for nobody."""
    original, carry = outcomes.begin, digest_items.carry

    def begin(desk, which, issue):
        with desk.database.writing() as connection:
            newest = connection.scalar(sa.select(sa.func.max(mailing.c.id)))
            if newest is not None:
                carry(connection, newest, issue.draft.slug, issue.draft.issue)
        return original(desk, which, issue)

    def already(connection, mailing_id, digest, issue):
        of_it = digest_item.c.item.in_([item.key for item in issue.items])
        connection.execute(sa.update(digest_item).where(of_it, digest_item.c.counts).values(counts=False))
        return carry(connection, mailing_id, digest, issue)

    with patch.object(firing, "begin", begin), patch.object(digest_items, "carry", already):
        yield


@mutation(2)
def what_is_older_than_the_last_issue_is_taken_for_old_news():
    """A watermark, where every item must be asked for."""
    original = digest_items.records

    def records(connection, digest, **options):
        found = original(connection, digest, **options)
        old = [slug for slug, one in found.mailed.items() if found.last_at is not None and one.at < found.last_at]
        return replace(found, spent=found.spent | {campaign_key(slug) for slug in old})

    with patch.object(digest_items, "records", records):
        yield


@mutation(5)
def an_issue_begins_while_another_is_still_going_out():
    with patch.object(firing, "under_way", lambda desk, one: None):
        yield


@mutation(1)
def an_occurrence_is_known_by_its_instant():
    """In summer it has another name than its local time."""
    original = Rule.after

    def after(self, instant, zone):
        found = original(self, instant, zone)
        return found and replace(found, key=f"{found.at.astimezone(UTC):%Y-%m-%dT%H:%M}")

    with patch.object(Rule, "after", after):
        yield


@mutation(1)
def what_was_passed_over_is_not_written_down():
    with patch.object(occurrences, "pass_over", lambda *_, **__: None):
        yield


@mutation(1)
def everybody_sees_everything_whatever_they_chose():
    original = ViewRule.view
    with patch.object(ViewRule, "view", lambda self, _topics, received: original(self, (), received)):
        yield


@mutation(1)
def whoever_had_an_item_by_mail_is_not_remembered():
    original = ViewRule.view
    with patch.object(ViewRule, "view", lambda self, topics, _received: original(self, topics, ())):
        yield


@mutation(8)
def what_somebody_left_out_is_not_written_down():
    def record(connection, one, dealt_with, outcome, **options):
        return 1

    with patch.object(by_hand, "schedules", Other(schedules, record=record)):
        yield


@mutation(1)
def late_ones_go_out_whenever_somebody_looks():
    original = turn.judge
    with patch.object(turn, "judge", lambda *a, **o: replace(original(*a, **o), too_late=False, not_before=None)):
        yield


@mutation(107)
def whoever_was_second_does_not_see_it():
    """Of several schedulers that compose the same issue each sends it, unless something else stops them."""
    original = outcomes._record

    def _record(connection, which, outcome, detail, **options):
        key = which.occurrence.key
        connection.execute(sa.text("DELETE FROM occurrence WHERE key = :key"), {"key": key})
        return original(connection, which, outcome, detail, **options)

    carry = digest_items.carry
    with (
        patch.object(outcomes, "_record", _record),
        patch.object(schedules, "hold", lambda connection, one: True),
        patch.object(digest_items, "carry", lambda *issue: carry(*issue) or True),
    ):
        yield


@mutation(4)
def a_cancelled_issue_keeps_what_it_held():
    with patch.object(mailings, "release", lambda connection, mailing_id: None):
        yield


class Other:
    """A module with other functions in it."""

    def __init__(self, module, **others):
        self._module, self._others = module, others

    def __getattr__(self, name):
        return self._others.get(name) or getattr(self._module, name)
