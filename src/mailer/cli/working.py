"""Works the queue in the foreground of a command: a bar while it goes on, and in the end what was done and what is left.

`worker`, and with one mailing `send`, `resume` and `retry`, end through here, so they say the same things.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Self

from mailer.cli.output import Output, clock_time, instant, invocation
from mailer.delivery.foreground import Ended, run_in_foreground
from mailer.delivery.observer import Observer
from mailer.delivery.summary import Left, Summary
from mailer.domain.mailing import BY_HAND, Mailing, MailingState, RowState
from mailer.errors import Exit
from mailer.storage import mailings
from mailer.storage.status import Reason

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

#: What `mailer` calls the ends of rows, in the order in which it says them.
WORDS = {
    RowState.SENT: "sent",
    RowState.QUEUED: "deferred",
    RowState.FAILED: "failed",
    RowState.UNCERTAIN: "uncertain",
    RowState.SUPPRESSED: "suppressed",
    RowState.EXPIRED: "expired",
}


class Talk(Observer):
    """Draws a bar per mailing on a terminal, and says what a person must know anywhere."""

    def __init__(self, output: Output, *, draw: bool) -> None:
        self._output = output
        self._tasks: dict[int, TaskID] = {}
        self._counts: dict[int, Counter[RowState]] = {}
        self._progress = _progress() if draw else None

    def __enter__(self) -> Self:
        if self._progress:
            self._progress.start()
        return self

    def __exit__(self, *exception: object) -> None:
        if self._progress:
            self._progress.stop()

    def settled(self, mailing: Mailing, counts: "Counter[RowState]") -> None:
        total = self._counts.setdefault(mailing.id, Counter())
        total += counts
        if self._progress:
            said = f"{mailing.slug}: {in_words(total)}"
            if mailing.id not in self._tasks:
                self._tasks[mailing.id] = self._new_bar(self._progress, mailing, said)
            else:
                done = counts.total() - counts[RowState.QUEUED]
                self._progress.update(self._tasks[mailing.id], advance=done, description=said)

    def _new_bar(self, progress: "Progress", mailing: Mailing, said: str) -> "TaskID":
        """A bar that begins where earlier runs ended."""
        with self._output.app.database.reading() as connection:
            rows = mailings.counts(connection, mailing.id)
        return progress.add_task(said, total=rows.total, completed=rows.total - rows.open)

    def finished(self, mailing: Mailing) -> None:
        with self._beside_the_bar():
            self._output.say(f"{mailing.slug} ({mailing.id}) is finished.")

    def paused(self, mailing: Mailing, reason: str) -> None:
        with self._beside_the_bar():
            self._output.warn(f"{mailing.slug} ({mailing.id}) is paused: {reason}")

    def trouble(self, reason: str, seconds: float) -> None:
        with self._beside_the_bar():
            self._output.warn(f"{reason} Trying again in {max(1, round(seconds))} s.")

    def database_away(self, reason: str) -> None:
        with self._beside_the_bar():
            self._output.warn(f"{reason} Trying again until it does; nothing is lost.")

    def database_back(self) -> None:
        with self._beside_the_bar():
            self._output.say("The database answers again.")

    @contextmanager
    def _beside_the_bar(self) -> Iterator[None]:
        """The bar steps aside: it and a line of text would overwrite each other."""
        if self._progress:
            self._progress.stop()
        yield
        if self._progress:
            self._progress.start()


def _progress() -> "Progress":
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    return Progress(*columns, console=Console(stderr=True), refresh_per_second=5)


def in_words(counts: "Counter[RowState]") -> str:
    """Numbers as people read them: "630 sent, 2 failed", or "nothing was sent"."""
    said = [f"{counts[state]} {word}" for state, word in WORDS.items() if counts[state]]
    return ", ".join(said) or "nothing was sent"


def work(output: Output, *, drain: bool, only: int | None = None, wanted: Callable[[], bool] = lambda: True) -> Ended:
    """Run one worker until it is done or a signal comes. only: a mailing's id. wanted: as `run_in_foreground` takes it."""
    import sys

    if to := output.app.settings.sending.redirect_to:
        output.warn(f"A rehearsal: every message goes to {to} (sending.redirect_to), and nobody on the list gets any.")
    draw = not (output.quiet or output.as_json or output.log_format == "json") and sys.stderr.isatty()
    teller = output.app.teller()
    with Talk(output, draw=draw) as talk, teller.beside():
        ended = run_in_foreground(output.app.worker(observer=talk, only=only), drain=drain, wanted=wanted)
    if ended.signal is None:
        teller.tell_due()  # there may be nobody else to do it
    return ended


def conclude(output: Output, ended: Ended, *, service: bool = False, only: int | None = None) -> Exit:
    """Say what is left and when it goes on; the exit code of the run. service: being stopped by SIGTERM is its normal end.

    only: the one mailing that was worked.
    """
    import signal

    summary = ended.summary
    for left in summary.left:
        output.say(what_waits(left))
    # What a relay that refuses us has paused is told above; it goes on when a person says so, whatever the relay does.
    if summary.relay_down and any(left.mailing.state is MailingState.SENDING for left in summary.left):
        output.warn(f"The relay could not be used: {summary.relay_down}")
        output.say(f"Nothing is lost. When it is back: {invocation()} worker --drain")
    if ended.signal is not None:
        return Exit.OK if service and ended.signal is not signal.SIGINT else Exit.INTERRUPTED
    if summary.some_failed:
        output.next("status" if only is None else f"status {only}")
        return Exit.SOME_RECIPIENTS_FAILED
    return Exit.FAILED if summary.paused or summary.relay_down else Exit.OK


_HOLDS = {
    Reason.RATE: "the rate",
    Reason.QUOTA: "the quota of the day",
    Reason.WINDOW: "the hours in which mail leaves",
}


def what_waits(left: Left) -> str:
    """One line: "letter (3): 630 retry from 16:02:00; keep `mailer worker` running."."""
    mailing, then = left.mailing, left.next_at and clock_time(left.next_at)
    name = f"{mailing.slug} ({mailing.id})"
    keep = f"keep `{invocation()} worker` running"
    if mailing.state in (MailingState.PAUSED, MailingState.HELD):
        because = f": {mailing.state_reason}" if mailing.state_reason else ""
        return f"{name} is {mailing.state} with {left.rows} not sent{because} ({how_to_go_on(mailing)})"
    if mailing.state is MailingState.SENDING and then:
        what = f"{left.rows} wait for {_HOLDS[left.reason]}, until" if left.reason else f"{left.rows} retry from"
        return f"{name}: {what} {then}; {keep}."
    if then:
        return f"{name} starts at {then}; {keep}."
    return f"{name}: {left.rows} still queued; {keep}."


def how_to_go_on(mailing: Mailing) -> str:
    """What a person types for a mailing that is paused or held, and when."""
    when = "to go on" if mailing.state_reason == BY_HAND else "when that is seen to"
    return f"{when}: {invocation()} resume {mailing.id}"


def document(ended: Ended) -> dict[str, Any]:
    """What a run did, for --json."""
    summary: Summary = ended.summary
    return {
        **{word: summary.ended[state] for state, word in WORDS.items()},
        "paused": [{"mailing": key, "reason": reason} for key, reason in summary.paused.items()],
        "left": [
            {
                "mailing": left.mailing.id,
                "campaign": left.mailing.slug,
                "state": left.mailing.state,
                "rows": left.rows,
                "next_at": instant(left.next_at),
            }
            for left in summary.left
        ],
        "relay_down": summary.relay_down or None,
        "next_at": instant(summary.next_at),
    }
