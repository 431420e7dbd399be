"""Rows 1 to 3: a whole worker, from the ledger to the wire and back, against sinks."""

import statistics
import time

import sender
import sinks
import world
from engines import cost, engines, postgresql, sqlite
from report import at_least, at_most, impossible, spread

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


def processor_time(size):
    """Row 2: CPU microseconds per message of one worker process against the cheap sink, and on PostgreSQL."""
    figures = {"SQLite": [], "PostgreSQL": []}
    servers = []
    with sinks.running_cheap_sink() as port:
        for _ in range(size.rounds):
            for make in engines():
                with make() as engine:
                    world.prepare(engine.url, size.messages)
                    one, spent = cost(engine, lambda engine=engine: sender.measure(world.environment(engine.url, port)))
                    figures[engine.name].append(one)
                    if make is postgresql:
                        servers.append(spent.server / size.messages * 1e6)
    costs = {name: [one.cost for one in many] for name, many in figures.items()}
    notes = [
        f"{size.messages:,} messages, {size.rounds} rounds, durable commits, the sink {sinks.kind()}",
        *(
            f"{name}: {spread(values)} µs, {spread([one.rate for one in figures[name]])} messages/s"
            for name, values in costs.items()
            if values
        ),
    ]
    if servers:
        notes.append(f"PostgreSQL's own processes: {spread(servers)} µs a message beside it")
    return [
        at_most(2, "sender CPU a message, unsigned", statistics.median(costs["SQLite"]), 110, "µs", *notes, digits=0)
    ]


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
