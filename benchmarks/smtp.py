"""The SMTP client against others: messages a second, and CPU microseconds per message in the sender.

    python benchmarks/smtp.py [--messages 3000] [--rounds 5] [--connections 10] [--kilobytes 41]

Ready messages go to one smtp-sink and to the cheap sink: from postfix's smtp-source, from this client with and without
pipelining, and from the standard library's smtplib, interleaved. Figures are medians, and the rate is also given as a
share of smtp-source's in the same run, since machines differ and are busy.
"""

import argparse
import resource
import smtplib
import statistics
import threading
import time

import sinks

from mailer.backend import Sent
from mailer.backends.smtp import SmtpBackend
from mailer.testing import make_message


def ready_messages(number, kilobytes=41):
    return [make_message(one, filling=kilobytes * 1000) for one in range(number)]


def ours(messages, connections, port, *, pipelining="on"):
    """Give them to the port over so many connections at once."""
    sent = []

    def work(number):
        backend = SmtpBackend({"host": "127.0.0.1", "port": port, "security": "none", "pipelining": pipelining})
        receipts = backend.send_many(iter(messages[number::connections]))
        sent.append(sum(isinstance(receipt, Sent) for receipt in receipts))
        backend.close()

    _in_threads(connections, work)
    assert sum(sent) == len(messages)


def one_by_one(messages, connections, port):
    ours(messages, connections, port, pipelining="off")


def standard_library(messages, connections, port):
    def work(number):
        with smtplib.SMTP("127.0.0.1", port, local_hostname="localhost") as client:
            for message in messages[number::connections]:
                client.sendmail(message.sender, [message.recipient], message.content)

    _in_threads(connections, work)


def smtp_source(messages, connections, port):
    load = {"messages": len(messages), "connections": connections, "octets": len(messages[0].content)}
    assert sinks.smtp_source(port, **load).wait() == 0


SENDERS = {
    "smtp-source": smtp_source,
    "mailer": ours,
    "mailer, one by one": one_by_one,
    "smtplib": standard_library,
}


def _in_threads(count, work):
    threads = [threading.Thread(target=work, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _timed(send, *arguments):
    """(wall seconds, CPU seconds of the sender)."""
    before, began = _cpu(), time.perf_counter()
    send(*arguments)
    return time.perf_counter() - began, _cpu() - before


def _cpu():
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


def _compare(where, port, messages, options):
    results = {name: [] for name in SENDERS if name != "smtp-source" or sinks.has_postfix()}
    for _ in range(options.rounds):
        for name, rounds in results.items():
            rounds.append(_timed(SENDERS[name], messages, options.connections, port))
    print(f"\nto {where}, {options.connections} connections")
    walls = {name: statistics.median(wall for wall, _ in rounds) for name, rounds in results.items()}
    for name, rounds in results.items():
        micros = statistics.median(spent for _, spent in rounds) / len(messages) * 1e6
        share = f"{walls['smtp-source'] / walls[name]:5.2f} of smtp-source" if "smtp-source" in walls else ""
        print(f"  {name:20} {len(messages) / walls[name]:8.0f}/s  {share}  {micros:5.0f} µs CPU a message")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--messages", type=int, default=3000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--connections", type=int, default=10)
    parser.add_argument("--kilobytes", type=int, default=41)
    options = parser.parse_args()
    messages = ready_messages(options.messages, options.kilobytes)
    print(f"{len(messages)} messages of {len(messages[0].content)} octets, {options.rounds} rounds")
    if sinks.has_postfix():
        with sinks.running_smtp_sinks(1) as ports:
            _compare("one smtp-sink", ports[0], messages, options)
    else:
        print("smtp-sink and smtp-source are not here (Debian: postfix), so nothing is compared with them.")
    with sinks.running_cheap_sink() as port:
        _compare(f"the cheap sink ({sinks.kind()})", port, messages, options)


if __name__ == "__main__":
    main()
