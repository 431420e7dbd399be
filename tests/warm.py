"""`mailer` in processes of their own that need not load it first: what Python imports takes longer than most commands.

One server for each run of the tests imports everything and then forks for every command. The fork gets the arguments, folder,
environment and streams of its command and runs what `python -m mailer` runs: a process that is waited for, signalled and killed
like any other. What starting up itself takes and needs is tested with real beginnings, in tests/unit/cli and wherever a test
says `sys.executable`.
"""

import atexit
import gc
import importlib
import json
import os
import pkgutil
import runpy
import select
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import suppress
from functools import cache

#: A command's arguments and environment in bytes, at most.
_LARGEST = 2**17
_STREAMS = (0, 1, 2)


class Process:
    """A started `mailer`; like `subprocess.Popen` in what it has, with streams of text."""

    def __init__(self, *arguments, cwd, env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE):
        """cwd: a folder. stdin, stdout, stderr: PIPE, DEVNULL or a descriptor; where all are a terminal, it is the command's own."""
        self.args, self.returncode = ["mailer", *map(str, arguments)], None
        given = [self._stream(which, mode) for which, mode in zip((stdin, stdout, stderr), "rww", strict=True)]
        self.stdin, self.stdout, self.stderr = (ours for _, ours in given)
        self._told, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        asked = json.dumps([self.args[1:], str(cwd), dict(env)]).encode()
        assert len(asked) < _LARGEST
        with theirs:
            socket.send_fds(_server(), [asked], [*(descriptor for descriptor, _ in given), theirs.fileno()])
        for wanted, (descriptor, _) in zip((stdin, stdout, stderr), given, strict=True):
            if wanted in (subprocess.PIPE, subprocess.DEVNULL):
                os.close(descriptor)
        self.pid = int(self._told.recv(32))

    @staticmethod
    def _stream(wanted, mode):
        """(what the command gets, our end of it or None)"""
        if wanted == subprocess.DEVNULL:
            return os.open(os.devnull, os.O_RDWR), None
        if wanted != subprocess.PIPE:
            return wanted, None
        reads, writes = os.pipe()
        return (
            (reads, os.fdopen(writes, "wb"))
            if mode == "r"
            else (writes, os.fdopen(reads, encoding="utf-8", newline=""))
        )

    def poll(self):
        """Its exit code, or None while it runs."""
        return self._ended(0)

    def wait(self, timeout=None):
        if self._ended(timeout) is None:
            raise subprocess.TimeoutExpired(self.args, timeout)
        return self.returncode

    def _ended(self, timeout):
        if self.returncode is None and select.select([self._told], [], [], timeout)[0]:
            self.returncode = int(self._told.recv(32))
            self._told.close()
        return self.returncode

    def communicate(self, input=None, timeout=None):  # noqa: A002 (subprocess calls it so)
        """(stdout, stderr) from here to their ends, once it has ended. input: bytes for its stdin."""
        end = None if timeout is None else time.monotonic() + timeout
        if self.stdin:
            with suppress(BrokenPipeError), self.stdin:
                self.stdin.write(input or b"")
        read = {}
        pipes = [pipe for pipe in (self.stdout, self.stderr) if pipe and not pipe.closed]
        threads = [
            threading.Thread(target=lambda pipe=pipe: read.update({pipe: pipe.read()}), daemon=True) for pipe in pipes
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(None if end is None else max(0, end - time.monotonic()))
        if any(thread.is_alive() for thread in threads):
            raise subprocess.TimeoutExpired(self.args, timeout)
        for pipe in pipes:
            pipe.close()
        self.wait(None if end is None else max(0, end - time.monotonic()))
        return read.get(self.stdout), read.get(self.stderr)

    def send_signal(self, number):
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self):
        self.send_signal(signal.SIGKILL)


