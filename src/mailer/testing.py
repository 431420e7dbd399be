"""For the authors of backends: the contract as a suite of tests. Inherit it, say how to make yours, run pytest.

    class TestMine(BackendContract):
        def make(self) -> Backend:
            return MyBackend({"path": …})

The messages it sends are finished ones, as a worker's are, to addresses at example.org that your backend should accept.
Say how to make one whose service fails, too (`refusing`, `unreachable`, `silent`): what a backend says then decides whether
somebody gets a message twice, or never.
"""

import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from mailer.backend import Backend, Receipt, Refused, Sent, Uncertain
from mailer.domain.message import OutgoingMessage
from mailer.errors import BackendError, BackendUnavailable

__all__ = ["BackendContract", "assert_finished", "make_message"]

#: Seconds within which a call that was broken off must be over.
AT_ONCE = 10.0
BARE_LINE_END = re.compile(rb"\r(?!\n)|(?<!\r)\n")


def make_message(
    number: int = 1, *, recipient: str = "", filling: int = 2000, eight_bit: bool = False
) -> OutgoingMessage:
    """A small finished message; filling: octets of its body, about. recipient: where it is beyond ASCII, so is the To field."""
    recipient = recipient or f"reader{number}@example.org"
    line = ("Solidarität! " if eight_bit else "Solidarity! ") * 5 + "\r\n"
    content = (
        f"From: News <news@example.org>\r\nTo: {recipient}\r\nSubject: Number {number}\r\n"
        f"Message-ID: <key-{number}@example.org>\r\nMIME-Version: 1.0\r\n"
        f"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: {'8bit' if eight_bit else '7bit'}\r\n\r\n"
        + line
        * max(1, filling // len(line))
    )
    return OutgoingMessage.whole(
        key=f"key-{number}",
        sender="news@example.org",
        recipient=recipient,
        content=content.encode(),
        eight_bit=eight_bit or not recipient.isascii(),
    )


def assert_finished(message: OutgoingMessage) -> None:
    """`message.content` is what `OutgoingMessage` promises, so that a backend may put it on the wire without looking."""
    content = message.content
    assert content.endswith(b"\r\n"), "it does not end in CRLF"
    assert not BARE_LINE_END.search(content), "it holds a bare CR or LF"
    assert b"\0" not in content, "it holds a NUL"
    lines = content.split(b"\r\n")
    assert max(map(len, lines)) <= 998, "it has a line of over 998 octets"
    assert not any(line.startswith(b".") for line in lines), "it has a line that starts with a dot"
    assert message.eight_bit or content.isascii(), "it is not 7-bit clean, and does not say so"


class BackendContract:
    """What the worker relies on. A test here that fails is a message that somebody gets twice, or never."""

    def make(self) -> Backend:
        """A new backend, not opened, that accepts mail for example.org."""
        raise NotImplementedError

    def delivered(self) -> list[tuple[str, bytes]] | None:
        """(recipient, content) of all that arrived since the test began, if yours can tell; None skips those checks."""
        return None

    def arrives(self, message: OutgoingMessage) -> tuple[str, bytes]:
        """What `delivered` tells of a message, if your backend changes it on the way."""
        return message.recipient, message.content

    def refusing(self) -> Backend | None:
        """A backend whose service refuses reader2@example.org for good and takes all others, if you can make one."""
        return None

    def unreachable(self) -> Backend | None:
        """A backend whose service cannot be reached, if you can make one."""
        return None

    def silent(self) -> Backend | None:
        """A backend whose service takes the first message and breaks off without an answer, then takes what comes."""
        return None

    @pytest.fixture
    def backend(self) -> Iterator[Backend]:
        backend = self.make()
        yield backend
        backend.close()

    def test_it_has_a_name(self) -> None:
        assert self.make().name

    def test_a_message_is_sent(self, backend: Backend) -> None:
        backend.open()
        message = make_message()
        assert isinstance(backend.send(message), Sent)
        self._arrived([message])

    def test_it_works_without_being_opened_first(self, backend: Backend) -> None:
        assert isinstance(backend.send(make_message()), Sent)

    def test_a_receipt_speaks_in_codes_that_can_be_stored(self, backend: Backend) -> None:
        receipt = backend.send(make_message())
        assert isinstance(receipt, Receipt)
        assert receipt.code == 0 or 200 <= receipt.code < 600
        assert re.fullmatch(r"([245]\.\d{1,3}\.\d{1,3})?", receipt.enhanced)
        assert not receipt.text or receipt.text.isprintable()

    def test_several_are_sent_in_order_with_one_receipt_each(self, backend: Backend) -> None:
        messages = [make_message(number) for number in range(1, 8)]
        receipts = list(backend.send_many(iter(messages)))
        assert [type(receipt) for receipt in receipts] == [Sent] * 7
        self._arrived(messages)

    def test_none_at_all_is_no_trouble(self, backend: Backend) -> None:
        assert list(backend.send_many(iter(()))) == []

    def test_large_and_small_ones_may_be_mixed(self, backend: Backend) -> None:
        messages = [make_message(1), make_message(2, filling=400_000), make_message(3)]
        assert [type(receipt) for receipt in backend.send_many(iter(messages))] == [Sent] * 3
        self._arrived(messages)

    def test_at_most_one_message_is_taken_ahead(self, backend: Backend) -> None:
        """A worker marks what it hands over as being sent; after a crash all of that is in doubt."""
        taken: list[int] = []

        def messages() -> Iterator[OutgoingMessage]:
            for number in range(1, 6):
                taken.append(number)
                yield make_message(number)

        for done, _ in enumerate(backend.send_many(messages()), 1):
            assert len(taken) <= done + 1

    def test_stopping_early_leaves_the_rest_unsent_and_the_backend_usable(self, backend: Backend) -> None:
        messages = [make_message(number) for number in range(1, 6)]
        receipts = backend.send_many(iter(messages))
        assert isinstance(next(receipts), Sent)
        close = getattr(receipts, "close", lambda: None)
        close()
        later = make_message(9)
        assert isinstance(backend.send(later), Sent)
        self._arrived([messages[0], later])

    def test_an_error_of_the_messages_comes_through_and_leaves_the_backend_usable(self, backend: Backend) -> None:
        def messages() -> Iterator[OutgoingMessage]:
            yield make_message(1)
            raise LookupError("the third thing that can go wrong")

        receipts: list[Receipt] = []

        def send_all() -> None:
            receipts.extend(backend.send_many(messages()))

        with pytest.raises(LookupError):
            send_all()
        later = make_message(2)
        assert isinstance(backend.send(later), Sent)
        self._arrived([*[make_message(1) for _ in receipts], later])

    def test_it_may_be_closed_twice_and_used_again(self, backend: Backend) -> None:
        backend.open()
        backend.close()
        backend.close()
        backend.open()
        assert isinstance(backend.send(make_message()), Sent)

    def test_it_may_be_closed_without_having_been_opened(self) -> None:
        self.make().close()

    def test_breaking_off_an_idle_one_does_no_harm(self) -> None:
        backend = self.make()
        backend.open()
        backend.abort()
        backend.close()

    def test_two_of_them_do_not_meet(self, backend: Backend) -> None:
        other = self.make()
        try:
            backend.open()
            other.open()
            assert isinstance(backend.send(make_message(1)), Sent)
            other.close()
            assert isinstance(backend.send(make_message(2)), Sent)
        finally:
            other.close()

    def test_broken_off_by_another_thread_it_comes_to_an_end_and_hides_nothing(self) -> None:
        """As when a worker must stop: what has no receipt then is tried again, so it must not have left."""
        backend, sending = self.make(), _Sending()
        thread = threading.Thread(target=sending.run, args=(backend,), daemon=True)
        thread.start()
        assert sending.under_way.wait(AT_ONCE), "it sent nothing"
        sending.stopping.set()
        backend.abort()
        thread.join(AT_ONCE)
        assert not thread.is_alive(), "abort did not end the call"
        backend.close()
        assert isinstance(sending.error, (BackendUnavailable, type(None))), sending.error
        answered = zip(sending.taken, sending.receipts, strict=False)
        gone = {self.arrives(message) for message, receipt in answered if isinstance(receipt, (Sent, Uncertain))}
        arrived = self.delivered()
        if arrived is not None:
            assert len(arrived) == len(set(arrived)), "something left twice"
            assert set(arrived) <= gone, "something left, and its receipt does not say so"

    def test_a_refusal_is_a_value_and_the_next_message_goes_out(self) -> None:
        with _closing(self.refusing) as backend:
            receipts = list(backend.send_many(make_message(number) for number in (1, 2, 3)))
            assert [type(receipt) for receipt in receipts] == [Sent, Refused, Sent]

    def test_letters_beyond_ascii_are_carried_or_concern_that_recipient_alone(self, backend: Backend) -> None:
        """RFC 6531: not every service can; 5.6.7 says so, and that nothing is wrong with the address."""
        foreign, other = make_message(1, recipient="jos\u00e9@example.org"), make_message(2)
        receipt, last = backend.send_many(iter((foreign, other)))
        assert isinstance(receipt, Sent) or (isinstance(receipt, Refused) and receipt.enhanced == "5.6.7"), receipt
        assert not getattr(receipt, "bad_address", False)
        assert isinstance(last, Sent)
        self._arrived([foreign, other] if isinstance(receipt, Sent) else [other])

    def test_a_service_that_is_down_is_an_error_and_nobody_s_fate(self) -> None:
        taken: list[OutgoingMessage] = []
        with _closing(self.unreachable) as backend:
            for _ in range(2):
                with pytest.raises(BackendError):
                    _send_all(backend, taken)
        assert len(taken) <= 4  # one, and one ahead, each time

    def test_a_lost_answer_is_uncertain_and_is_not_sent_again(self) -> None:
        """The message may have arrived; only a person can decide to send it again."""
        with _closing(self.silent) as backend:
            first, second = make_message(1), make_message(2)
            assert isinstance(backend.send(first), Uncertain)
            assert isinstance(backend.send(second), Sent)
            arrived = self.delivered()
            if arrived is not None:
                assert arrived.count(self.arrives(first)) <= 1
                assert arrived.count(self.arrives(second)) == 1

    def _arrived(self, messages: list[OutgoingMessage]) -> None:
        found = self.delivered()
        if found is not None:
            assert found == [self.arrives(message) for message in messages]


class _Sending:
    """A worker's thread: hands over messages until it is told to stop, and keeps what it heard."""

    def __init__(self) -> None:
        self.stopping, self.under_way = threading.Event(), threading.Event()
        self.taken: list[OutgoingMessage] = []
        self.receipts: list[Receipt] = []
        self.error: Exception | None = None

    def run(self, backend: Backend) -> None:
        try:
            for receipt in backend.send_many(self._messages()):
                self.receipts.append(receipt)
                if len(self.receipts) == 3:
                    self.under_way.set()
        except Exception as error:  # noqa: BLE001 (looked at by the test)
            self.error = error

    def _messages(self) -> Iterator[OutgoingMessage]:
        while not self.stopping.is_set():
            self.taken.append(make_message(len(self.taken) + 1))
            yield self.taken[-1]


def _send_all(backend: Backend, taken: list[OutgoingMessage]) -> None:
    def messages() -> Iterator[OutgoingMessage]:
        for number in (1, 2, 3):
            taken.append(make_message(number))
            yield taken[-1]

    list(backend.send_many(messages()))


@contextmanager
def _closing(make: Callable[[], Backend | None]) -> Iterator[Backend]:
    backend = make()
    if backend is None:
        pytest.skip(f"{make.__name__}() makes none")
    try:
        yield backend
    finally:
        backend.close()
