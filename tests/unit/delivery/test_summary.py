"""A run's summary counts rows, however often each of them was put off."""

from collections import Counter
from datetime import UTC, datetime

from mailer.delivery.summary import Left, Summary
from mailer.domain.mailing import InDoubt, Mailing, MailingState, RowState

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
MAILING = Mailing(
    id=1, slug="letter", number=1, kind="letter", title="", list_name="news", state=MailingState.SENDING, state_reason="",
    edition_id=1, created_at=NOW, starts_at=NOW, started_at=NOW, finished_at=None, send_by=None, give_up_at=NOW,
    in_doubt=InDoubt.HOLD, total=40, redirect_to="",
)  # fmt: skip


def test_who_was_put_off_and_then_sent_counts_as_sent_alone():
    left = Left(mailing=MAILING, rows=4, deferred=4, next_at=NOW)
    summary = Summary(counts=Counter({RowState.SENT: 36, RowState.QUEUED: 40}), left=(left,))
    assert summary.ended == {RowState.SENT: 36, RowState.QUEUED: 4}


def test_who_was_put_off_by_an_earlier_run_is_not_counted_again():
    left = Left(mailing=MAILING, rows=40, deferred=40, next_at=NOW)
    assert Summary(counts=Counter({RowState.SENT: 3}), left=(left,)).ended[RowState.QUEUED] == 0
