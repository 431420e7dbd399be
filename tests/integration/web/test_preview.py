"""The preview's site over real files: what it shows of a campaign, to whom, and what it does when files break and mend."""

import os
import re
from pathlib import Path

import pytest
from PIL import Image
from starlette.testclient import TestClient

from ledger_world import make_database
from mailer.app import App, system_clock
from mailer.cli.campaigns import surroundings
from mailer.domain.armed import State
from mailer.domain.campaign_kinds import KINDS
from mailer.domain.schedule import parse_when
from mailer.domain.wish import Wish
from mailer.edition.links import Purpose, verify
from mailer.launch import Desk, Order, count_up, give_approval, launch, launch_again, read_draft, read_file, settle
from mailer.launch.ahead import NEXT, find_ahead
from mailer.settings import load
from mailer.storage import schedules, subscriptions
from mailer.web.preview.ahead import Occasion
from mailer.web.preview.bench import Bench
from mailer.web.preview.site import make_preview_site
from mailer.web.preview.views import VIEWS
from sending_world import make_project, populate, rename, write_letter

BODY = "Bring a friend from {{ subscriber.country }}."
PUBLIC = "https://mail.example.org"
RELAY = {"MAILER_SMTP_URL": "smtp://127.0.0.1:1"}


@pytest.fixture
def folder(tmp_path):
    return make_project(tmp_path / "project", toml=f'[web]\npublic_url = "{PUBLIC}"\n')


@pytest.fixture
def database(folder):
    """Twelve people, person 2 a donor, nobody with a country but person 3."""
    made = make_database(f"sqlite:///{folder / 'mailer.db'}")
    populate(made, 12, donors=(2,))
    rename(made, 3, country="PE", last_name="Quispe" * 20)
    yield made
    made.dispose()


@pytest.fixture
def bench(folder):
    made = Bench(App(load(folder, {})), surroundings)
    yield made
    if made.app.has_database:
        made.app.database.dispose()


@pytest.fixture
def site(bench):
    return TestClient(make_preview_site(bench), base_url="http://127.0.0.1", follow_redirects=False)


def page(site, path="/campaigns/letter/", status=200, **query):
    answer = site.get(path, params={name.rstrip("_"): value for name, value in query.items()})
    assert answer.status_code == status, answer.text
    return answer.text


def change(folder, **written):
    """Writes the letter anew, at a time that is surely another."""
    file = folder / "campaigns" / "letter.md"
    before = file.stat().st_mtime_ns
    write_letter(folder, **written)
    os.utime(file, ns=(before + 1, before + 1))


def test_it_shows_the_mail_in_every_view(site):
    for view in VIEWS:
        shown = page(site, view=view.name)
        assert "We meet on Friday" in shown
        assert shown.count("<iframe") == (2 if view.framed else 0)
    assert "There will be soup" in page(site, view="text")
    assert "&lt;!doctype html&gt;" in page(site, view="source").lower()
    assert "List-Unsubscribe-Post" in page(site, view="headers")
    assert "Nothing to mend" in page(site)
    assert re.search(r"\d\d,\d\d\d of 102,400 bytes", page(site))


def test_a_frame_runs_nothing_and_fetches_nothing_from_elsewhere(site):
    for view in VIEWS:
        answer = site.get("/campaigns/letter/frame", params={"view": view.name})
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "allow-scripts" not in policy
        assert "https:" not in policy
        assert ("img-src 'none'" in policy) == (view.name == "images-off")
    assert "allow-scripts" not in page(site)


def test_the_page_runs_its_own_script_only(site):
    policy = site.get("/campaigns/letter/").headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert site.get("/preview.js").headers["content-type"].startswith("text/javascript")


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "mail.example.org"])
@pytest.mark.parametrize("path", ["/", "/campaigns/letter/", "/campaigns/letter/frame", "/stamp"])
def test_it_answers_to_no_other_name(site, host, path):
    assert site.get(path, headers={"Host": host}).status_code == 400


