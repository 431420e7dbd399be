"""What systemd and its like want to know: that a service is at work, and that it is stopping (sd_notify(3))."""

import os
import socket
from contextlib import suppress

READY, STOPPING = "READY=1", "STOPPING=1"


def tell(word: str) -> None:
    """Send `word` to whoever started us as a service of `Type=notify`; without one, nothing happens."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address.startswith(("/", "@")):
        return
    with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as telling:
        telling.sendto(word.encode(), address.replace("@", "\0", 1) if address.startswith("@") else address)
