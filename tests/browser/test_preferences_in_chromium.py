"""Somebody chooses what they hear of, in a browser, without any script of ours."""

from datetime import UTC, datetime

import pytest

import chromium
from chromium import Screen
from ledger_world import KEY, lay_empty_file
from mailer.app import App
from mailer.edition.links import Purpose, sign
from mailer.settings import DatabaseSettings, Settings, SubscribersSettings, WebSettings
from mailer.storage import people, person_changes, subscriptions
from mailer.web.server import Server, listen
from mailer.web.site import make_site

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(chromium.PROGRAM is None, reason="NOT TRIED: there is no Chromium here (apt install chromium)"),
]
NOW = datetime(2024, 11, 22, 9, tzinfo=UTC)
TOPICS = {"peru": "Peru", "work": "Work and pay", "media": "Press"}
#: What the Tab key comes to, one after the other.
STOPS = "[...document.querySelectorAll('a[href], button, input:not([type=hidden])')]"


@pytest.fixture
def app(tmp_path):
    lay_empty_file(tmp_path / "mailer.db")
    settings = Settings(
        web=WebSettings(secret_key=KEY.decode()),
        database=DatabaseSettings(url=f"sqlite:///{tmp_path / 'mailer.db'}"),
        subscribers=SubscribersSettings(topics=TOPICS),
    )
    made = App(settings, clock=lambda: NOW)
    yield made
    made.database.dispose()


def test_a_choice_is_made_and_put_back(app):
    with app.database.writing() as connection:
        who, _ = person_changes.add_person(connection, "ana@example.net", at=NOW)
        subscriptions.join(connection, who, "news", consent="test", at=NOW)
        public_id = people.person(connection, who).public_id

    def chosen():
        with app.database.reading() as connection:
            return people.person(connection, who).topics

    with Server(make_site(app), listen("127.0.0.1", 0)) as server, chromium.tab(Screen(width=375)) as tab:
        tab.open(f"{server.url}/p/{sign(KEY, Purpose.PREFERENCES, 0, public_id)}")
        assert tab.run(f"{STOPS}.map(one => one.name + ' ' + (one.checked || one.value))")[:4] == [
            "topic.peru true",
            "topic.work true",
            "topic.media true",
            "action choose",
        ]
        # A label is as good as its box, for a thumb.
        assert tab.run("document.querySelector('label').getBoundingClientRect().height") >= 44
        tab.run("document.querySelectorAll('label')[1].click(); document.querySelector('.boxes button').click()")
        tab.wait_until("document.querySelector('[role=status]') !== null")
        assert tab.run("document.querySelector('[role=status]').innerText") == "From now on you hear of: Peru · Press."
        assert chosen() == ("media", "peru")
        tab.run("document.querySelector('.choice button').click()")
        tab.wait_until("document.querySelector('[role=status]')?.innerText.includes('everything')")
        assert chosen() == ()
