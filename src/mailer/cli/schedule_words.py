"""How schedules and their times are put: one line for people, one document for programs."""

from collections.abc import Iterable, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from mailer.cli.output import Output, instant, invocation

if TYPE_CHECKING:
    from datetime import datetime

    from mailer.domain.armed import Schedule, Terms
    from mailer.domain.recurrence import Occurrence
    from mailer.storage.database import Connection

#: So many of the next times are shown.
SHOWN = 5


def rule_words(one: "Schedule") -> str:
    """When it goes out and under which terms: "every Friday at 09:00, until 2026-12-31"."""
    from mailer.domain.rule_words import in_words

    return "once" if one.rule is None else in_words(one.rule) + terms_words(one.terms)


def terms_words(terms: "Terms") -> str:
    """What else was said, each after a comma; "" for the usual."""
    from mailer.domain.catch_up import CatchUp
    from mailer.domain.rule_words import length_in_words

    said = {
        CatchUp.LATEST: "",
        CatchUp.SKIP: "missed ones left out",
        CatchUp.ALL: "missed ones all made up for",
    }
    parts = (
        f"only within {terms.hours}" if terms.hours else "",
        f"until {terms.until.astimezone(ZoneInfo(terms.zone)):%-d %b %Y}" if terms.until else "",
        said[terms.catch_up],
        f"with a proof {length_in_words(terms.proof)} before" if terms.proof else "",
    )
    return "".join(f", {part}" for part in parts if part)


def next_ones(connection: "Connection", one: "Schedule", number: int, *, now: "datetime") -> "list[Occurrence]":
    """What comes next of a schedule: what is due and waits, then what nobody skipped."""
    from mailer.domain.armed import State
    from mailer.storage import schedules

    if one.next is None:
        return []
    if one.rule is not None and one.state is State.PAUSED and one.next.at <= now:
        return list(islice(schedules.coming(connection, one, after=now), number))  # what came meanwhile does not come
    later = schedules.coming(connection, one, after=max(now, one.next.at)) if one.rule is not None else ()
    return [one.next, *islice(later, number - 1)]


def time_lines(one: "Schedule", times: "Sequence[Occurrence]") -> Iterable[str]:
    """As in "Fri 27 Mar 2026 09:00 Europe/London"; in UTC too where the clocks change between two of them."""
    local = [each.at.astimezone(one.zone) for each in times]
    changes = len({moment.utcoffset() for moment in local}) > 1
    for each in times:
        moved = ""
        shown = one.when(each).local.isoformat(timespec="minutes")
        if not each.key.endswith("Z") and each.key[:4].isdigit() and each.key != shown:
            moved = f": clocks skip {each.key[-5:]}"
        yield f"{one.when(each)}" + (f" ({each.at:%H:%M} UTC{moved})" if changes or moved else "")


def occurrence_document(one: "Schedule", each: "Occurrence") -> dict[str, Any]:
    return {"local": one.when(each).local.isoformat(timespec="minutes"), "utc": each.at, "key": each.key}


def schedule_document(one: "Schedule", differs: Sequence[str]) -> dict[str, Any]:
    """One of `schedule list`."""
    terms = one.terms
    coming = {"local": None, "utc": None, "key": None} if one.next is None else occurrence_document(one, one.next)
    return {
        "schedule": one.id,
        "mailing": one.mailing_id,
        "campaign": one.slug,
        "kind": one.kind,
        "state": one.state,
        "rule": rule_words(one),
        **coming,
        "timezone": terms.zone,
        "until": instant(terms.until),
        "window": terms.hours or None,
        "catch_up": terms.catch_up,
        "proof_seconds": None if terms.proof is None else int(terms.proof.total_seconds()),
        "people": one.people,
        "file_differs": bool(differs),
        "differs": list(differs),
    }


def warn_no_scheduler(output: Output) -> None:
    """What is armed goes out only where somebody watches the clock."""
    from mailer.storage import heartbeats
    from mailer.storage.heartbeats import Role

    with output.app.database.reading() as connection:
        alive = heartbeats.alive(connection, Role.SCHEDULER, now=output.app.clock())
    if not alive:
        command = invocation()
        output.warn(
            f"No scheduler is running, so nothing goes out by itself: start `{command} up`, or `{command} scheduler` and"
            f" `{command} worker`, and keep them running."
        )
