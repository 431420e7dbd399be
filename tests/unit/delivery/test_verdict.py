from datetime import UTC, datetime, timedelta

import pytest

from mailer.backend import Deferred, Refused, Sent, Uncertain
from mailer.delivery.retry import next_try
from mailer.delivery.verdict import verdict
from mailer.domain.mailing import InDoubt, RowState

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)


def judged(receipt, *, in_doubt=InDoubt.HOLD, deadline=NOW + timedelta(days=3)):
    return verdict(
        receipt,
        subscriber_id=7,
        relay="main",
        in_doubt=in_doubt,
        next_try=lambda: next_try(receipt, attempts=0, first_seconds=120, deadline=deadline, now=NOW, chance=0.5),
    )


@pytest.mark.parametrize(
    ("receipt", "state"),
    [
        (Sent(code=250), RowState.SENT),
        (Refused(code=550), RowState.FAILED),
        (Deferred(code=450), RowState.QUEUED),
        (Uncertain(), RowState.UNCERTAIN),
    ],
)
def test_each_receipt_has_one_meaning(receipt, state):
    outcome = judged(receipt)
    assert (outcome.subscriber_id, outcome.state, outcome.code) == (7, state, receipt.code)
    assert outcome.counted


def test_a_deferred_row_is_due_later():
    assert judged(Deferred()).due == int(NOW.timestamp()) + 120


def test_without_time_for_another_try_it_failed_and_the_reply_stays():
    outcome = judged(Deferred(code=451, text="greylisted"), deadline=NOW + timedelta(seconds=60))
    assert (outcome.state, outcome.code) == (RowState.FAILED, 451)
    assert outcome.text == "gave up, no time is left for another try: greylisted"


def test_in_doubt_is_resent_only_where_that_was_asked_for():
    assert judged(Uncertain(), in_doubt=InDoubt.RESEND).state is RowState.QUEUED
    late = judged(Uncertain(), in_doubt=InDoubt.RESEND, deadline=NOW)
    assert late.state is RowState.UNCERTAIN, "it may have arrived: that is not the same as failed"


def test_an_address_that_does_not_exist_is_told_on():
    assert judged(Refused(code=550, bad_address=True)).bad_address
    assert not judged(Refused(code=550)).bad_address
