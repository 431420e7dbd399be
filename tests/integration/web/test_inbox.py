"""The inbox takes mail over real SMTP, shows it, and can do nothing else with it."""

import smtplib
import socket
import stat
from email.message import EmailMessage

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from mailer.settings import Settings
from mailer.web.inbox.pages import VIEWS, InboxPages, Step, make_inbox_site
from mailer.web.inbox.smtp import SmtpInbox
from mailer.web.inbox.store import Store
from mailer.web.server import PortTaken


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "inbox")


@pytest.fixture
def inbox(store):
    with SmtpInbox(store) as running:
        yield running


@pytest.fixture
def pages(store):
    return TestClient(make_inbox_site(store, Settings()), base_url="http://127.0.0.1")


def letter(subject: str = "Eight days left", html: str = "<p>Hello <b>Ana</b></p>") -> EmailMessage:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "news@example.org", "ana@example.net", subject
    message["List-Unsubscribe"] = "<http://127.0.0.1:8000/u/token>"
    message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    message.set_content("Hello Ana\n.\n..dots\n")
    message.add_alternative(html, subtype="html")
    return message


def deliver(inbox, *messages):
    with smtplib.SMTP(inbox.host, inbox.port) as smtp:
        for message in messages:
            smtp.send_message(message)


def test_a_message_arrives_byte_for_byte_in_a_private_file(inbox, store, tmp_path):
    deliver(inbox, letter())
    (file,) = (tmp_path / "inbox").iterdir()
    assert b"Hello Ana\r\n.\r\n..dots\r\n" in file.read_bytes()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "inbox").stat().st_mode) == 0o700
    assert len(store) == 1
    assert store.entry(1).subject == "Eight days left"


def test_one_message_to_two_people_is_two_messages(inbox, store):
    with smtplib.SMTP(inbox.host, inbox.port) as smtp:
        smtp.send_message(letter(), to_addrs=["ana@example.net", "ben@example.net"])
    assert [entry.recipient for entry in store.find("", limit=9)[0]] == ["ben@example.net", "ana@example.net"]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\r\n",
        b"one line\r\n",
        b".\r\n",
        b"..\r\n.a\r\n",
        b"a\r\n.\r\nb\r\n",
        b"a" * 70_000 + b"\r\n",
        b"ab\r\n" * 99_999,
    ],
    ids=len,
)
def test_dots_and_sizes_of_every_kind_arrive_as_they_were_sent(inbox, store, body):
    with smtplib.SMTP(inbox.host, inbox.port) as smtp:
        smtp.sendmail("news@example.org", ["ana@example.net"], body)
        smtp.sendmail("news@example.org", ["ben@example.net"], b"next\r\n")
    assert store.content(1) == (body or b"\r\n")
    assert store.content(2) == b"next\r\n"


def test_a_message_that_is_too_large_is_refused_and_not_kept(inbox, store):
    huge = b"ab\r\n" * 6_000_000
    with smtplib.SMTP(inbox.host, inbox.port) as smtp:
        with pytest.raises(smtplib.SMTPSenderRefused):  # its announced size is enough
            smtp.sendmail("news@example.org", ["ana@example.net"], huge)
        smtp.mail("news@example.org")
        smtp.rcpt("ana@example.net")
        assert smtp.data(huge)[0] == 552
        smtp.sendmail("news@example.org", ["ana@example.net"], b"next\r\n")
    assert [store.content(1), len(store)] == [b"next\r\n", 1]


def test_a_link_that_is_lost_in_the_middle_leaves_nothing(inbox, store):
    with socket.create_connection((inbox.host, inbox.port)) as link:
        link.sendall(b"EHLO x\r\nMAIL FROM:<a@example.org>\r\nRCPT TO:<b@example.org>\r\nDATA\r\n")
        link.recv(4096)
        link.sendall(b"Subject: half\r\n")
    deliver(inbox, letter())
    assert [entry.subject for entry in store.find("", limit=9)[0]] == ["Eight days left"]


def test_it_listens_on_loopback_and_nowhere_else(inbox):
    assert inbox.host == "127.0.0.1"
    others = {info[4][0] for info in socket.getaddrinfo(socket.gethostname(), None, socket.AF_INET)} - {"127.0.0.1"}
    for address in others:
        with pytest.raises(OSError):
            socket.create_connection((address, inbox.port), timeout=2)


def test_a_taken_port_is_named(inbox, store):
    with pytest.raises(PortTaken, match=str(inbox.port)) as taken:
        SmtpInbox(store, port=inbox.port)
    assert "--smtp-port" in taken.value.hint


def test_a_full_disk_is_a_reply_that_makes_the_sender_wait(inbox, store, monkeypatch):
    monkeypatch.setattr(store, "_folder", store._folder / "gone")
    with pytest.raises(smtplib.SMTPDataError) as refused:
        deliver(inbox, letter())
    assert refused.value.smtp_code == 452
    assert len(store) == 0


