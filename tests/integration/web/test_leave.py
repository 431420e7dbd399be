"""The way out, whole: what mailbox providers do, what scanners do, what people do."""

import logging
from urllib.parse import quote

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mailer.domain.subscriber import Recipient, SuppressionReason
from mailer.edition.links import Purpose
from mailer.errors import Refused
from mailer.launch.probe import refuse_no_way_out
from mailer.storage import subscriptions, suppressions, tables
from mailer.web.forms import LARGEST
from mailer.web.server import Server, listen
from mailer.web.site import make_site

ANA, BEN, STRANGER = 0xFEDC_BA98_7654_3210, 7, 99
URLENCODED = {
    "content": b"List-Unsubscribe=One-Click",
    "headers": {"content-type": "application/x-www-form-urlencoded"},
}
MULTIPART = {"files": {"List-Unsubscribe": (None, "One-Click")}}
UNLABELLED = {"content": b"List-Unsubscribe=One-Click", "headers": {"content-type": ""}}


@pytest.mark.parametrize("body", [URLENCODED, MULTIPART, UNLABELLED], ids=["urlencoded", "multipart", "unlabelled"])
def test_a_mailbox_providers_one_click_takes_the_person_off_that_list(site, address, lists_of, body):
    for _again in range(3):
        answer = site.post(address(), **body)
        assert answer.status_code == 200
        assert "location" not in answer.headers
        assert "set-cookie" not in answer.headers
        assert lists_of(1) == {"events"}
    assert lists_of(2) == {"news", "events"}


def test_one_click_needs_no_origin_and_minds_none(site, address, lists_of):
    headers = {"origin": "https://mail.example.com", "sec-fetch-site": "cross-site", "cookie": "a=b"}
    assert site.post(address(), data={"List-Unsubscribe": "One-Click"}, headers=headers).status_code == 200
    assert lists_of(1) == {"events"}


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_looking_changes_nothing_however_often_scanners_look(site, address, people, method):
    before = people()
    for path, purpose in (("/u/", Purpose.LEAVE), ("/p/", Purpose.PREFERENCES)):
        for _again in range(3):
            answer = site.request(method, address(path, purpose) + "?List-Unsubscribe=One-Click&action=leave")
            assert answer.status_code == 200
    assert people() == before


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS"])
def test_other_methods_are_refused(site, address, people, method):
    before = people()
    assert site.request(method, address()).status_code == 405
    assert people() == before


def test_the_page_names_the_list_and_masks_the_address(site, address):
    page = site.get(address())
    assert "News and action" in page.text
    assert "a***@example.net" in page.text
    assert "ana@" not in page.text
    assert '<html lang="en"' in page.text
    assert page.text.count("<h1>") == 1


def test_a_person_leaves_one_list_takes_it_back_and_leaves_everything(site, address, app, lists_of):
    page = site.post(address(), data={"action": "leave"})
    assert "You have left this list" in page.text
    assert lists_of() == {"events"}
    page = site.post(address(), data={"action": "undo"})
    assert "Welcome back" in page.text
    assert lists_of() == {"news", "events"}
    page = site.post(address(), data={"action": "everything"})
    assert "nothing more from us" in page.text
    assert lists_of() == set()
    with app.database.reading() as connection:
        assert suppressions.find(connection, "ana@example.net").reason is SuppressionReason.LEFT
    assert "Welcome back" in site.post(address(), data={"action": "undo"}).text
    assert lists_of() == {"news", "events"}


def test_undo_through_another_link_brings_nobody_back_and_says_so(site, address, app, lists_of):
    with app.database.writing() as connection:
        subscriptions.leave(connection, 1, list_name="news", mailing_id=None, at=app.clock())
    page = site.post(address(), data={"action": "undo"})
    assert lists_of() == {"events"}
    assert "write to" in page.text
    assert "news@example.org" in page.text


def test_a_suppression_for_another_reason_cannot_be_undone_from_the_page(site, address, app):
    with app.database.writing() as connection:
        suppressions.suppress(connection, "ana@example.net", reason=SuppressionReason.COMPLAINT, at=app.clock())
    assert 'value="undo"' not in site.get(address()).text
    site.post(address(), data={"action": "undo"})
    with app.database.reading() as connection:
        assert suppressions.find(connection, "ana@example.net").reason is SuppressionReason.COMPLAINT


def test_the_link_works_when_the_mailing_is_gone_and_then_means_everything(site, address, app, mailing, lists_of):
    with app.database.writing() as connection:
        connection.execute(sa.delete(tables.mailing).where(tables.mailing.c.id == mailing))
    assert site.get(address()).status_code == 200
    assert site.post(address(), **URLENCODED).status_code == 200
    assert lists_of() == set()


def test_the_number_of_somebody_elses_mailing_names_no_list(site, address, app, mail_out, lists_of):
    bens = mail_out("bens", to=(2,))
    page = site.get(address(of=bens))
    assert "Leave our lists?" in page.text
    assert "News and action" not in page.text
    assert site.post(address(of=bens), **URLENCODED).status_code == 200
    assert (lists_of(1), lists_of(2)) == (set(), {"news", "events"})
    with app.database.reading() as connection:
        events = connection.execute(sa.select(tables.subscriber_event.c.mailing_id)).scalars().all()
    assert bens not in events
    assert "Welcome back" in site.post(address(of=bens), data={"action": "undo"}).text
    assert lists_of(1) == {"news", "events"}


def test_somebody_who_was_erased_is_told_that_there_is_nothing_to_leave(site, address, people):
    before = people()
    for request in (site.get(address(who=STRANGER)), site.post(address(who=STRANGER), **URLENCODED)):
        assert request.status_code == 200
        assert "do not write to you" in request.text
    assert people() == before


