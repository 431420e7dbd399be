"""Mistakes that somebody might make in the product: with each of them the simulation must fail, or it would prove nothing."""

import itertools
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from unittest.mock import patch

import sqlalchemy as sa

from mailer.backend import Deferred, Uncertain
from mailer.delivery import carrier
from mailer.delivery.allowance import Allowance
from mailer.delivery.carrier import Carrier
from mailer.delivery.intake import Intake
from mailer.delivery.outlet import Outlet
from mailer.domain.armed import State
from mailer.domain.gcra import Bucket
from mailer.domain.limits import Lane
from mailer.domain.mailing import MailingState, RowState
from mailer.edition.links import Signer
from mailer.storage import instance, mailings, materialise, pacing, quotas, schedules, subscribers
from mailer.storage.ledger import Ledger
from mailer.storage.ledger_sql import Statements, literal, number, statements
from mailer.storage.tables import delivery, mailing, occurrence, schedule
from simulation.themes import BACKUPS, CRAWLING, FREEZES, KILLS, LIMITS, PEOPLE, RELAYS, SCHEDULES

#: name -> (the mistake, the kind of trouble in which it shows soonest, the first seed in which it does: found by search, and
#: searched on from there if it shows no more)
MUTATIONS = {}


def mutation(theme, first=1):
    def keep(function):
        MUTATIONS[function.__name__.replace("_", " ")] = contextmanager(function), theme, first
        return function

    return keep


@contextmanager
def other_statements(**replaced):
    """Statements are built once for ever: built anew with these, and anew again afterwards."""
    statements.cache_clear()
    with ExitStack() as stack:
        stack.callback(statements.cache_clear)
        for name, method in replaced.items():
            stack.enter_context(patch.object(Statements, name, method))
        yield


@contextmanager
def at_another_time(method, seconds):
    """`method` of the ledger believes that it is then."""
    original = getattr(Ledger, method)

    def elsewhen(self, *arguments, **options):
        with patch.object(Ledger, "now", lambda _, connection: seconds):
            return original(self, *arguments, **options)

    with patch.object(Ledger, method, elsewhen):
        yield


@mutation(FREEZES, 7)
def mark_sending_does_not_look_at_the_lease():
    with at_another_time("mark_sending", 0):
        yield


@mutation(KILLS)
def the_reaper_does_not_look_at_the_lease():
    with at_another_time("reap", 2**40):
        yield


@mutation(replace(FREEZES, events={"freeze": 1, "clock": 2}, in_doubt=("resend",)), 16)
def settle_does_not_look_at_the_token():
    original = Ledger.settle

    def settle(self, _token, mailing_id, outcomes):
        marked = sa.select(delivery.c.token).where(
            delivery.c.mailing_id == mailing_id, delivery.c.state == RowState.SENDING
        )
        settled = set()
        for one in outcomes:
            token = self._connection.scalar(marked.where(delivery.c.subscriber_id == one.subscriber_id))
            settled |= original(self, token or 0, mailing_id, [one])
        return settled

    with patch.object(Ledger, "settle", settle):
        yield


@mutation(KILLS)
def the_reaper_queues_what_was_on_its_way():
    def _reap_sending(self):
        dead = self._dead(RowState.SENDING)
        return (
            sa.update(delivery)
            .where(delivery.c.mailing_id == dead.c.mailing_id, delivery.c.subscriber_id == dead.c.subscriber_id)
            .values(state=literal(RowState.QUEUED), attempts=delivery.c.attempts + 1, token=0, lease=0)
            .returning(delivery.c.mailing_id, delivery.c.subscriber_id, delivery.c.state)
        )

    with other_statements(_reap_sending=_reap_sending):
        yield


@mutation(PEOPLE)
def a_paused_mailing_goes_on():
    original = Statements._open_mailing

    def _open_mailing(self):
        columns = original(self).selected_columns
        return sa.select(*columns).select_from(mailing).where(mailing.c.id == number("p_mailing"))

    with other_statements(_open_mailing=_open_mailing):
        yield


@mutation(PEOPLE)
def a_claim_does_not_ask_who_has_left():
    def _mailable(self, _person, list_name):
        return list_name == list_name

    with other_statements(_mailable=_mailable):
        yield


@mutation(KILLS)
def a_worker_sends_before_the_mark_is_committed():
    def mark_sending(self, token, mailing_id, ids):
        return set(ids)

    with patch.object(Ledger, "mark_sending", mark_sending):
        yield


@mutation(replace(RELAYS, events={"stop": 3}, weathers=("foul",)))
def what_got_no_receipt_is_queued_again():
    with patch.object(Carrier, "_unanswered", lambda self, reason: None):
        yield


@mutation(KILLS, 6)
def a_doubt_is_taken_for_a_delay():
    original = carrier.verdict

    def verdict(receipt, **options):
        return original(Deferred(text=receipt.text) if isinstance(receipt, Uncertain) else receipt, **options)

    with patch.object(carrier, "verdict", verdict):
        yield