def run(*arguments, cwd, env, given=None, timeout=120):
    """What `subprocess.run` makes of a command that has ended; given: bytes that it reads from stdin."""
    stdin = subprocess.DEVNULL if given is None else subprocess.PIPE
    process = Process(*arguments, cwd=cwd, env=env, stdin=stdin)
    out, err = process.communicate(given, timeout=timeout)
    return subprocess.CompletedProcess(process.args, process.returncode, out, err)


@cache
def _server():
    """The socket that it hears commands on, and whose end is its end."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with theirs:
        command = [sys.executable, __file__, str(theirs.fileno())]
        process = subprocess.Popen(command, pass_fds=[theirs.fileno()], start_new_session=True)
    atexit.register(_end, ours, process)
    return ours


def _end(socket, process):
    socket.close()
    process.wait()


def serve(asked):
    """Fork for every command, for ever; returns in the fork, which is then to run `mailer`."""
    load()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for the keepers
    while True:
        content, descriptors, _, _ = socket.recv_fds(asked, _LARGEST, len(_STREAMS) + 1)
        if not content:
            os._exit(0)
        if not os.fork():
            asked.close()
            keep(*json.loads(content), descriptors)
            return
        for descriptor in descriptors:
            os.close(descriptor)


def load():
    """Everything that a command may import. What cannot be imported is left to the commands that need it."""
    import mailer

    ours = (one.name for one in pkgutil.walk_packages(mailer.__path__, "mailer.", onerror=lambda _name: None))
    for name in (
        *ours,
        "alembic.command",
        "idna",
        "multiprocessing.popen_spawn_posix",
        "rich.live",
        "rich.progress",
        "uvicorn.main",
    ):
        if ".migrations" not in name and "__main__" not in name:
            with suppress(Exception):
                importlib.import_module(name)
    import packaged_templates

    packaged_templates.compile_now()
    gc.collect()
    gc.freeze()  # a fork need not copy what is never collected


def keep(arguments, folder, environment, descriptors):
    """Fork once more; wait for the command, and tell its number and its end. Returns in the fork only."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    *streams, told = descriptors
    pid = os.fork()
    if not pid:
        os.close(told)
        become(arguments, folder, environment, streams)
        return
    for descriptor in (*streams, *_STREAMS):
        os.close(descriptor)
    with socket.socket(fileno=told) as telling:
        telling.send(str(pid).encode())
        ended = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        with suppress(OSError):  # nobody may want to know any more
            telling.send(str(ended).encode())
    os._exit(0)


def become(arguments, folder, environment, streams):
    """Take on what makes a process the one that was asked for."""
    for number, stream in zip(_STREAMS, streams, strict=True):
        os.dup2(stream, number)
        os.close(stream)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    time.tzset()
    sys.path[0] = folder
    sys.argv[1:] = arguments
    if all(map(os.isatty, _STREAMS)):
        own_terminal()
    sys.stdin = sys.__stdin__ = open(0, closefd=False)  # noqa: SIM115 (for as long as it runs)
    sys.stdout = sys.__stdout__ = open(1, "w", closefd=False)  # noqa: SIM115 (as above)
    sys.stderr = sys.__stderr__ = open(2, "w", buffering=1, errors="backslashreplace", closefd=False)  # noqa: SIM115 (as above)


def own_terminal():
    """Make it the controlling terminal of a new session, so that Ctrl-C is a signal."""
    import fcntl
    import termios

    os.setsid()
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


def run_to_the_end():
    """Run `mailer` and end as Python does, but for taking itself apart, which takes longer than most commands."""
    try:
        runpy.run_module("mailer", run_name="__main__", alter_sys=True)
        code = 0
    except SystemExit as ended:
        code = ended.code
    except BaseException:  # noqa: BLE001 (a traceback, which is what tests look for)
        sys.excepthook(*sys.exc_info())
        code = 1
    threading._shutdown()
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):
            stream.flush()
    os._exit(code)


if __name__ == "__main__":
    serve(socket.socket(fileno=int(sys.argv[1])))
    run_to_the_end()
