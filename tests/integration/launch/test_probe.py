"""Nothing goes out into the world unless the leave page answers, and knows the people of this database."""

import socket
import threading

import pytest

from mailer.app import App
from mailer.errors import Refused
from mailer.launch import Order, pass_gate, read_draft
from mailer.launch.probe import refuse_no_way_out
from mailer.storage import subscribers
from mailer.web.server import Server, listen
from mailer.web.site import make_site
from sending_world import desk_for, make_project, populate


@pytest.fixture
def desk(tmp_path):
    desk = desk_for(make_project(tmp_path / "project"), MAILER_PUBLIC_URL="http://127.0.0.1:8000")
    populate(desk.database, 3)
    yield desk
    desk.database.dispose()


@pytest.fixture
def site(desk):
    app = App(desk.settings)
    app.__dict__.update(database=desk.database, secret_key=desk.key)
    with Server(make_site(app), listen("127.0.0.1", 0)) as server:
        yield server.url.rstrip("/")


def somebody(desk):
    with desk.database.reading() as connection:
        return subscribers.recipients(connection, [2], frozenset())[0]


def test_the_leave_page_of_this_database_lets_it_pass_and_nobody_leaves_by_it(desk, site):
    refuse_no_way_out(site, desk.key, somebody(desk))
    with desk.database.reading() as connection:
        assert subscribers.find_by_email(connection, "person2@example.org") == 2
    assert (
        pass_gate(desk, Order(slug="letter"), read_draft(desk, Order(slug="letter")), starts_at=desk.clock()).people
        == 3
    )


def test_another_key_is_another_programs_page(desk, site):
    with pytest.raises(Refused, match=r"does not answer at .* .it says 404"):
        refuse_no_way_out(site, b"another key", somebody(desk))


def test_another_database_does_not_know_the_person(desk, site, tmp_path):
    other = desk_for(make_project(tmp_path / "other"))
    populate(other.database, 300)
    with other.database.reading() as connection:
        stranger = subscribers.recipients(connection, [299], frozenset())[0]
    other.database.dispose()
    with pytest.raises(Refused, match="does not know the people in this database"):
        refuse_no_way_out(site, desk.key, stranger)


def test_an_address_where_nothing_answers(desk):
    with pytest.raises(Refused, match=r"does not answer at http://127.0.0.1:9") as caught:
        refuse_no_way_out("http://127.0.0.1:9", desk.key, somebody(desk))
    assert "mailer serve" in caught.value.hint


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (b"HTTP/1.1 301 Moved\r\nLocation: http://127.0.0.1:9/\r\nContent-Length: 0\r\n\r\n", "it says 301, and a redirect"),
        (b"SSH-2.0-OpenSSH_9.2\r\n", "BadStatusLine"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nno size\r\n", "IncompleteRead"),
        (b"", "RemoteDisconnected"),
    ],
)  # fmt: skip
def test_what_is_no_leave_page_is_a_sentence_and_its_redirect_is_not_followed(desk, answer, said):
    asked = []

    def answers(listener):
        link, _ = listener.accept()
        with link:
            asked.append(link.recv(4096))
            link.sendall(answer)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=answers, args=(listener,))
        thread.start()
        with pytest.raises(Refused, match=f"does not answer at .*{said}") as caught:
            refuse_no_way_out(f"http://127.0.0.1:{listener.getsockname()[1]}", desk.key, somebody(desk))
        thread.join(60)
    token = asked[0].split()[1].rpartition(b"/")[2].decode()
    assert len(token) > 20
    assert token not in str(caught.value)


def test_the_gate_asks_when_the_relay_is_off_this_machine(tmp_path):
    desk = desk_for(
        make_project(tmp_path / "far"),
        MAILER_SMTP_URL="smtp+starttls://user:secret@relay.example.org:587",
        MAILER_PUBLIC_URL="https://127.0.0.1:9",
    )
    populate(desk.database, 3)
    order = Order(slug="letter")
    with pytest.raises(Refused, match=r"leave page does not answer at https://127.0.0.1:9"):
        pass_gate(desk, order, read_draft(desk, order), starts_at=desk.clock())
    desk.database.dispose()
