"""Moving to another database by export and import: the links of delivered mail go on meaning the people they were sent to."""

import email
import email.policy
import shutil
from urllib.parse import urlsplit

import pytest
from starlette.testclient import TestClient

from mailer.app import App
from mailer.edition.links import Purpose, sign, verify
from mailer.settings import load
from mailer.web.site import make_site
from sending_world import Commands, make_project

ONE_CLICK = {"List-Unsubscribe": "One-Click"}


@pytest.fixture
def mailer(project, relay):
    """Runs commands with the project's own key, which stands in its `.mailer`."""
    return commands(project, relay)


@pytest.fixture
def moved(mailer, people, project, relay, tmp_path):
    """Runs commands in a second project, to which everybody of the first moved after a letter; it wrote to donors since."""
    assert mailer("send", "letter", "--yes", "--expect", people).code == 0
    assert mailer("export", "-o", str(tmp_path / "everybody.csv")).code == 0
    other = make_project(tmp_path / "other")
    (other / ".mailer").mkdir(mode=0o700)
    shutil.copy2(project / ".mailer" / "secret.key", other / ".mailer" / "secret.key")
    there = commands(other, relay)
    assert there("import", str(tmp_path / "everybody.csv"), "--json").json["new"] == people
    assert there("send", "letter", "--segment", "donors", "--yes", "--expect", "3").code == 0
    return there


@pytest.fixture
def app(moved):
    made = App(load(moved.folder, {}))
    yield made
    made.database.dispose()


@pytest.fixture
def site(app):
    return TestClient(make_site(app), follow_redirects=False)


def commands(folder, relay):
    made = Commands(folder, MAILER_SMTP_URL=f"smtp://127.0.0.1:{relay.port}")
    del made.environment["MAILER_SECRET_KEY"]
    return made


def leave_link(relay, address):
    """Where the one-click button of the first letter to `address` posts to."""
    content = next(one.content for one in relay.accepted if one.recipient == address)
    header = email.message_from_bytes(content, policy=email.policy.default)["List-Unsubscribe"]
    (link,) = (part.strip(" <>") for part in header.split(",") if "/u/" in part)
    return urlsplit(link).path


def test_the_leave_link_of_a_letter_works_in_the_database_its_people_moved_to(moved, site, relay):
    # Mailing 1 is another here, and was not for person 1.
    link, everybody = leave_link(relay, "person1@example.org"), moved("export").out
    for _scanner in range(2):
        page = site.get(link)
        assert (page.status_code, "p***@example.org" in page.text) == (200, True)
        assert "Leave our lists?" in page.text
    assert moved("export").out == everybody
    assert site.post(link, data=ONE_CLICK).status_code == 200
    assert moved("subscribers", "show", "person1@example.org", "--json").json["status"] == "suppressed"
    assert moved("segment", "count", "everyone", "--json").json["count"] == 11


def test_nobody_is_shown_another_mail_under_the_address_of_theirs(app, site, relay):
    def view(address):
        known = verify(app.secret_key, leave_link(relay, address).removeprefix("/u/"))
        return site.get("/v/" + sign(app.secret_key, Purpose.VIEW, known.mailing_id, known.public_id))

    assert view("person1@example.org").status_code == 404
    assert "old printworks" in view("person2@example.org").text  # a donor: the second project wrote to them


def test_an_export_as_json_names_people_as_the_csv_does(moved):
    rows = moved("export").out.splitlines()[1:]
    people = moved("export", "--format", "json").json["subscribers"]
    assert [person["public_id"] in row for person, row in zip(people, rows, strict=True)] == [True] * 12