@mutation(CRAWLING, 6)
def marks_are_not_counted():
    with patch.object(Allowance, "take", lambda self, wanted, *, seconds=0.0: wanted):
        yield


@mutation(CRAWLING, 5)
def leases_are_not_extended():
    def hold(self):
        self._leases = [lease for lease in self._leases if lease.open]

    with patch.object(Intake, "hold", hold):
        yield


@mutation(KILLS)
def a_mailing_finishes_with_open_rows():
    with patch.object(mailings, "any_open", lambda connection, mailing_id: False):
        yield


@mutation(KILLS)
def answers_are_not_written():
    with patch.object(Ledger, "settle", lambda self, token, mailing_id, outcomes: set()):
        yield


@mutation(KILLS)
def the_cursor_runs_ahead_of_the_rows():
    original = materialise._next_chunk

    def _next_chunk(connection, mailing_id, **options):
        more = original(connection, mailing_id, **options)
        step = sa.update(mailing).where(mailing.c.id == mailing_id, mailing.c.materialised_to > 0)
        connection.execute(step.values(materialised_to=mailing.c.materialised_to + 1))
        return more

    with patch.object(materialise, "_next_chunk", _next_chunk):
        yield


@mutation(RELAYS)
def claims_are_not_paid_for():
    with patch.object(pacing, "spend", lambda connection, purse, number: None):
        yield


@mutation(SCHEDULES)
def a_schedule_fires_for_whoever_looks():
    original = schedules.record

    def record(connection, one, dealt_with, outcome, **options):
        connection.execute(sa.delete(occurrence))
        as_before = {"next_at": dealt_with.at, "next_key": dealt_with.key, "state": State.ARMED}
        connection.execute(sa.update(schedule).values(as_before))
        connection.execute(sa.update(mailing).values(state=MailingState.SCHEDULED))
        return original(connection, one, dealt_with, outcome, **options)

    with patch.object(schedules, "record", record):
        yield


@mutation(LIMITS, 3)
def a_provider_has_no_rate_of_its_own():
    original = Lane.rates

    def rates(self, mailing_id):
        return {key: rate for key, rate in original(self, mailing_id).items() if not key.startswith("g:")}

    with patch.object(Lane, "rates", rates):
        yield


@mutation(replace(LIMITS, weathers=("foul",)), 132)
def who_is_asked_for_less_sends_as_much():
    with patch.object(Bucket, "share", lambda self, now: 1.0):
        yield


@mutation(LIMITS)
def what_a_quota_pays_for_is_not_counted():
    with patch.object(quotas, "count", lambda connection, day, number: None):
        yield


@mutation(replace(LIMITS, events={"relay": 3}), 9)
def a_quota_does_not_get_back_what_never_left():
    with patch.object(quotas, "give_back", lambda database, unsent: None):
        yield


@mutation(LIMITS, 9)
def each_day_of_a_warm_up_is_its_first():
    with patch.object(quotas, "begin_warm_up", lambda connection, day: None):
        yield


@mutation(LIMITS)
def mail_leaves_at_any_hour():
    with patch.object(pacing, "_closed", lambda limits, now: None):
        yield


@mutation(replace(LIMITS, events={"pause": 1}, weathers=("fair",)), 18)
def whoever_stands_by_works_as_the_others_do():
    with patch.object(Outlet, "standby", False):
        yield


@mutation(replace(LIMITS, weathers=("foul",)), 6)
def waiting_for_the_hours_counts_towards_the_end_of_retries():
    with patch.object(mailings, "excuse_wait", lambda connection, mailing_id, *, since, until: None):
        yield


@mutation(PEOPLE, 9)
def nobody_can_take_a_mailing_back():
    original = mailings.due_work

    def due_work(connection, now):
        over = sa.update(mailing).where(mailing.c.state == MailingState.WAITING)
        connection.execute(over.values(state=MailingState.SENDING))
        return original(connection, now)

    with patch.object(mailings, "due_work", due_work):
        yield


@mutation(PEOPLE)
def whose_turn_comes_last_is_taken_for_erased():
    original = subscribers.recipients

    def recipients(connection, ids, needs):
        return original(connection, ids, needs)[:2]

    with patch.object(subscribers, "recipients", recipients):
        yield


@mutation(PEOPLE, 12)
def each_repeat_is_a_message_of_its_own():
    original, numbers = Signer.sign, itertools.count()

    def sign(self, public_id):
        links, key = original(self, public_id)
        return links, f"{key}{next(numbers)}"

    with patch.object(Signer, "sign", sign):
        yield


@mutation(BACKUPS)
def a_backup_that_comes_back_goes_on_at_once():
    with patch.object(instance, "settle", lambda database, *, now: ""):
        yield


@mutation(BACKUPS)
def a_backup_does_not_count_as_a_sign_of_life():
    with patch.object(instance, "backed_up", lambda database, *, now: None):
        yield
