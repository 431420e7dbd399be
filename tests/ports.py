"""A port for a program that has to be told one, rather than take any and say which."""

import random
import socket
from pathlib import Path

#: The ports that are given to whoever asks for any begin here. Between a look and the use of it one of those may be gone.
EPHEMERAL = Path("/proc/sys/net/ipv4/ip_local_port_range")


def free_port() -> int:
    """One of 127.0.0.1 at which nobody listens, and which nobody gets without asking for it."""
    first = int(EPHEMERAL.read_text().split()[0]) if EPHEMERAL.exists() else 32768
    for port in random.Random().sample(range(first // 2, first), 100):
        with socket.socket() as one:
            try:
                one.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise AssertionError("none of a hundred ports is free")
