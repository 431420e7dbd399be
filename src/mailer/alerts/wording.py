"""What an alert says: a subject, a text that ends in what to type next, and the JSON document for machines.

Numbers and the name of a campaign; no person, and of a relay's reply what is left when its addresses are masked.
"""

from dataclasses import dataclass
from datetime import UTC
from typing import Any

from mailer.domain.mailing import Counts, Mailing, RowState
from mailer.storage.alerts import Alert, Kind

#: What happened, for the subject and the first line.
_HAPPENED = {
    Kind.PAUSED: "has paused itself",
    Kind.HELD: "is held",
    Kind.EXPIRED: "ran out of time",
    Kind.FAILURES: "is finished, with failures",
    Kind.RESTORED: "the database was set back",
}
_WHAT_TO_DO = {
    Kind.PAUSED: "Nothing more of it leaves. Mend the cause, then let it go on.",
    Kind.HELD: "Nothing of it leaves before you decide. Look at the reason, then cancel it and send or schedule it again.",
    Kind.EXPIRED: "Whoever has not had it will not get it by itself any more.",
    Kind.FAILURES: "Look why. Those who failed for reasons not their address's can be tried again.",
    Kind.RESTORED: "All that could send is paused, and what was armed is not armed any more. Compare with the relay's own "
    "log what was sent since, then resume or cancel each mailing.",
}
_NEXT = {
    Kind.PAUSED: ("status {id}", "resume {id}"),
    Kind.HELD: ("status {id}", "cancel {id}"),
    Kind.EXPIRED: ("status {id}", "send {slug} --rest"),
    Kind.FAILURES: ("status {id}", "retry {id}"),
    Kind.RESTORED: ("status", "schedule list"),
}
_SHOWN = (
    RowState.SENT,
    RowState.QUEUED,
    RowState.FAILED,
    RowState.UNCERTAIN,
    RowState.SUPPRESSED,
    RowState.CANCELLED,
    RowState.EXPIRED,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """An alert in words. document: plain values for JSON; its keys may grow, and never change their meaning.

    key: the same for the same alert, however often it is told.
    """

    key: str
    subject: str
    text: str
    document: dict[str, Any]


def in_words(alert: Alert, *, organisation: str, mailing: Mailing | None, counts: Counts | None) -> Told:
    """`mailing` and `counts` as they are now; None for an alert of no mailing, or of one that is gone."""
    happened = _HAPPENED[alert.kind]
    if mailing:
        happened = f"{mailing.slug} ({mailing.id}) {happened}"
    rows = {state.name.lower(): counts[state] for state in _SHOWN} if counts else {}
    commands = _commands(alert.kind, mailing)
    return Told(
        key=f"alert.{alert.id}.{int(alert.at.timestamp())}",
        subject=": ".join(filter(None, (organisation, happened))),
        text=_text(alert, happened if mailing else happened.capitalize(), rows, commands),
        document={
            "id": alert.id,
            "kind": alert.kind,
            "text": f"{happened}: {alert.detail}" if alert.detail else happened,
            "mailing": mailing.id if mailing else None,
            "campaign": mailing.slug if mailing else None,
            "state": mailing.state if mailing else None,
            "reason": alert.detail or None,
            "counts": rows or None,
            "next": commands,
            "at": alert.at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
        },
    )


def _commands(kind: Kind, mailing: Mailing | None) -> list[str]:
    """What to type next; what would name a mailing that is gone is left out."""
    if mailing is None:
        return [f"mailer {line}" for line in _NEXT[kind] if "{" not in line]
    return [f"mailer {line.format(id=mailing.id, slug=mailing.slug)}" for line in _NEXT[kind]]


def _text(alert: Alert, happened: str, rows: dict[str, int], commands: list[str]) -> str:
    numbers = ", ".join(f"{number:,} {state}" for state, number in rows.items() if number)
    lines = [
        f"{happened}: {alert.detail}." if alert.detail else f"{happened}.",
        "",
        *([f"{numbers}.", ""] if numbers else []),
        _WHAT_TO_DO[alert.kind],
        "",
        *(f"    {command}" for command in commands),
        "",
        f"{alert.at.astimezone(UTC):%-d %B %Y, %H:%M} UTC. Alert {alert.id}.",
    ]
    return "\n".join(lines) + "\n"
