"""Several backends as one: who is asked, with what, and when nobody else may be."""

from itertools import zip_longest

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.backend import Backend, Deferred, Refused, Sent, Uncertain
from mailer.backends.failover import FailoverBackend
from mailer.backends.memory import MemoryBackend
from mailer.errors import BackendMisconfigured, BackendUnavailable, SettingsError
from mailer.testing import BackendContract, make_message

DOWN, OURS = BackendUnavailable("It is down."), BackendMisconfigured("Wrong password.", hint="Mend it.")
LATER, NEVER, LOST = Deferred(code=451, enhanced="4.7.1"), Refused(code=550), Uncertain()


class Closed(MemoryBackend):
    """Cannot be opened, and counts how often that was tried."""

    def __init__(self, error=DOWN):
        super().__init__()
        self.error, self.tried = error, 0

    def open(self):
        self.tried += 1
        raise self.error

    def send(self, message):
        self.open()


def keys(backend):
    return [message.key for message in backend.messages]


def send(backend, *numbers):
    return list(backend.send_many(make_message(number) for number in numbers))


class TestContract(BackendContract):
    def make(self):
        self.made = MemoryBackend()
        return FailoverBackend([self.made, Closed()])

    def delivered(self):
        return [(message.recipient, message.content) for message in self.made.messages]

    def refusing(self):
        return FailoverBackend([MemoryBackend(receipts={"reader2@example.org": NEVER}), MemoryBackend()])

    def unreachable(self):
        return FailoverBackend([Closed(), Closed(OURS)])

    def silent(self):
        self.made = MemoryBackend()
        return FailoverBackend([MemoryBackend(receipts={"reader1@example.org": LOST}), self.made])

    def test_a_lost_answer_is_uncertain_and_is_not_sent_again(self):
        backend = self.silent()
        assert [type(receipt) for receipt in send(backend, 1, 2)] == [Uncertain, Sent]
        assert self.made.attempts == []


class TestContractWithTheFirstDown(TestContract):
    def make(self):
        self.made = MemoryBackend()
        return FailoverBackend([Closed(), self.made])


def test_there_must_be_one():
    with pytest.raises(SettingsError):
        FailoverBackend([])


@pytest.mark.parametrize("error", [DOWN, OURS])
def test_what_was_taken_without_a_receipt_goes_to_the_next_in_order(error):
    first = MemoryBackend(receipts={"reader2@example.org": error})
    second = MemoryBackend()
    assert [type(receipt) for receipt in send(FailoverBackend([first, second]), 1, 2, 3)] == [Sent] * 3
    assert (keys(first), keys(second)) == (["key-1"], ["key-2", "key-3"])


def test_a_message_taken_ahead_is_not_lost_either():
    class TakesAhead(MemoryBackend):
        def send_many(self, messages):
            yield self.send(next(messages))
            next(messages), next(messages)
            raise DOWN

    first, second = TakesAhead(), MemoryBackend()
    assert len(send(FailoverBackend([first, second]), 1, 2, 3, 4)) == 4
    assert (keys(first), keys(second)) == (["key-1"], ["key-2", "key-3", "key-4"])


def test_the_one_that_took_over_stays_until_close():
    first, second = MemoryBackend(receipts={"reader1@example.org": DOWN}), MemoryBackend()
    backend = FailoverBackend([first, second])
    send(backend, 1)
    send(backend, 2)
    assert (keys(first), keys(second)) == ([], ["key-1", "key-2"])
    backend.close()
    send(backend, 3)
    assert keys(first) == ["key-3"]


def test_only_what_was_put_off_is_offered_to_the_others():
    first = MemoryBackend(
        receipts={"reader1@example.org": LATER, "reader2@example.org": NEVER, "reader3@example.org": LOST}
    )
    second = MemoryBackend()
    receipts = send(FailoverBackend([first, second]), 1, 2, 3, 4)
    assert [type(receipt) for receipt in receipts] == [Sent, Refused, Uncertain, Sent]
    assert (keys(first), keys(second)) == (["key-4"], ["key-1"])


def test_put_off_by_all_it_is_put_off_as_the_first_said():
    other = Deferred(code=452)
    backends = [MemoryBackend(receipts={"reader1@example.org": answer}) for answer in (LATER, other)]
    assert send(FailoverBackend([backends[0], Closed(), backends[1]]), 1) == [LATER]
    assert len(backends[1].attempts) == 1