def test_no_link_of_the_mail_acts_and_all_stay_here(site, bench, database):
    frame = page(site, "/campaigns/letter/frame", as_="person1@example.org")
    assert f"{PUBLIC}/" not in frame
    (token,) = set(re.findall(r"/link/u/([\w-]+)", frame))
    assert "changes nothing" in page(site, f"/link/u/{token}")
    source = page(site, "/campaigns/letter/mail.html", as_="person1@example.org")
    (sent,) = set(re.findall(rf"{PUBLIC}/u/([\w-]+)", source))
    assert sent[-1] == Purpose.TEST.value
    assert verify(bench.app.secret_key, sent) is None


def test_pictures_come_from_the_compilation(site, folder):
    Image.new("RGB", (40, 20), "#b3261e").save(folder / "campaigns" / "hall.png")
    change(folder, body="![The hall](hall.png)")
    frame = page(site, "/campaigns/letter/frame")
    (address,) = set(re.findall(r'src="(/media/[^"]+)"', frame))
    answer = site.get(address)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/png")
    assert page(site, "/media/" + "0" * 32 + ".png", status=404)


def test_a_calendar_file_comes_from_the_compilation_too(site):
    frame = page(site, "/kinds/event_invite/frame")
    (address,) = set(re.findall(r'href="(/media/[^"]+\.ics)"', frame))
    answer = site.get(address)
    assert answer.headers["content-type"].startswith("text/calendar")
    assert answer.content.startswith(b"BEGIN:VCALENDAR")
    assert "allow-downloads" in site.get("/kinds/event_invite/frame").headers["content-security-policy"]


def test_it_makes_no_database_and_no_key(site, folder):
    for wish in ("", "random", "worst-case", "person1@example.org"):
        page(site, as_=wish)
    assert not (folder / "mailer.db").exists()
    assert not (folder / ".mailer").exists()


def test_without_people_the_worst_case_is_somebody_invented(site):
    shown = page(site, as_="worst-case")
    assert "somebody invented" in shown
    assert "Nobody would be mailed yet, so a sample reads." in page(site, as_="random")
    assert "Nobody here has the address person1@example.org." in page(site, as_="person1@example.org")


def test_anybody_can_be_looked_at(site, folder, database):
    change(folder, body=BODY)
    assert "Bring a friend from PE" in page(site, as_="person3@example.org", view="text")
    assert "would not be mailed" not in page(site, as_="person3@example.org")
    assert "Nobody here has the address nobody@example.org." in page(site, as_="nobody@example.org")


def test_it_says_when_somebody_would_not_be_mailed_and_why(site, folder, database):
    change(folder, extra="audience: donors\n")
    assert "They would not be mailed. What does not hold for them: tag:donor." in page(site, as_="person1@example.org")
    assert "would not be mailed" not in page(site, as_="person2@example.org")
    with database.writing() as connection:
        subscriptions.leave(connection, 2, list_name="news", mailing_id=0, at=App(load(folder, {})).now)
    assert "list:news (unsubscribed)" in page(site, as_="person2@example.org")


def test_the_worst_case_is_found_with_its_reason(site, folder, database):
    change(folder, body=BODY)
    shown = page(site, as_="worst-case")
    assert "They lack the most: 1 of 2 values that the mail prints: country (without a default)." in shown
    assert "Their message is the longest" in shown
    change(folder, body="Bring a friend, {{ subscriber.last_name | default('you') }}.")
    rename(database, 5, first_name="")
    assert "person5@example.org" in page(site, as_="worst-case")


def test_it_says_that_the_file_differs_from_what_is_armed(site, folder, database):
    desk = Desk(settings=load(folder, RELAY), database=database, key=b"a key for these tests", clock=system_clock)
    when = parse_when("in 10m", now=desk.clock(), zone="Europe/London")
    launch(desk, Order(slug="letter"), lambda *_: None, when=when)
    assert "That is as it is here." in page(site)
    change(folder, body="Bring a cake.")
    assert "the file differs from what is armed: it will be held then" in page(site)


