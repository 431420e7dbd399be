"""Something that is told at a web address."""

import json
import socket
import threading
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, HTTPServer


class Hook:
    """Something that is told: what was posted, and the answers it gives in turn, the last for ever."""

    def __init__(self, *answers):
        self.told, answers = [], list(answers or [200])
        hook = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                assert self.headers["Content-Type"] == "application/json"
                hook.told.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
                self.send_response(answers.pop(0) if len(answers) > 1 else answers[0])
                self.send_header("Location", f"http://127.0.0.1:{hook.port}/elsewhere")
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self._server = HTTPServer(("127.0.0.1", 0), Handler)
        self.port = self._server.server_port
        self.url = f"http://127.0.0.1:{self.port}/a-secret-path"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class DrippingHook:
    """Takes what it is told, and answers a byte at a time, without an end."""

    def __init__(self):
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._over = threading.Event()
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}/"
        self._thread = threading.Thread(target=self._answer)

    def _answer(self):
        link, _ = self._listener.accept()
        with link, suppress(OSError):
            link.sendall(b"HTTP/1.1 ")
            while not self._over.wait(0.05):
                link.sendall(b"2")

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._over.set()
        self._listener.close()
        self._thread.join()
