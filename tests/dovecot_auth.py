"""Judges logins for postfix, in the protocol in which it asks Dovecot: enough of version 1.1 for PLAIN and XOAUTH2.

with DovecotAuth({"ana": "secret"}) as auth:
    Postfix(smtpd_sasl_auth_enable="yes", smtpd_sasl_type="dovecot", smtpd_sasl_path=auth.path, …)
"""

import base64
import socketserver
import threading
from collections.abc import Mapping
from typing import Self

GREETING = "VERSION\t1\t1\nMECH\tPLAIN\tplaintext\nMECH\tXOAUTH2\tplaintext\nSPID\t1\nCUID\t1\nCOOKIE\t{cookie}\nDONE\n"
WHY = base64.b64encode(b'{"status":"401","schemes":"Bearer"}').decode()


class DovecotAuth:
    """secrets: password or token by user; it may be changed at any time."""

    def __init__(self, secrets: Mapping[str, str]) -> None:
        self.secrets = dict(secrets)
        self.asked: list[str] = []  # mechanisms, as often as they were tried

    def __enter__(self) -> Self:
        outer = self

        class Handler(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                self.wfile.write(GREETING.format(cookie="0" * 32).encode())
                for line in self.rfile:
                    if answer := outer.judge(line.decode().rstrip("\n").split("\t")):
                        self.wfile.write(f"{answer}\n".encode())

        self._server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self._thread.start()
        self.path = f"inet:127.0.0.1:{self._server.server_address[1]}"
        return self

    def __exit__(self, *exception: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def judge(self, words: list[str]) -> str:
        """The answer to one line; "" for those that want none."""
        verb, number, *rest = words
        if verb == "CONT":  # what we told of a refused token was read
            return f"FAIL\t{number}"
        if verb != "AUTH":
            return ""
        mechanism = rest[0]
        self.asked.append(mechanism)
        given = next((word.removeprefix("resp=") for word in rest if word.startswith("resp=")), "")
        text = base64.b64decode(given).decode()
        if mechanism == "PLAIN":
            _, user, secret = text.split("\0")
        else:
            user, secret = text.split("\1")[:2]
            user, secret = user.removeprefix("user="), secret.removeprefix("auth=Bearer ")
        if self.secrets.get(user) == secret:
            return f"OK\t{number}\tuser={user}"
        return f"FAIL\t{number}\tuser={user}" if mechanism == "PLAIN" else f"CONT\t{number}\t{WHY}"
