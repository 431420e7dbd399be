"""Waiting for what has to happen: for as long as a busy machine takes, and never longer than it takes."""

import inspect
import textwrap
import time

#: More seconds than anything takes on the slowest machine; only what never happens is waited for to the end.
PATIENCE = 60


def until(condition, seconds=PATIENCE):
    """What `condition` gives as soon as that is true. AssertionError: it never was; it says what was waited for."""
    end = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < end, f"in {seconds} s this did not come true:\n{_source(condition)}"
        time.sleep(0.02)
    return found


def _source(condition):
    try:
        return textwrap.dedent(inspect.getsource(condition)).strip()
    except (OSError, TypeError):  # it was not written in a file, or is no function
        return repr(condition)