def test_it_says_who_approved_it_and_whether_that_still_fits(site, folder, database):
    desk = Desk(settings=load(folder, RELAY), database=database, key=b"a key for these tests", clock=system_clock)
    assert "Approved by" not in page(site)
    draft = read_draft(desk, Order(slug="letter"))
    people = count_up(desk, draft, again=False, starts_at=desk.clock()).people
    give_approval(desk, draft, people, by="Ana <Souza>")
    assert "Approved by Ana &lt;Souza&gt; on " in page(site)
    change(folder, body="Bring a cake.")
    assert "but its file, or what it uses, has changed since." in page(site)


def test_it_shows_when_a_campaign_comes_round_and_that_it_is_paused(site, folder, database):
    desk = Desk(settings=load(folder, RELAY), database=database, key=b"a key for these tests", clock=system_clock)
    again = settle(Wish(every="fri 09:00"), now=desk.clock(), zone="Europe/London")
    armed = launch_again(desk, Order(slug="letter"), again, lambda *_: None)
    shown = page(site)
    assert "It is armed to go out every Friday at 09:00: Fri " in shown
    assert shown.count(" 09:00 Europe/London") == 3
    with database.writing() as connection:
        schedules.set_state(connection, armed.id, State.PAUSED)
    assert "It is paused: `mailer schedule resume letter`." in page(site)


def test_a_random_reader_stays_for_as_long_as_the_page_is_looked_at(site, database):
    answer = site.get("/campaigns/letter/", params={"as": "random", "view": "dark"})
    assert answer.status_code == 303
    assert re.fullmatch(r"/campaigns/letter/\?view=dark&as=person\d+%40example.org", answer.headers["location"])


def test_what_is_saved_is_seen(site, folder):
    before = page(site, "/stamp")
    assert "no soup" not in page(site, view="text")
    change(folder, body="There is no soup.")
    assert page(site, "/stamp") != before
    assert "no soup" in page(site, view="text")
    template = folder / "templates" / "parts" / "header.txt"
    template.parent.mkdir(parents=True)
    template.write_text("OUR OWN HEADER\n")
    assert "OUR OWN HEADER" in page(site, view="text")


def test_a_broken_file_shows_what_is_wrong_beside_the_last_good_mail(site, folder):
    page(site)
    change(folder, body="{{ subscriber.frist_name }}")
    shown = page(site)
    assert re.search(r"campaigns/letter\.md:\d+</code>", shown)
    assert "{{ subscriber.frist_name }}</p>" in shown, "the line itself is quoted"
    assert "This is the mail as it was at" in shown
    assert 'class="stage old"' in shown
    assert "Bring a friend" in page(site, "/campaigns/letter/frame")
    change(folder, body="All is well.")
    mended = page(site)
    assert "as it was at" not in mended
    assert "All is well." in page(site, "/campaigns/letter/frame")


def test_a_file_that_was_never_whole_shows_what_is_wrong(site, folder):
    (folder / "campaigns" / "letter.md").write_text("---\nkind: article\nhedline: x\n---\n{% if %}\n")
    shown = page(site)
    assert "There is no mail to show yet" in shown
    assert "unknown key" in shown
    assert "campaigns/letter.md:5" in shown, "the body is read too"
    assert page(site, "/campaigns/letter/frame", status=404)


def test_a_file_that_goes_while_it_is_looked_at(site, folder):
    page(site)
    (folder / "campaigns" / "letter.md").unlink()
    shown = page(site)
    assert "this file is gone" in shown
    assert "This is the mail as it was at" in shown
    assert "There is no campaign" in page(site, "/campaigns/lettr/", status=404)


def test_settings_are_taken_over_and_broken_ones_are_said(site, folder):
    assert "#b3261e" in page(site, "/campaigns/letter/frame")
    settings = folder / "mailer.toml"
    good = settings.read_text()
    settings.write_text(good + '[brand]\naccent = "#0b5d3b"\n')
    assert "#0b5d3b" in page(site, "/campaigns/letter/frame")
    settings.write_text(good + '[brand]\naccnt = "#0b5d3b"\n')
    shown = page(site)
    assert "mailer.toml:" in shown
    assert "This is the mail as it was at" in shown
    settings.write_text(good)
    assert "as it was at" not in page(site)


