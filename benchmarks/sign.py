"""What a DKIM signature costs: CPU per message to make it and sign it, against one bare signature by the same key.

    python benchmarks/sign.py [--rounds 9] [--messages 200]

A bare RSA-2048 signature takes longer than everything else about a message together, so what counts is what we add to it:
canonical form, the body's hash, laying the field. Signed, unsigned and bare runs take turns in one process; the exit
status is 1 if RSA costs more than 1.25 bare signatures.
"""

import argparse
import statistics
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from hashlib import sha256

from personalise import AT, KEY, appeal, cpu_us, recipients
from report import at_most, spread

from mailer.edition.dispatch import Dispatch
from mailer.edition.program import Program
from signing import ED25519, RSA, key, signer

#: Of bare RSA signatures.
MOST = 1.25
#: Microseconds of CPU that Ed25519 may add to a message.
ED25519_ADDS = 80
#: What a signature is made of: about as many bytes as our header fields.
HEADER = b"x" * 1200


def added(size):
    """What our signature costs on top of the unsigned message."""
    return _added(rounds=max(3, size.rounds), messages=max(20, size.built // 50))


def _added(*, rounds, messages):
    rsa, short = _Costs(RSA), _Costs(ED25519)
    for number in range(rounds):
        people = list(recipients(messages, seed=number))
        for one in (rsa, short):
            one.measure(people)
    return [
        at_most(2, "signing adds, RSA-2048, in bare signatures", rsa.times, MOST, "×", *rsa.notes, digits=2),
        at_most(2, "signing adds, Ed25519", short.adds, ED25519_ADDS, "µs", *short.notes, digits=0),
    ]


class _Costs:
    """CPU microseconds for the message alone, and with each of: our signature, a bare one, the hash of the body.

    All are measured between messages: by itself in a loop the same signature is half as dear again, for nothing else uses
    the processor's caches.
    """

    def __init__(self, algorithm):
        self._program, self._signing = Program(appeal(), key=KEY, mailing_id=1), Dispatch(signer=signer(algorithm))
        self._sign = key(algorithm).sign
        self.unsigned, self.signed, self.bare, self.hashed = [], [], [], []

    def measure(self, people):
        self.unsigned.append(cpu_us(self._message, people))
        self.signed.append(cpu_us(lambda person: self._program.message(person, at=AT, dispatch=self._signing), people))
        self.bare.append(cpu_us(lambda person: (self._message(person), self._sign(HEADER)), people))
        self.hashed.append(cpu_us(lambda person: sha256(self._message(person).content).digest(), people))

    def _message(self, person):
        return self._program.message(person, at=AT)

    @property
    def adds(self):
        return statistics.median(signed - alone for alone, signed in zip(self.unsigned, self.signed, strict=True))

    @property
    def times(self):
        """What signing adds, as a multiple of what a bare signature adds."""
        rounds = zip(self.unsigned, self.signed, self.bare, strict=True)
        return statistics.median((signed - alone) / (bare - alone) for alone, signed, bare in rounds)

    @property
    def notes(self):
        return (
            f"the message {spread(self.unsigned)} µs, signed {spread(self.signed)} µs",
            f"with a bare signature {spread(self.bare)} µs, with the hash of its body {spread(self.hashed)} µs",
        )


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--messages", type=int, default=200)
    options = parser.parse_args()
    results = _added(rounds=options.rounds, messages=options.messages)
    for one in results:
        print(f"{one.what}: {one.figure} (target {one.target})", *one.notes, sep="\n  ")
    return 0 if results[0].kept else 1


if __name__ == "__main__":
    sys.exit(main())