@pytest.mark.parametrize(
    ("errors", "raised"),
    [((DOWN, OURS), BackendUnavailable), ((OURS, DOWN), BackendUnavailable), ((OURS, OURS), BackendMisconfigured)],
)
@pytest.mark.parametrize("call", [lambda backend: backend.open(), lambda backend: send(backend, 1)])
def test_all_down_is_an_error_that_says_what_each_said(errors, raised, call):
    closed = [Closed(error) for error in errors]
    with pytest.raises(raised) as caught:
        call(FailoverBackend(closed))
    assert all(error.message in caught.value.message for error in errors)
    assert caught.value.hint == "Mend it."
    assert [one.tried for one in closed] == [1, 1]


def test_two_that_take_turns_in_failing_carry_everything():
    """Each carries one message and fails at the next: no error, for something got through in between."""

    class OneEach(MemoryBackend):
        def send_many(self, messages):
            yield self.send(next(messages))
            if next(messages, None):
                raise DOWN

    first, second = OneEach(), OneEach()
    assert len(send(FailoverBackend([first, second]), *range(1, 8))) == 7
    assert (keys(first), keys(second)) == ([f"key-{n}" for n in (1, 3, 5, 7)], [f"key-{n}" for n in (2, 4, 6)])


def test_an_error_of_the_messages_leads_to_nobody_else():
    second = MemoryBackend()

    def messages():
        yield make_message(1)
        raise DOWN

    with pytest.raises(BackendUnavailable):
        list(FailoverBackend([MemoryBackend(), second]).send_many(messages()))
    assert second.attempts == []


def test_broken_off_it_asks_nobody_else():
    class BrokenOff(Backend):
        name = "broken-off"

        def send(self, message):
            backend.abort()
            raise DOWN

    second = MemoryBackend()
    backend = FailoverBackend([BrokenOff(), second])
    with pytest.raises(BackendUnavailable):
        backend.send(make_message())
    assert second.attempts == []


class Scripted(Backend):
    """Answers from a list, then always with `Sent`; writes every attempt into a book that all share."""

    name = "scripted"

    def __init__(self, answers, book, *, ahead):
        super().__init__()
        self.answers, self.book, self.ahead = list(answers), book, ahead

    def send(self, message):
        answer = self.answers.pop(0) if self.answers else Sent()
        self.book.append((message.key, answer))
        if isinstance(answer, BackendUnavailable | BackendMisconfigured):
            raise answer
        return answer

    def send_many(self, messages):
        """Takes one message ahead, as a pipelined client does."""
        waiting = next(messages, None)
        while waiting is not None:
            following = next(messages, None) if self.ahead else None
            yield self.send(waiting)
            waiting = following or next(messages, None)


@given(
    scripts=st.lists(
        st.tuples(st.lists(st.sampled_from([Sent(), LATER, NEVER, LOST, DOWN, OURS]), max_size=8), st.booleans()),
        min_size=1,
        max_size=3,
    ),
    number=st.integers(0, 6),
    taken=st.integers(1, 7),
)
def test_whatever_they_answer_nobody_gets_it_twice_and_no_receipt_is_lost(scripts, number, taken):
    book, handed_out = [], []

    def messages():
        for one in range(1, number + 1):
            handed_out.append(f"key-{one}")
            yield make_message(one)

    backend = FailoverBackend([Scripted(answers, book, ahead=ahead) for answers, ahead in scripts])
    receipts, raised = [], False
    try:
        for receipt in backend.send_many(messages()):
            receipts.append(receipt)
            assert len(handed_out) <= len(receipts) + 1
            if len(receipts) == taken:
                break
    except (BackendUnavailable, BackendMisconfigured):
        raised = True
    assert raised or len(receipts) == min(number, taken)
    final = (Sent, Refused, Uncertain)
    fates = [[answer for key, answer in book if key == one] for one in handed_out]
    for fate, receipt in zip_longest(fates, receipts):
        assert not any(isinstance(answer, final) for answer in fate[:-1]), "asked again after an answer that is final"
        if receipt is None:
            assert not any(isinstance(answer, final) for answer in fate), "it may have left, and has no receipt"
        elif isinstance(receipt, final):
            assert fate[-1] is receipt
        else:
            assert not any(isinstance(answer, final) for answer in fate)