def test_a_value_that_this_reader_lacks_is_said(site, folder):
    change(folder, body="{{ 100 / (subscriber.attributes.gift | int) }}")
    shown = page(site)
    assert "There is no mail for sample@example.org" in shown


def test_downloads_are_what_a_worker_would_send(site):
    eml = site.get("/campaigns/letter/mail.eml")
    assert eml.headers["content-disposition"] == 'attachment; filename="letter.eml"'
    assert b"multipart/alternative" in eml.content
    assert page(site, "/campaigns/letter/mail.exe", status=404)


def test_the_specimen_sheet_has_every_kind_in_the_projects_look(site, folder):
    settings = folder / "mailer.toml"
    settings.write_text(settings.read_text() + '[brand]\nname = "Riverside"\naccent = "#ffd400"\n')
    sheet = page(site, "/")
    for kind in KINDS:
        assert f'id="kind-{kind}"' in sheet
        frame = page(site, f"/kinds/{kind}/frame")
        assert "Riverside" in frame
        assert "#b3261e" not in frame
        assert "mailer new" in page(site, f"/kinds/{kind}/")
    assert 'href="/campaigns/letter/"' in sheet
    assert "accent #ffd400 gives way to" in sheet
    assert "There is no example of the kind" in page(site, "/kinds/nothing/", status=404)


def test_a_template_that_breaks_a_kind_is_said_on_the_sheet(site, folder):
    template = Path(folder / "templates" / "blocks" / "thermometer.mjml")
    template.parent.mkdir(parents=True)
    template.write_text("{#- block thermometer() -#}\n{{ nothing.here }}\n")
    sheet = page(site, "/")
    assert "templates/blocks/thermometer.mjml:2" in sheet
    assert "/kinds/article/frame" in sheet
    assert "/kinds/appeal/frame" not in sheet


def test_what_people_are_called_is_no_markup(site, folder, database):
    rename(database, 4, first_name="<script>alert(1)</script>", name='"><img src=x>')
    shown = page(site, as_="person4@example.org")
    assert "<script>alert" not in shown
    assert "<img src=x>" not in shown
    frame = page(site, "/campaigns/letter/frame", as_="person4@example.org")
    assert "<script>alert" not in frame


def test_an_address_that_is_none_of_ours(site):
    for path in ("/nothing", "/nothing/x/", "/campaigns/letter/nothing", "/campaigns/../mailer.toml"):
        assert page(site, path, status=404)


def test_the_issue_of_a_time_to_come_has_a_panel_beside_its_mail(folder, database):
    write_letter(folder, slug="out", extra="published: 2024-11-20\ncanonical_url: https://www.example.org/out\n")
    (folder / "campaigns" / "weekly.md").write_text(
        '---\nkind: digest\nsubject: "News: {{ items[0].headline }}"\nheadline: The week\n'
        'schedule: {every: "fri 09:00"}\ncollect: {first_run: everything}\n---\nWords.\n'
    )
    app = App(load(folder, {}))
    ahead = find_ahead(app.settings, app.database, read_file(app.desk, "weekly"), NEXT, now=app.clock())
    occasion = Occasion(slug="weekly", ahead=ahead, real_now=app.clock())
    later = App(app.settings, clock=lambda: ahead.when.at)
    site = TestClient(make_preview_site(Bench(later, surroundings), occasion), base_url="http://127.0.0.1")
    shown = page(site, "/campaigns/weekly/")
    assert str(ahead.when) in shown
    assert "To 12 people." in shown
    assert "It is only proposed" in shown
    assert 'id="occurrence"' not in page(site, "/campaigns/letter/")
    (folder / "campaigns" / "weekly.md").write_text("---\nkind: digest\n---\n")
    assert "This is the mail as it was at" in page(site, "/campaigns/weekly/")
    app.database.dispose()
    later.database.dispose()
