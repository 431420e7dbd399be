"""Worker processes under measurement: each an own process with nothing in it but `mailer worker --drain`.

    measure(environment)                  # the Figures of one; of several together: measure(one, another)

As a script it is one of them: it opens everything, says so, and works when it is told to, so that starting Python counts for
nothing and several begin together. Its last line is its `Figures` as JSON.
"""

import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

#: Names the algorithm with a new key of which it signs, "" for none. (The settings know Ed25519 only beside RSA.)
SIGNATURE = "BENCHMARK_SIGNATURE"


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """Of one process or of several together. Seconds of wall time (first begin to last end) and of CPU; peak memory in MB."""

    messages: int
    seconds: float
    cpu: float
    memory: float

    @property
    def rate(self):
        """Messages a second."""
        return self.messages / self.seconds

    @property
    def cost(self):
        """Microseconds of the senders' CPU per message."""
        return self.cpu / self.messages * 1e6


def measure(*environments):
    """The figures of one worker per environment, together; they drain what is due."""
    environments = [
        {name: value for name, value in os.environ.items() if not name.startswith("MAILER_")} | own
        for own in environments
    ]
    command = [sys.executable, __file__]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    senders = [subprocess.Popen(command, env=environment, **pipes) for environment in environments]
    for sender in senders:
        assert sender.stdout.readline() == "ready\n"
    for sender in senders:
        sender.stdin.write("go\n")
        sender.stdin.flush()
    told = [json.loads(sender.communicate()[0]) for sender in senders]
    assert not any(sender.returncode for sender in senders)
    return Figures(
        messages=sum(one["messages"] for one in told),
        seconds=max(one["ended"] for one in told) - min(one["began"] for one in told),
        cpu=sum(one["cpu"] for one in told),
        memory=max(one["memory"] for one in told),
    )


def peak_memory():
    """Megabytes. Not ru_maxrss: that of a child begins with what its parent had when it was forked."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024


def _signer(algorithm):
    from mailer.edition.dkim import Algorithm, SelectedKey, Signer
    from mailer.edition.dkim_key import new_key

    return Signer("example.org", [SelectedKey(selector="benchmark", key=new_key(Algorithm(algorithm)))])


def main():
    from mailer.app import App
    from mailer.domain.mailing import RowState
    from mailer.settings import load

    app = App(load(None, os.environ))
    if signature := os.environ.get(SIGNATURE):
        app.signer = _signer(signature)
    worker = app.worker()
    with app.database.reading():
        print("ready", flush=True)
    sys.stdin.readline()
    began, cpu = time.monotonic(), time.process_time()
    summary = worker.run(drain=True)
    ended, cpu = time.monotonic(), time.process_time() - cpu
    assert set(summary.counts) <= {RowState.SENT}, summary  # of two, one may find nothing left
    sent = summary.counts[RowState.SENT]
    print(json.dumps({"messages": sent, "began": began, "ended": ended, "cpu": cpu, "memory": peak_memory()}))


if __name__ == "__main__":
    main()
