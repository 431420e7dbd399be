"""Relays and the way to them, in the simulated machine: a backend whose messages have every fate that a message can have.

What a relay accepted it has accepted, whatever becomes of the worker that sent it, and the `Oracle` is told at once. The
backend keeps the contract of `mailer.backend`: it takes at most one message beyond that whose receipt comes next.
"""

import base64
from dataclasses import dataclass, field

from mailer.backend import Backend, Deferred, Refused, Sent, Uncertain
from mailer.errors import BackendMisconfigured, BackendUnavailable
from simulation.oracle import Fate

#: Seconds after which a client gives up waiting for a reply.
PATIENCE = 20.0


@dataclass
class Weather:
    """How things go on the way to one relay, in shares of a thousand messages; the rest is accepted and answered."""

    deferred: int = 0
    refused: int = 0
    bad_address: int = 0
    lost_before: int = 0  #: the link breaks before the message is whole
    lost_after: int = 0  #: the link breaks before the reply; accepted or not
    silent: int = 0  #: no reply ever comes; accepted or not
    breaks: int = 0  #: the backend itself raises, like a plugin with a bug
    closes: int = 0  #: 421: put off, and the connection is closed
    slow: int = 0  #: the reply takes many seconds
    latency: float = 0.01
    longest: float = 0.5  #: a slow reply takes this long at most
    down: bool = False  #: nobody answers
    refuses_us: bool = False  #: wrong password

    FATES = ("deferred", "refused", "bad_address", "lost_before", "lost_after", "silent", "breaks", "closes")

    def draw(self, dice):
        number = int(dice.random() * 1000)
        for name in self.FATES:
            number -= getattr(self, name)
            if number < 0:
                return name
        return "accepted"


@dataclass
class Network:
    """All relays of one run."""

    kernel: object
    oracle: object
    weather: dict = field(default_factory=dict)  # relay -> Weather

    def backend(self, relay, process):
        return SimulatedBackend(self, relay, process)

    def failed(self, relay):
        """It could not be used, and whoever tried knows it."""
        self.oracle.till.failed.add(relay)

    def clear_up(self):
        for name in self.weather:
            self.weather[name] = Weather(latency=0.001)


def delivery_of(message):
    """(mailing, subscriber), which a message's key begins with."""
    raw = base64.urlsafe_b64decode(message.key[:16])
    return int.from_bytes(raw[:4], "big"), int.from_bytes(raw[4:], "big")


class Flight:
    """One message between the dot and its reply."""

    def __init__(self, key, attempt):
        self.key, self.attempt = key, attempt
        self.reply = None  # (receipt or exception), once it has come
        self.task = None  # who waits for it


class SimulatedBackend(Backend):
    name = "simulated"

    def __init__(self, network, relay, process):
        super().__init__()
        self._network, self._relay, self._process = network, relay, process
        self._kernel, self._oracle = network.kernel, network.oracle
        self._open = self._aborted = False
        self._flight = None

    @property
    def _weather(self):
        return self._network.weather[self._relay]

    def open(self):
        if self._open:
            return
        self._kernel.turn(f"connect to {self._relay}")
        self._kernel.sleep(self._weather.latency, "connecting")
        if self._weather.down or self._aborted or self._weather.refuses_us:
            self._network.failed(self._relay)
        if self._weather.down or self._aborted:
            raise BackendUnavailable("nobody answers")
        if self._weather.refuses_us:
            raise BackendMisconfigured("535 5.7.8 wrong password")
        self._open = True

    def close(self):
        self._kernel.turn("close the connection")
        self._open = False

    def abort(self):
        self._kernel.turn("abort")
        self._aborted = True
        if self._flight is not None and self._flight.task is not None:
            self._kernel.wake(self._flight.task)

    def send_many(self, messages):
        following = next(messages, None)
        while following is not None:
            message, following = following, None
            pipelining = self._kernel.dice.random() < 0.7
            if pipelining:
                following = next(messages, None)
            yield from self._carry(message)
            if not pipelining:
                following = next(messages, None)

    def _carry(self, message):
        """Put it on the wire, wait, and give the receipt."""
        self._kernel.turn("envelope")
        if self._aborted or not self._open:
            raise BackendUnavailable("the connection is gone")
        key = delivery_of(message)
        flight = Flight(key, self._oracle.handed(key, message))
        fate = "lost_before" if self._weather.down else self._weather.draw(self._kernel.dice)
        self._kernel.turn(f"content of {key}: {fate}")
        if fate == "lost_before":
            flight.attempt.fate = Fate.LOST
            self._open = False
            self._network.failed(self._relay)
            raise BackendUnavailable("the link broke before the dot")
        flight.attempt.fate = Fate.ON_WIRE
        self._oracle.till.hand(key)
        self._flight = flight
        self._fly(flight, fate)
        yield from self._receipt(flight)

    def _fly(self, flight, fate):
        """What the relay does, whoever lives to hear of it."""
        dice, weather = self._kernel.dice, self._weather
        delay = weather.latency * (0.5 + dice.random())
        if weather.slow and dice.random() * 1000 < weather.slow:
            delay = dice.random() * weather.longest
        back = delay + weather.latency * dice.random()
        accepts = fate == "accepted" or (fate in ("lost_after", "silent", "breaks") and dice.random() < 0.5)
        if accepts:
            self._kernel.at(self._kernel.now + delay, lambda: self._accept(flight))
        if fate != "silent":
            self._kernel.at(self._kernel.now + back, lambda: self._answer(flight, fate))

    def _accept(self, flight):
        self._kernel.note(f"{self._relay} accepts {flight.key}")
        self._oracle.accepted(flight.key, flight.attempt)

    def _answer(self, flight, fate):
        flight.reply = fate
        if flight.task is not None:
            self._kernel.wake(flight.task)

    def _receipt(self, flight):
        flight.task = self._kernel.current
        if flight.reply is None and not self._aborted:
            self._kernel.block(f"wait for the reply to {flight.key}", PATIENCE)
        flight.task = self._flight = None
        fate = "aborted" if flight.reply is None else flight.reply
        if fate not in RECEIPTS:
            flight.attempt.told_doubt = True
            self._open = False
            self._network.failed(self._relay)
            if fate == "breaks":
                self._oracle.broken.add(self._process.name)
                raise RuntimeError("the backend has a bug")
            yield Uncertain(text="the link was lost before the reply")
            raise BackendUnavailable("the link was lost")
        receipt, settled = RECEIPTS[fate]
        if settled is not None:
            flight.attempt.fate = settled
        yield receipt
        if fate == "closes":
            self._open = False
            self._network.failed(self._relay)
            raise BackendUnavailable("421 4.3.2 closing")


#: What the worker is told, and what the oracle shall know (None: it knows already).
RECEIPTS = {
    "accepted": (Sent(code=250, enhanced="2.0.0", text="queued"), None),
    "deferred": (Deferred(code=451, enhanced="4.7.1", text="greylisted"), Fate.DEFERRED),
    "closes": (Deferred(code=421, enhanced="4.3.2", text="closing"), Fate.DEFERRED),
    "refused": (Refused(code=550, enhanced="5.7.1", text="not you"), Fate.REFUSED),
    "bad_address": (Refused(code=550, enhanced="5.1.1", text="unknown", bad_address=True), Fate.REFUSED),
}
