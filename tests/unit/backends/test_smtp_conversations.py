"""Whole conversations at random: whatever a relay answers, receipts tell the truth about who has mail."""

from hypothesis import given
from hypothesis import strategies as st

from fake_relay import FakeRelay, FakeWire, Fate, Mood
from mailer.backend import Deferred, Refused, Sent, Uncertain
from mailer.backends import smtp
from mailer.errors import BackendMisconfigured, BackendUnavailable
from mailer.testing import make_message

MOODS = [*[Mood.RIGHT] * 40, *Mood]
ROUNDS = 4


class Call:
    """One call of `send_many`, as a worker makes it, and what the relays heard meanwhile.

    most: it is broken off when there are so many receipts, as by a worker that stops.
    """

    def __init__(self, backend, waiting, relays, most):
        before = {id(relay): len(relay.fates) for relay in relays}
        self.taken, self.receipts, self.stopped = [], [], False
        try:
            receipts = backend.send_many(self.take(waiting))
            for receipt in receipts:
                self.receipts.append(receipt)
                assert len(self.taken) <= len(self.receipts) + 1, "more than one message was taken ahead"
                if len(self.receipts) == most:
                    self.stopped = True
                    receipts.close()
        except (BackendUnavailable, BackendMisconfigured):
            self.stopped = True
        self.heard = [fate for relay in relays for fate in relay.fates[before.get(id(relay), 0) :]]

    def take(self, waiting):
        for message in waiting:
            self.taken.append(message)
            yield message

    def fates(self, message):
        """What the relays know of it; its recipient is told by what was said for it."""
        assert all(to == message.recipient for key, to, _ in self.heard if key == message.key)
        return [fate for key, _, fate in self.heard if key == message.key]

    def check(self):
        assert len(self.receipts) == len(self.taken) or self.stopped, "a receipt was lost"
        for message, receipt in zip(self.taken, self.receipts, strict=False):
            allowed = {
                Sent: [[Fate.TAKEN]],
                Refused: [[], [Fate.DECLINED]],
                Deferred: [[], [Fate.DECLINED]],
                Uncertain: [[], [Fate.UNANSWERED]],
            }
            assert self.fates(message) in allowed[type(receipt)], receipt
        for message in self.taken[len(self.receipts) :]:
            assert self.fates(message) == [], "a message without a receipt has left"

    def waiting(self):
        """Those that a worker would try again."""
        settled = {
            message.key
            for message, receipt in zip(self.taken, self.receipts, strict=False)
            if not isinstance(receipt, Deferred)
        }
        return lambda message: message.key not in settled


@given(st.data(), st.booleans(), st.booleans(), st.integers(1, 5), st.integers(1, 8))
def test_receipts_tell_the_truth_about_who_has_mail(data, pipelining, lenient, per_connection, count):
    in_pieces = data.draw(st.booleans(), "in pieces")
    # An answer too many that is still on its way when the next command leaves cannot be told from the answer to that one.
    moods = st.sampled_from([mood for mood in MOODS if not (in_pieces and mood is Mood.TWICE)])
    relays = []

    def connected():
        relays.append(
            FakeRelay(
                lambda verb: data.draw(moods, verb),
                lambda size: data.draw(st.integers(1, size) | st.just(size), "octets") if in_pieces else size,
                pipelining=pipelining,
                lenient=lenient,
            )
        )
        return relays[-1]

    FakeWire.relays = staticmethod(connected)
    waiting = [make_message(number, filling=10) for number in range(count)]
    options = {"host": "localhost", "security": "none", "messages_per_connection": per_connection, "ehlo_name": "us"}
    real, smtp.Wire = smtp.Wire, FakeWire
    try:
        backend = smtp.SmtpBackend(options)
        calls = []
        for _ in range(ROUNDS):
            calls.append(Call(backend, waiting, relays, data.draw(st.integers(1, 8), "stops after")))
            calls[-1].check()
            waiting = list(filter(calls[-1].waiting(), reversed(waiting)))
        backend.close()
    finally:
        smtp.Wire = real
    heard = [key for call in calls for key, _, fate in call.heard if fate is Fate.TAKEN]
    assert len(heard) == len(set(heard)), "somebody got it twice"
    assert not [breach for relay in relays for breach in relay.breaches]
