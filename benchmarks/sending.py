"""Rows 1 to 3: a whole worker, from the ledger to the wire and back, against sinks."""

import statistics
import time

import sender
import sinks
import world
from engines import cost, has_postgresql, postgresql, sqlite
from report import Result, at_least, at_most, impossible, spread

SOURCE_CONNECTIONS = 10
SENDERS = 2


def against_smtp_source(size):
    """Row 1: messages a second to two smtp-sinks, of two worker processes over one ledger, as a share of smtp-source's."""
    target, what = 0.9, "end to end, share of smtp-source"
    if not sinks.has_postfix():
        return [impossible(1, what, f"≥ {target}", "smtp-source cannot be had here (Debian: package postfix)")]
    ours, theirs = [], []
    with sinks.running_smtp_sinks(SENDERS) as ports:
        for _ in range(size.rounds):
            theirs.append(_smtp_source(ports, size.messages))
            ours.append(_worker(ports, size.messages).rate)
    shares = [one / other for one, other in zip(ours, theirs, strict=True)]
    notes = (
        f"{SENDERS} processes, {size.messages:,} messages of {world.octets():,} octets, {size.rounds} rounds in turn",
        f"messages/s: mailer {spread(ours)}, smtp-source {spread(theirs)}; shares {spread(shares, '{:.2f}')}",
    )
    return [at_least(1, what, statistics.median(shares), target, "", *notes)]


def _smtp_source(ports, messages):
    """Messages a second of one smtp-source per sink."""
    began = time.perf_counter()
    load = {"messages": messages // len(ports), "connections": SOURCE_CONNECTIONS, "octets": world.octets()}
    processes = [sinks.smtp_source(port, **load) for port in ports]
    assert not any(process.wait() for process in processes)
    return messages / (time.perf_counter() - began)


def _worker(ports, messages, **settings):
    with sqlite() as engine:
        world.prepare(engine.url, messages)
        return sender.measure(*(world.environment(engine.url, port, **settings) for port in ports))


#: Signatures of row 2 by their names in DKIM, with the CPU microseconds that a message may cost its sender.
SIGNATURES = {
    "": ("unsigned", 110),
    "ed25519-sha256": ("signed with Ed25519", 190),
    "rsa-sha256": ("signed with RSA-2048", 450),
}


def processor_time(size):
    """Row 2: CPU microseconds per message of one worker process against the cheap sink, unsigned and signed, in turn."""
    figures = {signature: [] for signature in SIGNATURES}
    on_postgresql = []
    with sinks.running_cheap_sink() as port:
        for _ in range(size.rounds):
            for signature, many in figures.items():
                with sqlite() as engine:
                    many.append(_one_worker(engine, port, size.messages, signature)[0])
            if has_postgresql():
                with postgresql() as engine:
                    on_postgresql.append(_one_worker(engine, port, size.messages))
    results = [_processor_time(figures[one], size, *SIGNATURES[one]) for one in SIGNATURES]
    return [*results, *_on_postgresql(on_postgresql, size)]


def _one_worker(engine, port, messages, signature=""):
    world.prepare(engine.url, messages)
    environment = world.environment(engine.url, port) | {sender.SIGNATURE: signature}
    return cost(engine, lambda: sender.measure(environment))


def _processor_time(figures, size, name, limit):
    costs = [one.cost for one in figures]
    notes = (
        f"{size.messages:,} messages, {size.rounds} rounds, SQLite, durable commits, the sink {sinks.kind()}",
        f"{spread(costs)} µs, {spread([one.rate for one in figures])} messages/s",
    )
    return at_most(2, f"sender CPU a message, {name}", statistics.median(costs), limit, "µs", *notes, digits=0)


def _on_postgresql(runs, size):
    """No target of its own; beside SQLite's, with what the server spent."""
    if not runs:
        return []
    clients, servers = [one.cost for one, _ in runs], [spent.server / size.messages * 1e6 for _, spent in runs]
    notes = (
        f"client {spread(clients)} µs, server {spread(servers)} µs, {spread([one.rate for one, _ in runs])} messages/s",
    )
    both = statistics.median(map(sum, zip(clients, servers, strict=True)))
    figure = f"{both:.0f} µs with the server"
    return [Result(row=2, what="the same on PostgreSQL, unsigned", target="–", figure=figure, kept=None, notes=notes)]


def over_distance(size):
    """Row 3: how much pipelining gains when every group of answers takes 5 ms."""
    rates = {"on": [], "off": []}
    with sinks.running_cheap_sink(delay_ms=5) as port:
        for _ in range(size.rounds):
            for pipelining, messages in (("on", size.distant), ("off", size.distant // 4)):
                rates[pipelining].append(_distant(port, messages, pipelining))
    gains = [one / other for one, other in zip(rates["on"], rates["off"], strict=True)]
    notes = (
        f"10 connections, answers 5 ms away, {size.rounds} rounds in turn, the sink {sinks.kind()}",
        f"messages/s: pipelined {spread(rates['on'])}, one by one {spread(rates['off'])}; gains {spread(gains, '{:.2f}')}",
    )
    return [at_least(3, "pipelined over distance, against one by one", statistics.median(gains), 3.5, "×", *notes)]


def _distant(port, messages, pipelining):
    from smtp import ours, ready_messages

    began = time.perf_counter()
    ours(ready_messages(messages), 10, port, pipelining=pipelining)
    return messages / (time.perf_counter() - began)
