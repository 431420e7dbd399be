import pytest

from mailer.backend import Deferred, Refused, Sent
from mailer.backends.memory import MemoryBackend
from mailer.errors import BackendUnavailable
from mailer.testing import make_message


def test_answers_as_it_was_told_and_keeps_what_it_accepted():
    refused = Refused(code=550, enhanced="5.1.1", bad_address=True)
    backend = MemoryBackend(receipts={"reader2@example.org": refused})
    messages = [make_message(number) for number in (1, 2, 3)]
    receipts = list(backend.send_many(iter(messages)))
    assert [type(receipt) for receipt in receipts] == [Sent, Refused, Sent]
    assert backend.messages == [messages[0], messages[2]]
    assert backend.attempts == messages


def test_answers_one_after_the_other_and_the_last_for_ever():
    later, sent = Deferred(code=451), Sent(code=250)
    backend = MemoryBackend(receipts={"reader1@example.org": [later, BackendUnavailable(), later, sent]})
    message = make_message(1)
    assert backend.send(message) is later
    with pytest.raises(BackendUnavailable):
        backend.send(message)
    assert [backend.send(message) for _ in range(3)] == [later, sent, sent]
    assert backend.messages == [message, message]
