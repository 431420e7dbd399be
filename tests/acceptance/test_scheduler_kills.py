"""Schedulers that are killed while schedules come due; `python tests/scheduler_kills.py` does more of it."""

import scheduler_kills


def test_schedulers_that_are_killed_fire_every_occurrence_exactly_once(tmp_path, database_url):
    found = scheduler_kills.strike(tmp_path, database_url, seconds=5, number=2, every=2, kill_every=1.2)
    assert found.good, found
    assert found.due >= 4
    assert found.kills
