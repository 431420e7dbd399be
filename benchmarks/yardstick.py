"""How fast the machine itself is while something is measured: a fixed piece of work, again and again beside it.

On a shared machine the same code may take 1.8 times as long a minute later, and only a ratio of two things done in turn is free of that.
Whoever reads a figure in microseconds can divide it by what the yardstick took meanwhile.
"""

import subprocess
import sys
import time
from contextlib import contextmanager

from report import spread

#: Seconds between two measurements: they are to take a hundredth of one processor.
REST = 0.5
REPEATS = 400


@contextmanager
def beside():
    """A block with a list that holds milliseconds of CPU when the block has ended."""
    taken = []
    with subprocess.Popen([sys.executable, __file__], stdout=subprocess.PIPE, text=True) as measuring:
        try:
            yield taken
        finally:
            measuring.terminate()
            taken += map(float, measuring.stdout.read().split())


def in_words(taken):
    """For the report."""
    return f"{spread(taken, '{:.1f}')} ms" if taken else "too short to say"


def work():
    """Some of what Python does for a message: texts put together and looked at, numbers, a dictionary."""
    people = {number: f"person {number}" for number in range(REPEATS)}
    length = 0
    for number, name in people.items():
        line = f"Dear {name.title()}, you are number {number * 7 % 101} of {len(people)}.\r\n"
        length += len(line.encode()) + sum(word.isdigit() for word in line.split())
    return length


def main():
    """One line a measurement, until somebody ends it."""
    while True:
        began = time.process_time()
        work()
        print((time.process_time() - began) * 1000, flush=True)
        time.sleep(REST)


if __name__ == "__main__":
    main()
