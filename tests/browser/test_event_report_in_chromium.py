"""Event reports at their worst, as a browser shows them: everything stays on the screen, and can be read."""

import json

import pytest

import chromium
from chromium import Screen
from compiling import compiled, mail

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(
        chromium.PROGRAM is None,
        reason="NOT LOOKED AT: there is no Chromium here (apt install chromium) to show the mail",
    ),
]
LONG = "Llanfairpwllgwyngyllgogerychwyrndrobwllllantysiliogogogoch" * 2
LONGEST = LONG[:90]
WIDE = {"name": LONGEST, "role": LONGEST, "organisation": LONGEST, "medium": LONGEST}
WORST = {
    "ninety letters without a space": {
        "event": {"name": LONGEST, "date": 2024, "venue": LONGEST, "host": LONGEST, "attendance": 999_999_999, "speakers": 2, "seminars": 3, "seminars_called": LONGEST},
        "sessions": [{"title": LONGEST, "chair": WIDE, "speakers": [WIDE, WIDE]}],
        "video": {"title": LONGEST, "url": "https://www.example.org/v", "length": LONGEST},
        "thanks": [LONGEST, LONGEST],
        "special_thanks": {"to": LONGEST, "why": LONGEST},
    },
    "a programme of long words": {
        "event": {"name": "Winter conference", "date": 2024, "attendance": "hundreds of thousands", "speakers": "hundreds of thousands", "seminars": "hundreds of thousands"},
        "sessions": [{"at": "10:00", "title": LONGEST, "chair": LONGEST, "speakers": [WIDE]}, {"title": "Lunch"}],
    },
    "forty speakers": {
        "event": {"name": "Rally", "date": 2024, "speakers": 40},
        "sessions": [{"title": "Rally", "speakers": [{"name": f"Speaker {n}", "role": "Delegate"} for n in range(40)]}],
    },
    "from right to left": {
        "language": "ar",
        "event": {"name": "مؤتمر أمريكا اللاتينية", "date": "2024-01", "venue": "لندن", "attendance": "nearly 300", "seminars": 22},
        "sessions": [{"title": "الجلسة الافتتاحية", "chair": "محمد الأمين", "speakers": [{"name": "ليلى حسن", "role": "مديرة"}] * 3}],
        "thanks": ["المتطوعين", "المندوبين"],
    },
}  # fmt: skip


@pytest.fixture(scope="module", params=WORST.values(), ids=WORST.keys())
def page(request, tmp_path_factory):
    more = "".join(f"{name}: {json.dumps(value, ensure_ascii=False)}\n" for name, value in request.param.items())
    root = tmp_path_factory.mktemp("project")
    return mail(compiled(root, "Words of the report.\n", kind="event_report", more=more).edition).html


@pytest.mark.parametrize("screen", [Screen(width=375), Screen(width=700, dark=True)], ids=lambda screen: screen.name)
def test_nothing_leaves_the_screen_and_all_can_be_read(page, screen, tmp_path):
    seen = chromium.show(page, screen, tmp_path)
    assert seen["scroll_width"] == screen.width
    assert [text for text in seen["texts"] if text["contrast"] < 4.5 or text["size"] < 13] == []
