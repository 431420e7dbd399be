"""What somebody wants to hear of: chosen on their page, kept with its date, taken back, and never by a mere visit."""

import re
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

from mailer.app import App
from mailer.edition.links import Purpose
from mailer.storage import people as everybody
from mailer.storage.history import history
from mailer.web.site import make_site

TOPICS = {"peru": "Peru", "work": "Work & pay", "media": "Press"}
EVE = 8


@pytest.fixture
def app(app):
    """The same project, with topics to choose from."""
    chosen = replace(app.settings, subscribers=replace(app.settings.subscribers, topics=TOPICS))
    made = App(chosen, clock=app.clock)
    yield made
    made.database.dispose()


@pytest.fixture
def page(address):
    """The address of Ana's page."""
    return address("/p/", Purpose.PREFERENCES)


@pytest.fixture
def topics_of(app):
    def read(number=1):
        with app.database.reading() as connection:
            return everybody.person(connection, number).topics

    return read


def choice(*topics):
    return {"action": "choose", **{f"topic.{one}": "on" for one in topics}}


def ticked(answer):
    return re.findall(r'type="checkbox" name="topic\.([a-z-]+)" checked', answer.text)


def test_a_page_shows_what_there_is_with_everything_ticked_until_somebody_chooses(site, page):
    answer = site.get(page)
    assert answer.status_code == 200
    assert ticked(answer) == ["peru", "work", "media"]
    assert "Work &amp; pay" in answer.text
    assert "News and action" in answer.text
    assert "a***@example.net" in answer.text
    assert "ana@" not in answer.text
    assert "<script" not in answer.text
    assert "set-cookie" not in answer.headers


def test_a_choice_is_kept_told_and_recorded_with_its_date(site, page, app, mailing, topics_of):
    answer = site.post(page, data=choice("work", "peru"))
    assert (answer.status_code, topics_of()) == (200, ("peru", "work"))
    assert "From now on you hear of: Peru · Work &amp; pay." in answer.text
    assert ticked(site.get(page)) == ["peru", "work"]
    with app.database.reading() as connection:
        event = history(connection, 1)[-1]
    assert (event.kind.value, event.at, event.mailing_id) == ("preferences", app.clock(), mailing)
    assert event.detail == "topics: peru, work (before: everything)"
    assert topics_of(2) == ()


def test_a_choice_can_be_put_back(site, page, topics_of):
    site.post(page, data=choice("peru"))
    answer = site.post(page, data=choice("work"))
    back = dict.fromkeys(re.findall(r'type="hidden" name="(topic\.[a-z-]+)"', answer.text), "on")
    assert list(back) == ["topic.peru"]
    site.post(page, data={"action": "choose"} | back)
    assert topics_of() == ("peru",)


def test_every_box_is_everything_and_what_comes_later(site, page, topics_of):
    site.post(page, data=choice("peru"))
    answer = site.post(page, data=choice(*TOPICS))
    assert topics_of() == ()
    assert "hear of everything" in answer.text


def test_the_same_choice_again_changes_nothing(site, page, people):
    site.post(page, data=choice("peru"))
    before = people()
    answer = site.post(page, data=choice("peru"))
    assert answer.status_code == 200
    assert "Put it back" not in answer.text
    assert people() == before


def test_no_box_is_no_choice_and_says_so(site, page, people):
    before = people()
    answer = site.post(page, data={"action": "choose"})
    assert answer.status_code == 400
    assert 'role="alert"' in answer.text
    assert people() == before


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_looking_changes_nothing(site, page, people, method):
    before = people()
    for _again in range(3):
        assert site.request(method, page + "?action=choose&topic.peru=on").status_code == 200
    assert people() == before


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_link_of_a_test_message_changes_nothing(site, address, people, method):
    before = people()
    answer = site.request(method, address("/p/", Purpose.TEST), data=choice("peru") if method == "POST" else None)
    assert answer.status_code == 200
    assert "changes nothing" in answer.text
    assert people() == before


@pytest.mark.parametrize("purpose", [Purpose.LEAVE, Purpose.VIEW])
def test_a_link_for_something_else_opens_nothing(site, address, people, purpose):
    before = people()
    assert site.post(address("/p/", purpose), data=choice("peru")).status_code == 404
    assert people() == before


def test_people_leave_from_there_come_back_and_choose(site, page, lists_of, topics_of):
    assert "You have left this list" in site.post(page, data={"action": "leave"}).text
    assert lists_of() == {"events"}
    assert 'value="undo"' in site.post(page, data=choice("peru")).text, "who has left is asked whether to come back"
    assert topics_of() == ()
    site.post(page, data={"action": "undo"})
    assert ticked(site.get(page)) == ["peru", "work", "media"]
    assert "nothing more from us" in site.post(page, data={"action": "everything"}).text
    assert lists_of() == set()


def test_a_one_click_request_that_goes_astray_is_a_leave(site, page, lists_of):
    assert site.post(page, data={"List-Unsubscribe": "One-Click"}).status_code == 200
    assert lists_of() == {"events"}


@pytest.mark.parametrize("form", [{}, {"action": "erase"}, {"topic.peru": "on"}])
def test_a_form_that_is_none_of_ours_changes_nothing(site, page, people, form):
    before = people()
    assert site.post(page, data=form).status_code == 400
    assert people() == before


def test_topics_that_are_gone_are_forgotten_with_the_next_choice(site, page, app, topics_of):
    with app.database.writing() as connection:
        connection.exec_driver_sql("""UPDATE subscriber SET topics = '["old"]' WHERE id = 1""")
    assert ticked(site.get(page)) == []
    answer = site.post(page, data=choice("peru"))
    assert "Put it back" not in answer.text
    assert topics_of() == ("peru",)


def test_nobody_is_told_anything_of_somebody_erased(site, address):
    answer = site.get(address("/p/", Purpose.PREFERENCES, 99))
    assert (answer.status_code, "topic." in answer.text) == (200, False)


def test_without_topics_it_is_the_leave_page(app, address):
    bare = App(replace(app.settings, subscribers=replace(app.settings.subscribers, topics={})), clock=app.clock)
    assert "Leave this list?" in TestClient(make_site(bare)).get(address("/p/", Purpose.PREFERENCES)).text
    bare.database.dispose()


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    form=st.dictionaries(st.sampled_from(["topic.peru", "topic.x", "topic.", "a"]), st.text(max_size=20), max_size=4)
)
def test_whatever_is_posted_only_topics_that_there_are_are_kept(site, page, topics_of, form):
    site.post(page, data={"action": "choose"} | form)
    assert set(topics_of()) <= set(TOPICS)
