"""Mail in the browser comes from the stored edition, and can do nothing but be read."""

import pytest
import sqlalchemy as sa

from edition_oracle import variant
from mailer.domain.media import MediaFile
from mailer.domain.views import ViewItem, ViewRule
from mailer.edition.format import Static
from mailer.edition.links import Purpose, verify
from mailer.storage import media, tables

ANA, BEN, EVE, STRANGER = 0xFEDC_BA98_7654_3210, 7, 8, 99
PICTURE = MediaFile.of(b"\x89PNG bytes", "png")


def view(site, address, **how):
    return site.get(address("/v/", Purpose.VIEW, **how))


def test_a_person_reads_the_mail_that_was_sent_to_them(site, address):
    page = view(site, address)
    assert page.status_code == 200
    assert "Dear Ana, we write to ana@example.net." in page.text


def test_somebody_without_a_first_name_gets_the_fallback(site, address):
    assert "Dear friend, we write to ben@example.net" in view(site, address, who=BEN).text


def test_a_hostile_name_is_text(site, address):
    assert "<b>Eve" not in view(site, address, who=EVE).text


def test_a_mail_opens_only_to_whom_it_was_sent(site, address, mail_out):
    bens = mail_out("bens", to=(2,))
    assert view(site, address, who=BEN, of=bens).status_code == 200
    for who in (ANA, STRANGER):  # in another database the number may have been that of another mailing
        page = view(site, address, who=who, of=bens)
        assert page.status_code == 404
        assert "we write to" not in page.text


def test_a_mailing_that_is_gone_is_404(site, address, app):
    with app.database.writing() as connection:
        connection.execute(sa.delete(tables.mailing))
    assert view(site, address).status_code == 404


@pytest.mark.parametrize("purpose", [Purpose.LEAVE, Purpose.PREFERENCES])
def test_a_token_for_something_else_opens_no_mail(site, address, purpose):
    assert site.get(address("/v/", purpose)).status_code == 404


def test_a_mail_as_a_page_is_sandboxed_private_and_shows_our_pictures(site, address):
    page = view(site, address)
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "img-src 'self' http://127.0.0.1:8000;" in policy
    assert "sandbox" in policy
    assert "allow-scripts" not in policy
    assert "frame-ancestors 'none'" in policy
    assert page.headers["cache-control"] == "no-store"
    assert page.headers["x-robots-tag"] == "noindex"


def test_of_a_digest_each_person_reads_their_own_view_and_everybody_the_whole(site, address, mail_out, app):
    peru, chile = ViewItem(topics=("peru",)), ViewItem(topics=("chile",))
    variants = {"": variant(html=(Static("Peru and Chile"),)), "/f-": variant(html=(Static("Peru"),))}
    weekly = mail_out("weekly", views=ViewRule(items=(peru, chile)), variants=variants)
    with app.database.writing() as connection:
        for who, topics in ((1, ["peru"]), (3, ["chile"])):
            connection.execute(sa.update(tables.subscriber).where(tables.subscriber.c.id == who).values(topics=topics))
    read = {who: view(site, address, who=who, of=weekly).text for who in (ANA, BEN, EVE)}
    assert read == {ANA: "Peru", BEN: "Peru and Chile", EVE: "Peru and Chile"}, "Eve's view was not made"
    assert site.get("/c/weekly").text == "Peru and Chile"


def test_reading_changes_nothing(site, address, people):
    before = people()
    view(site, address)
    site.get("/c/fund")
    site.post(address("/v/", Purpose.VIEW), data={"List-Unsubscribe": "One-Click"})
    assert people() == before


def test_the_public_page_holds_no_person_and_no_working_link(site, mailing):
    page = site.get("/c/fund")
    assert page.status_code == 200
    assert "Dear friend" in page.text
    assert "example.net" not in page.text
    token = page.text.partition("/u/")[2].partition('"')[0]
    assert verify(b"a key for these tests", token).purpose is Purpose.TEST
    assert page.headers["cache-control"] == "public, max-age=300"


def test_the_public_page_is_that_of_the_newest_mailing_that_reached_anybody(site, mail_out):
    assert site.get("/c/fund").status_code == 404
    mail_out(html=(Static("first"),))
    assert site.get("/c/fund").text == "first"
    mail_out(html=(Static("second"),), to=())
    assert site.get("/c/fund").text == "first"
    mail_out(html=(Static("third"),))
    assert site.get("/c/fund").text == "third"


@pytest.mark.parametrize("slug", ["nothing", "FUND", "fund%00", "..%2f..%2fmailer.toml", "' OR 1=1 --", "ƒund"])
def test_no_other_slug_opens_anything(site, mailing, slug):
    assert site.get(f"/c/{slug}").status_code == 404


def test_pictures_are_served_for_ever_and_everywhere(site, app):
    with app.database.writing() as connection:
        media.put(connection, [PICTURE])
        media.put(connection, [PICTURE])  # a second edition names it too
    answer = site.get(f"/media/{PICTURE.name}")
    assert (answer.status_code, answer.content) == (200, PICTURE.content)
    assert answer.headers["content-type"] == "image/png"
    assert "immutable" in answer.headers["cache-control"]
    assert answer.headers["cross-origin-resource-policy"] == "cross-origin"
    again = site.get(f"/media/{PICTURE.name}", headers={"if-none-match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_a_calendar_file_opens_in_the_calendar_and_is_nothing_else(site, app):
    file = MediaFile.of(b"BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n", "ics")
    with app.database.writing() as connection:
        media.put(connection, [file])
    answer = site.get(f"/media/{file.name}")
    assert (answer.status_code, answer.content) == (200, file.content)
    assert answer.headers["content-type"] == "text/calendar; charset=utf-8"
    assert answer.headers["content-disposition"] == 'inline; filename="event.ics"'
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "immutable" in answer.headers["cache-control"]
    assert site.get(f"/media/{file.name.replace('.ics', '.png')}").status_code == 404


@pytest.mark.parametrize(
    "name",
    [
        "0" * 32 + ".png",
        "x.png",
        "..%2fmailer.db",
        "0" * 32 + ".svg",
        "0" * 32 + ".ics",
        "0" * 32 + ".png%00",
        "0" * 32,
        "",
    ],
)
def test_no_other_picture_is_served(site, name):
    assert site.get(f"/media/{name}").status_code == 404


@pytest.mark.parametrize(
    "path", ["//example.com", "/u//example.com", "/c/fund/", "/inbox/", "/%2e%2e/", "/https://example.com"]
)
def test_no_path_redirects_anywhere(site, mailing, path):
    answer = site.get(path)
    assert answer.status_code in (200, 404)
    assert "location" not in answer.headers


def test_health(site, app):
    assert site.get("/healthz").json()["status"] == "ok"
    assert site.get("/readyz").status_code == 200
