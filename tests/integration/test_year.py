"""`tests/year.py`, for a few weeks around each clock change: every occurrence is as it must be, whatever happens to the machine."""

import contextlib
from datetime import UTC, datetime

import pytest

from year import Year


@pytest.mark.parametrize(
    ("begin", "zone", "seed", "utc"),
    [
        (datetime(2025, 3, 14, 7, 0, tzinfo=UTC), "Europe/London", 1, ["09:00", "09:00", "09:00", "08:00", "08:00"]),
        (datetime(2025, 10, 17, 7, 0, tzinfo=UTC), "Europe/London", 2, ["08:00", "08:00", "09:00", "09:00", "09:00"]),
    ],
)
def test_a_digest_comes_at_nine_through_clock_changes_downtime_and_kills(
    tmp_path, database_url, begin, zone, seed, utc
):
    year = Year(tmp_path, database_url, zone=zone, seed=seed, weeks=len(utc), begin=begin, people=12)
    with contextlib.closing(year.machine):
        year.run()
    assert year.wrong == []
    assert [f"{at:%H:%M}" for _, at, *_ in year.rows] == utc
    assert year.carried
    assert year.machine.told["schedulers killed"]
