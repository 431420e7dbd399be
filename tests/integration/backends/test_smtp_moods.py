"""A relay that misbehaves at random, again and again: whatever it does, receipts tell the truth about who has mail."""

import random
from collections import Counter
from smtpd import SmtpServer

import pytest

from mailer.backend import Deferred, Refused, Sent, Uncertain
from mailer.errors import BackendMisconfigured, BackendUnavailable
from mailer.testing import make_message
from smtpd_faults import MISBEHAVIOURS

QUICK = ("refuses", "defers", "closes", "drops", "resets", "garbles", "halves", "puzzles", "rambles", "repeats")
MESSAGES, ROUNDS = 300, 500


class MoodySmtpServer(SmtpServer):
    """Each time it could strike, it does so one time in fifteen."""

    def __init__(self, seed, *, misbehaviour=""):
        super().__init__(misbehaviour)
        self.moods = random.Random(seed)

    def fault_at(self, stage):
        if self.moods.random() > 1 / 15:
            return ""
        fault = self.moods.choice(QUICK)
        return fault if f"{fault}-at-{stage}" in MISBEHAVIOURS else ""


@pytest.mark.parametrize("pipelining", ["on", "off"])
@pytest.mark.parametrize("seed", range(6))
def test_nobody_is_lost_or_repeated(client, seed, pipelining):
    with MoodySmtpServer(seed) as server:
        backend = client(server, pipelining=pipelining, messages_per_connection=20)
        fates = send_until_settled(backend, [make_message(number) for number in range(MESSAGES)])
        backend.close()
    arrived = Counter(server.recipients)
    for number, fate in fates.items():
        times = arrived[f"reader{number}@example.org"]
        assert times == 1 if fate is Sent else times == 0 if fate is Refused else times <= 1, (number, fate, times)
    assert len(fates) == MESSAGES
    assert {Sent, Uncertain} <= set(fates.values())  # or this test has shown little
    assert server.breaches == []


def send_until_settled(backend, waiting):
    """{number: kind of its last receipt}, trying again as a worker does whatever was put off or never left."""
    fates = {}
    for _ in range(ROUNDS):
        if not waiting:
            return fates
        taken, receipts = [], []
        try:
            for receipt in backend.send_many(note(waiting, taken)):
                receipts.append(receipt)  # noqa: PERF402 -- those that came before an error count
        except (BackendUnavailable, BackendMisconfigured):
            pass
        settled = set()
        for message, receipt in zip(taken, receipts, strict=False):
            if not isinstance(receipt, Deferred):
                fates[int(message.key.removeprefix("key-"))] = type(receipt)
                settled.add(message.key)
        waiting = [message for message in waiting if message.key not in settled]
    raise AssertionError("it never came to an end")


def note(messages, taken):
    for message in messages:
        taken.append(message)
        yield message