def test_search_finds_words_in_addresses_and_subjects_in_any_order(inbox, store, pages):
    deliver(inbox, letter("Eight days left"), letter("Labour and Latin America"), letter("Seven days left"))
    assert [entry.number for entry in store.find("LEFT days", limit=9)[0]] == [3, 1]
    page = pages.get("/inbox/?q=labour ana@").text
    assert "1 of 3 messages" in page
    assert "Labour and Latin America" in page
    assert "Eight days" not in page


def test_the_commonest_subjects_stand_above_the_list_with_their_numbers(inbox, store, pages):
    deliver(inbox, *[letter("Eight days left")] * 3, *[letter("Labour & Latin America")] * 2, letter("Only one"))
    assert store.subjects(5) == [("Eight days left", 3), ("Labour & Latin America", 2)]
    assert store.subjects(1) == [("Eight days left", 3)]
    page = pages.get("/inbox/").text
    assert "/inbox/?q=Labour%20%26%20Latin%20America" in page
    assert "2 of 6 messages" in pages.get("/inbox/?q=Labour%20%26%20Latin%20America").text


def test_every_view_of_a_message_opens(inbox, pages):
    deliver(inbox, letter())
    for view in VIEWS:
        answer = pages.get(f"/inbox/1?view={view.name}")
        assert answer.status_code == 200
        assert "Eight days left" in answer.text
        assert "script-src 'self';" in answer.headers["content-security-policy"]
    assert "List-Unsubscribe-Post" in pages.get("/inbox/1?view=headers").text
    assert "..dots" in pages.get("/inbox/1?view=text").text
    assert pages.get("/inbox/1.eml").content.count(b"multipart/alternative") == 1


def test_the_mails_html_is_shown_only_in_a_sandbox(inbox, pages):
    deliver(inbox, letter("<script>alert(1)</script>", "<script>alert(2)</script><form action='https://example.com'>"))
    assert "<script>alert" not in pages.get("/inbox/1").text
    frame = pages.get("/inbox/1/frame")
    assert "<script>alert(2)" in frame.text  # as it came …
    policy = frame.headers["content-security-policy"]
    assert "default-src 'none'" in policy  # … and without any right to run
    assert "sandbox allow-popups" in policy
    assert "allow-scripts" not in policy
    assert "allow-same-origin" not in policy


def test_pictures_come_from_this_machine_or_not_at_all(inbox, pages):
    deliver(inbox, letter())
    assert "https:" not in pages.get("/inbox/1/frame").headers["content-security-policy"]
    assert "img-src 'none'" in pages.get("/inbox/1/frame?view=no-images").headers["content-security-policy"]


def test_the_page_offers_the_mailbox_providers_button(inbox, pages):
    deliver(inbox, letter())
    page = pages.get("/inbox/1").text
    assert 'action="http://127.0.0.1:8000/u/token"' in page
    assert 'name="List-Unsubscribe" value="One-Click"' in page


def test_what_is_not_there_is_404(pages):
    for path in (
        "/inbox/1",
        "/inbox/0",
        "/inbox/1/frame",
        "/inbox/9.eml",
        "/inbox/..%2f..%2fetc%2fpasswd",
        "/inbox/-1",
    ):
        assert pages.get(path).status_code == 404


def test_the_story_stands_beside_the_list_and_changes_what_the_script_asks_for(store):
    steps = [Step(state="now", text="The appeal waits.")]
    site = Starlette(routes=InboxPages(store, Settings(), story=lambda: steps).routes())
    pages = TestClient(site, base_url="http://127.0.0.1")
    assert "The appeal waits." in pages.get("/inbox/").text
    before = pages.get("/inbox/count").text
    steps[0] = Step(state="done", text="The appeal went.")
    assert pages.get("/inbox/count").text != before


def test_another_sites_name_for_this_machine_opens_nothing(inbox, pages):
    deliver(inbox, letter())
    assert pages.get("/inbox/1", headers={"host": "evil.example"}).status_code == 400
    assert pages.get("/inbox/1", headers={"host": "localhost:8025"}).status_code == 200


def test_a_message_is_downloaded_and_never_opened_as_a_page_of_ours(store, pages):
    store.add(b"Subject: x\r\nContent-Type: text/html\r\n\r\n<script>1</script>", "ana@example.net")
    answer = pages.get("/inbox/1.eml")
    assert answer.headers["content-disposition"] == 'attachment; filename="1.eml"'
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_nothing_of_a_message_that_did_not_fit_stays_behind_the_next(store, tmp_path):
    (tmp_path / "inbox" / "000001.eml").write_bytes(b"Subject: the longer one that did not fit whole\r\n\r\nsecret")
    store.add(b"Subject: x\r\n\r\n", "ana@example.net")
    assert store.content(1) == b"Subject: x\r\n\r\n"
