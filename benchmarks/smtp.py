"""The SMTP client against others: messages a second, and CPU microseconds per message in the sender.

    python benchmarks/smtp.py [--messages 3000] [--rounds 5] [--connections 10] [--kilobytes 41]

Ready messages go to postfix's `smtp-sink` from its `smtp-source`, from this client with and without pipelining, and from
the standard library's smtplib, interleaved; figures are medians, and the rate is also given as a share of smtp-source's
in the same run, since machines differ and are busy. Then the same client over links of 5 ms, to a server that waits so
long before each group of answers. Without smtp-sink (Debian package `postfix`; it need not be started) only that second
part runs. The exit status is 1 if pipelining gains less than 3.5 times there.
"""

import argparse
import os
import resource
import shutil
import smtplib
import socket
import statistics
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from pathlib import Path

from mailer.backend import Sent
from mailer.backends.smtp import SmtpBackend
from mailer.testing import make_message

HERE = Path(__file__).parent
#: Over distance few connections do: with many a busy machine, not the distance, would set the pace.
FEW = 2
SEARCH = os.environ.get("PATH", "") + os.pathsep + "/usr/sbin"


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


def wait_until_it_listens(port):
    for _ in range(200):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    sys.exit(f"Nothing listens on port {port}.")


@contextmanager
def running(*command, port=0):
    """The port on which `command` serves; printed by it unless given."""
    with subprocess.Popen([str(word) for word in command], stdout=subprocess.PIPE, text=True) as process:
        try:
            port = port or int(process.stdout.readline())
            wait_until_it_listens(port)
            yield port
        finally:
            process.kill()


def in_threads(count, work):
    threads = [threading.Thread(target=work, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def share(messages, connections, number):
    return messages[number::connections]


def ours(messages, connections, port, *, pipelining="on"):
    sent = []

    def work(number):
        backend = SmtpBackend({"host": "127.0.0.1", "port": port, "security": "none", "pipelining": pipelining})
        receipts = backend.send_many(iter(share(messages, connections, number)))
        sent.append(sum(isinstance(receipt, Sent) for receipt in receipts))
        backend.close()

    in_threads(connections, work)
    assert sum(sent) == len(messages)


def one_by_one(messages, connections, port):
    ours(messages, connections, port, pipelining="off")


def standard_library(messages, connections, port):
    def work(number):
        with smtplib.SMTP("127.0.0.1", port, local_hostname="localhost") as client:
            for message in share(messages, connections, number):
                client.sendmail(message.sender, [message.recipient], message.content)

    in_threads(connections, work)


def smtp_source(messages, connections, port):
    length = len(messages[0].content)
    command = ["smtp-source", "-d", "-s", connections, "-m", len(messages), "-l", length, "-f", messages[0].sender]
    command += ["-t", "reader@example.org", f"127.0.0.1:{port}"]
    subprocess.run([shutil.which("smtp-source", path=SEARCH), *map(str, command[1:])], check=True)


def timed(send, *arguments):
    """(wall seconds, CPU seconds of the sender)."""
    before, began = cpu(), time.perf_counter()
    send(*arguments)
    return time.perf_counter() - began, cpu() - before


def cpu():
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


def against_smtp_sink(messages, options):
    port = free_port()
    sink = [shutil.which("smtp-sink", path=SEARCH), *(["-u", "nobody"] if os.geteuid() == 0 else [])]
    senders = {
        "smtp-source": smtp_source,
        "mailer": ours,
        "mailer, one by one": one_by_one,
        "smtplib": standard_library,
    }
    results = {name: [] for name in senders}
    with running(*sink, f"127.0.0.1:{port}", "100", port=port):
        for _ in range(options.rounds):
            for name, send in senders.items():
                results[name].append(timed(send, messages, options.connections, port))
    print(f"\nto one smtp-sink, {options.connections} connections")
    reference = statistics.median(wall for wall, _ in results["smtp-source"])
    for name, rounds in results.items():
        wall, spent = (statistics.median(column) for column in zip(*rounds, strict=True))
        rate, micros = len(messages) / wall, spent / len(messages) * 1e6
        print(f"  {name:20} {rate:8.0f}/s  {reference / wall:5.2f} of smtp-source  {micros:5.0f} µs CPU a message")


def over_distance(messages, options):
    """How much pipelining gains when each answer takes 5 ms."""
    few = min(options.connections, FEW)
    messages = messages[: few * 100]  # enough for each that greetings do not count
    with running(sys.executable, HERE.parent / "tests" / "smtpd.py", "--delay", 5) as port:
        wall = {
            name: statistics.median(timed(send, messages, few, port)[0] for _ in range(options.rounds))
            for name, send in (("pipelined", ours), ("one by one", one_by_one))
        }
    print(f"\nanswers 5 ms away, {few} connections")
    for name, seconds in wall.items():
        print(f"  {name:20} {len(messages) / seconds:8.0f}/s")
    gain = wall["one by one"] / wall["pipelined"]
    print(f"  pipelining gains     {gain:8.1f} times (target: 3.5)")
    return gain


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--messages", type=int, default=3000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--connections", type=int, default=10)
    parser.add_argument("--kilobytes", type=int, default=41)
    options = parser.parse_args()
    messages = [make_message(number, filling=options.kilobytes * 1000) for number in range(options.messages)]
    print(f"{len(messages)} messages of {len(messages[0].content)} octets, {options.rounds} rounds")
    if shutil.which("smtp-sink", path=SEARCH) and shutil.which("smtp-source", path=SEARCH):
        against_smtp_sink(messages, options)
    else:
        print("smtp-sink and smtp-source are not installed (Debian: postfix), so nothing is compared with them.")
    return 0 if over_distance(messages, options) >= 3.5 else 1


if __name__ == "__main__":
    sys.exit(main())
