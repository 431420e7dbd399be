from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.backend import Deferred, Uncertain
from mailer.delivery.retry import JITTER, LONGEST_WAIT, next_try

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
FAR = NOW + timedelta(days=30)


def wait(attempts=0, *, receipt=None, first=120, deadline=FAR, chance=0.5):
    then = next_try(
        receipt or Deferred(), attempts=attempts, first_seconds=first, deadline=deadline, now=NOW, chance=chance
    )
    return then and (then - NOW).total_seconds()


def test_the_wait_doubles_up_to_a_limit():
    assert [wait(attempts) for attempts in range(5)] == [120, 240, 480, 960, 1920]
    assert wait(50) == LONGEST_WAIT.total_seconds()


@given(attempts=st.integers(0, 1000), chance=st.floats(0, 1, exclude_max=True))
def test_jitter_stays_within_its_part(attempts, chance):
    middle = wait(attempts)
    assert middle * (1 - JITTER) - 0.001 <= wait(attempts, chance=chance) <= middle * (1 + JITTER) + 0.001


def test_a_relay_that_names_a_wait_is_not_asked_earlier():
    assert wait(receipt=Deferred(retry_after=900)) == 900
    assert wait(receipt=Deferred(retry_after=3)) == 120
    assert wait(receipt=Uncertain()) == 120


def test_no_try_is_planned_for_after_the_deadline():
    assert wait(deadline=NOW + timedelta(seconds=120)) == 120
    assert wait(deadline=NOW + timedelta(seconds=119)) is None


@pytest.mark.parametrize("after", [1e9, 1e12, 1e300])
def test_an_absurd_wait_means_giving_up(after):
    assert wait(receipt=Deferred(retry_after=after)) is None