def test_a_test_messages_link_answers_200_and_changes_nothing(site, address, people):
    before = people()
    for path in ("/u/", "/p/", "/v/"):
        answer = site.get(address(path, Purpose.TEST))
        assert answer.status_code == 200
        assert "changes nothing" in answer.text
    assert site.post(address("/u/", Purpose.TEST), **URLENCODED).status_code == 200
    assert people() == before


def test_a_bad_token_is_404_and_nothing_changes(site, address, people):
    before, good = people(), address()
    bad = [good[:-2] + "xl", good[:-1] + "v", good + "l", good[:-1], "/u/", "/u/a", address("/u/", Purpose.VIEW)]
    bad += ["/u/" + "A" * 36 + "l", "/u/%00", "/u/..%2f..%2fmailer.db", "/u/%f0%9f%92%a5", "/u/" + "l" * 5000]
    for path in bad:
        assert site.get(path).status_code == 404, path
        answer = site.post(path, **URLENCODED)
        assert answer.status_code == 404, path
        assert "location" not in answer.headers
    assert people() == before


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    body=st.binary(max_size=300),
    kind=st.sampled_from(
        [
            "application/x-www-form-urlencoded",
            "multipart/form-data; boundary=x",
            "multipart/form-data",
            "text/plain",
            "x",
        ]
    ),
)
def test_no_other_body_changes_anything_or_breaks_the_site(site, address, people, body, kind):
    if b"action" in body or b"One-Click" in body:
        return
    before = people()
    assert site.post(address(), content=body, headers={"content-type": kind}).status_code == 400
    assert people() == before


def test_a_huge_body_is_cut_short(site, address, people):
    before = people()
    for body in ({"content": b"a" * (LARGEST + 1)}, {"files": {"action": ("leave", b"x" * LARGEST)}}):
        assert site.post(address(), **body).status_code == 413
    assert people() == before


def test_pages_run_nothing_load_nothing_and_are_framed_by_nobody(site, address):
    for page in (site.get(address()), site.post(address(), **URLENCODED), site.get("/nothing"), site.get("/")):
        policy = page.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert "<script" not in page.text
        assert page.headers["referrer-policy"] == "no-referrer"
        assert page.headers["x-content-type-options"] == "nosniff"
        assert page.headers["cache-control"] == "no-store"


def test_no_address_and_no_token_reaches_the_log(site, address, caplog):
    caplog.set_level(logging.DEBUG)
    path = address()
    site.get(path)
    site.post(path, **URLENCODED)
    site.get("/u/wrong-token")
    site.get(address("/v/", Purpose.VIEW))
    text = "\n".join(record.getMessage() for record in caplog.records if record.name.startswith("mailer"))
    assert "route=/u/{token} status=200" in text
    assert "leave.leave mailing=" in text
    assert path[3:] not in text
    assert "wrong-token" not in text
    assert "@" not in text


def test_a_database_that_fails_is_503_so_that_the_provider_tries_again(site, address, app, caplog):
    with app.database.writing() as connection:
        connection.execute(sa.text("DROP TABLE subscription"))
    answer = site.post(address(), **URLENCODED)
    assert answer.status_code in (500, 503)
    assert "Traceback" not in answer.text
    assert "ana@example.net" not in caplog.text


def test_the_probe_before_a_mailing_finds_the_way_out_of_this_database_and_of_no_other(app, site, mail_out):
    somebody = Recipient(subscriber_id=1, public_id=ANA, email="ana@example.net", fields={})
    with Server(make_site(app), listen("127.0.0.1", 0)) as server:
        refuse_no_way_out(server.url, app.secret_key, somebody)
        with pytest.raises(Refused, match="does not know"):
            refuse_no_way_out(server.url, app.secret_key, somebody._replace(email="zoe@example.net"))
        with pytest.raises(Refused, match="404"):
            refuse_no_way_out(server.url, b"another key", somebody)
    with pytest.raises(Refused, match="does not answer"):
        refuse_no_way_out(server.url, app.secret_key, somebody)


def test_leaving_through_the_link_of_a_mailing_that_is_gone_is_described_rightly(site, address, lists_of):
    of_none = address(of=0)
    assert "Leave our lists?" in site.get(of_none).text
    assert 'value="leave"' not in site.get(of_none).text
    assert "nothing more from us" in site.post(of_none, data={"action": "everything"}).text
    assert "Welcome back" in site.post(of_none, data={"action": "undo"}).text
    assert lists_of() == {"news", "events"}


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(at=st.integers(0, 36), to=st.sampled_from("ABYZabyz0189-_lvptm.~"))
def test_no_single_wrong_letter_in_a_token_is_overlooked(site, address, people, at, to):
    good = address()
    token = good.removeprefix("/u/")
    wrong = token[:at] + to + token[at + 1 :]
    if wrong == token:
        return
    before = people()
    assert site.post("/u/" + wrong, **URLENCODED).status_code == 404
    assert people() == before


def test_a_leave_token_cannot_be_relabelled(site, address, people):
    before, token = people(), address().removeprefix("/u/")
    for path, letter in (("/u/", "t"), ("/v/", "v"), ("/p/", "p"), ("/v/", "t"), ("/p/", "t")):
        assert site.get(path + token[:-1] + letter).status_code == 404
    assert people() == before


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(path=st.text(max_size=60), method=st.sampled_from(["GET", "POST", "HEAD", "PUT"]))
def test_no_path_breaks_the_site_redirects_or_changes_anything(site, people, path, method):
    before = people()
    answer = site.request(method, "/" + quote(path, safe="/%", errors="ignore"))
    assert answer.status_code in (200, 404, 405, 413)
    assert "location" not in answer.headers
    assert people() == before
