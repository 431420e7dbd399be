"""Real mail servers for tests: postfix and exim, unpacked by `tests/fetch_servers.sh`.

    with Postfix(message_size_limit="5000") as server:
        ...                          # talk to server.host, server.port; trust server.ca_file
    server.delivered(3)              # waits until three messages came to rest

The fixtures `postfix` and `exim` are one running server for all tests of a process, without settings; what they delivered
is everybody's, so look for your own recipients: `postfix.delivered(3, to="mine")`. Where a server cannot run, tests that want it are skipped, and say so.
`smtp_sink()` and `smtp_source()` are the commands that start postfix's test programs, [] without them.
"""

import pytest

from real_base import Delivered, RealServer
from real_exim import Exim
from real_postfix import Postfix, tool

__all__ = ["Delivered", "Exim", "Postfix", "RealServer", "exim", "or_skip", "postfix", "smtp_sink", "smtp_source"]


def or_skip(kind: type[RealServer]) -> None:
    """Skip this test, loudly, unless that server can run here."""
    if why := kind.missing():
        pytest.skip(why)


def smtp_sink() -> list[str]:
    return tool("smtp-sink")


def smtp_source() -> list[str]:
    return tool("smtp-source")


@pytest.fixture(scope="session")
def postfix():
    or_skip(Postfix)
    with Postfix() as server:
        yield server


@pytest.fixture(scope="session")
def exim():
    or_skip(Exim)
    with Exim() as server:
        yield server
