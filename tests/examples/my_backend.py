"""A backend in one short class: hands each message to a command, as sendmail does. Copy it and make it yours."""

import subprocess
from typing import ClassVar

from mailer.backend import Backend, Deferred, Receipt, Refused, Sent
from mailer.domain.message import OutgoingMessage
from mailer.errors import BackendMisconfigured

NO_USER, NO_HOST, TRY_LATER = 67, 68, 75  # sysexits.h


class SendmailBackend(Backend):
    """Options: `path`, the program (default /usr/sbin/sendmail)."""

    name: ClassVar[str] = "sendmail"

    def send(self, message: OutgoingMessage) -> Receipt:
        program = str(self.options.get("path") or "/usr/sbin/sendmail")
        command = [program, "-i", "-f", message.sender, "--", message.recipient]
        try:
            done = subprocess.run(command, input=message.content, capture_output=True, timeout=60, check=False)
        except subprocess.TimeoutExpired:
            return Deferred(text="the program did not finish in time and was stopped")
        except OSError as error:
            raise BackendMisconfigured(f"{program} cannot be run: {error.strerror}.") from None
        if done.returncode == 0:
            return Sent()
        text = done.stderr.decode(errors="replace").strip()
        if done.returncode in (NO_USER, NO_HOST):
            return Refused(text=text, bad_address=True)
        return Deferred(text=text) if done.returncode == TRY_LATER else Refused(text=text)
