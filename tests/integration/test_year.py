"""`tests/year.py`, for a few weeks around each clock change: every occurrence is as it must be, whatever happens to the machine."""

import contextlib
from datetime import UTC, datetime

from year import Year

LONDON = "Europe/London"


def weeks(folder, url, begin, *, seed, utc):
    """Lives through as many weeks as `utc` has times, those of the occurrences."""
    year = Year(folder, url, zone=LONDON, seed=seed, weeks=len(utc), begin=begin, people=12)
    with contextlib.closing(year.machine):
        year.run()
    assert year.wrong == []
    assert [f"{at:%H:%M}" for _, at, *_ in year.rows] == utc
    assert year.carried
    assert year.machine.told["schedulers killed"]


def test_a_digest_comes_at_nine_when_the_clocks_go_forward(tmp_path):
    begin = datetime(2025, 3, 14, 7, 0, tzinfo=UTC)
    weeks(tmp_path, f"sqlite:///{tmp_path}/mailer.db", begin, seed=1, utc=["09:00", "09:00", "09:00", "08:00"])


def test_a_digest_comes_at_nine_when_the_clocks_go_back(tmp_path, postgres_url):
    begin = datetime(2025, 10, 17, 7, 0, tzinfo=UTC)
    weeks(tmp_path, postgres_url, begin, seed=2, utc=["08:00", "08:00", "09:00", "09:00"])
