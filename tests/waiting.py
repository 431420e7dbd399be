"""Waiting for what has to happen: for as long as a busy machine takes, and never longer than it takes."""

import inspect
import textwrap
import time
from contextlib import suppress

#: More seconds than anything takes on the slowest machine; only what never happens is waited for to the end.
PATIENCE = 60
#: Seconds after which something that never answers is given up, where a test has to wait for that: few, if they are enough.
SHORT = (0.4, 4.0, 40.0)


def until(condition, seconds=PATIENCE):
    """What `condition` gives as soon as that is true. AssertionError: it never was; it says what was waited for."""
    end = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < end, f"in {seconds} s this did not come true:\n{_source(condition)}"
        time.sleep(0.02)
    return found


def with_enough_patience(check, among=SHORT):
    """`check(seconds)`, with the fewest that do: on a busy machine everything looks for a while like what never answers."""
    *few, most = among
    for seconds in few:
        with suppress(Exception):
            return check(seconds)
    return check(most)


def _source(condition):
    try:
        return textwrap.dedent(inspect.getsource(condition)).strip()
    except (OSError, TypeError):  # it was not written in a file, or is no function
        return repr(condition)
