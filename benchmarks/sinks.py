"""What benchmarks send to and compare with: the cheap sink of ours, and postfix's smtp-sink and smtp-source.

Postfix's tools are the system's, else those that the tests unpack from Debian's package; nothing is installed, and no mail server
started. Without a C compiler the cheap sink is tests/smtpd.py, which costs far more, and the report says so.
"""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from functools import cache
from pathlib import Path

HERE = Path(__file__).parent
TESTS = HERE.parent / "tests"
sys.path.insert(0, str(TESTS))

from real_postfix import tool  # noqa: E402

#: Compiled once, kept for the next run.
KEPT = Path(tempfile.gettempdir()) / f"mailer-benchmarks-{os.geteuid()}"
SEARCH = os.environ.get("PATH", "") + os.pathsep + "/usr/sbin"


@cache
def _tool(name):
    """The command that starts a tool of postfix's, [] where it cannot be had: the system's, else what the tests unpack."""
    if found := shutil.which(name, path=SEARCH):
        return [found]
    if not tool(name) and shutil.which("apt-get"):
        subprocess.run([TESTS / "fetch_servers.sh"], stdout=subprocess.DEVNULL, check=False)
    return tool(name)


def has_postfix():
    return bool(_tool("smtp-source") and _tool("smtp-sink"))


@cache
def cheap_sink():
    """(the command of the cheap sink without its arguments, whether it is the cheap one)"""
    compiler = shutil.which("cc")
    if compiler is None:
        return [sys.executable, str(TESTS / "smtpd.py")], False
    KEPT.mkdir(mode=0o700, exist_ok=True)
    program, source = KEPT / "sink", HERE / "sink.c"
    if not program.exists() or program.stat().st_mtime < source.stat().st_mtime:
        subprocess.run([compiler, "-O2", "-o", program.with_suffix(".new"), source], check=True)
        program.with_suffix(".new").replace(program)
    return [str(program)], True


def kind():
    """What the report calls it."""
    return "of ours in C" if cheap_sink()[1] else "a slow one in Python, for there is no C compiler"


@contextmanager
def running_cheap_sink(*, delay_ms=0, log=None):
    """The port of a cheap sink that answers after `delay_ms`; it writes accepted recipients into the file `log`."""
    program, compiled = cheap_sink()
    if compiled:
        command = [*program, "0", str(delay_ms), *([str(log)] if log else [])]
    else:
        command = [*program, "--delay", str(delay_ms), *(["--log", str(log)] if log else [])]
    with _running(command) as process:
        yield int(process.stdout.readline())


@contextmanager
def running_smtp_sinks(number):
    """The ports of so many smtp-sinks."""
    ports = [_free_port() for _ in range(number)]
    as_nobody = ["-u", "nobody"] if os.geteuid() == 0 else []
    processes = [subprocess.Popen([*_tool("smtp-sink"), *as_nobody, f"127.0.0.1:{port}", "100"]) for port in ports]
    try:
        for port in ports:
            _wait_until_it_listens(port)
        yield ports
    finally:
        for process in processes:
            process.kill()
            process.wait()


@contextmanager
def _running(command):
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def smtp_source(port, *, messages, connections, octets):
    """A started smtp-source that gives so many messages to the port, and ends."""
    load = ["-d", "-s", connections, "-m", messages, "-l", octets]
    people = ["-f", "news@example.org", "-t", "reader@example.org"]
    return subprocess.Popen([*_tool("smtp-source"), *map(str, load), *people, f"127.0.0.1:{port}"])


def _free_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


def _wait_until_it_listens(port):
    for _ in range(500):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    sys.exit(f"Nothing listens on port {port}.")
