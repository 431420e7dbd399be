"""What somebody wishes is refused at once when it cannot be, with a sentence that helps."""

import pytest

from mailer.domain.wish import Wish
from mailer.errors import UsageError


@pytest.mark.parametrize(
    ("wish", "words"),
    [
        ({"at": "fri 09:00", "every": "fri 09:00"}, "at and every are different times"),
        ({"every": "fri 09:00", "cron": "0 9 * * 5"}, "every and cron are different times"),
        ({"at": "fri 09:00", "until": "2026-12-31"}, "until is about what comes round again"),
        ({"at": "fri 09:00", "catch_up": "all"}, "catch-up is about what comes round again"),
        ({"every": "fri 22:00", "window": "08:00-20:00"}, "never comes within 08:00-20:00"),
        ({"every": "fri 20:00", "window": "08:00-20:00"}, "never comes within"),
        ({"every": "fri 09:00", "window": "8 to 20"}, '"8 to 20" is no span of hours'),
        ({"every": "fri 09:00", "until": "31 December"}, '"31 December" is not a day'),
        ({"every": "fri 09:00", "until": "2026-02-30"}, '"2026-02-30" is not a day'),
        ({"every": "fri 09:00", "until": "20261231"}, "is not a day"),
        ({"every": "fri 09:00", "proof": "7d"}, "before the issue before it has gone out"),
        ({"every": "30m", "proof": "16h"}, "before the issue before it has gone out"),
        ({"every": "mon, tue 09:00", "proof": "1 day"}, "before the issue before it has gone out"),
        ({"every": "fri 09:00", "proof": "1m"}, "helps nobody"),
        ({"at": "fri 09:00", "proof": "5w"}, "helps nobody"),
        ({"every": "fry 09:00"}, "does not say when"),
        ({"cron": "0 9 31 2 *"}, "never comes"),
    ],
)
def test_it_cannot_be(wish, words):
    with pytest.raises(UsageError) as caught:
        Wish(**wish).refuse_contradictions()
    assert words in caught.value.message


@pytest.mark.parametrize(
    "wish",
    [
        {},
        {"at": "fri 09:00", "proof": "16h"},
        {"every": "fri 08:00", "window": "08:00-20:00"},
        {"every": "daily 07:00 and 12:00", "window": "08:00-20:00"},  # one of its times does
        {"every": "fri 23:00", "window": "22:00-06:00"},
        {"every": "24h", "window": "08:00-20:00"},  # when it is armed by day
        {"every": "fri 09:00", "proof": "6d"},
        {"cron": "*/30 * * * *", "window": "8am-8pm", "until": "2026-12-31", "catch_up": "skip", "timezone": "UTC"},
    ],
)
def test_it_can(wish):
    Wish(**wish).refuse_contradictions()
