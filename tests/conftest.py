"""What holds for all tests."""

import os
import signal
import sys

from hypothesis import settings

from postgres import _private, database_url, postgres_server, postgres_url
from real_servers import exim, postfix

# One server of each kind for all tests of a process.
__all__ = ["_private", "database_url", "exim", "postfix", "postgres_server", "postgres_url"]

# Hundreds of tests start Python anew: what it compiled once need not be compiled each time, whatever the machine prefers.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

# Whoever starts the tests in the background of a shell hands down a SIGINT that is ignored, and with it every program they start.
signal.signal(signal.SIGINT, signal.default_int_handler)

# How long an example takes says more about who else uses the machine than about the code.
settings.register_profile("mailer", deadline=None)
settings.load_profile("mailer")
