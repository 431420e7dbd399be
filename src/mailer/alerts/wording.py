"""What an alert says: a subject, a text that ends in what to type next, and the JSON document for machines.

Numbers and the name of a campaign; no person, and of a relay's reply what is left when its addresses are masked.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from mailer.domain.mailing import Counts, Mailing, MailingState, RowState
from mailer.storage.alerts import Alert, Kind

#: What happened, for the subject and the first line.
_HAPPENED = {
    Kind.PAUSED: "has paused itself",
    Kind.HELD: "is held",
    Kind.EXPIRED: "ran out of time",
    Kind.FAILURES: "is finished, with failures",
    Kind.RESTORED: "the database was set back",
    Kind.EMPTY: "had nothing to send",
    Kind.SKIPPED: "was passed over",
    Kind.FEED: "a feed cannot be read",
    Kind.ITEM: "goes out without an item",
    Kind.PROOF: "is ready to be looked at",
    Kind.BROKEN: "cannot be composed as it is now",
    Kind.SILENT: "nobody is at work",
    Kind.RELAY: "a relay is set aside",
}
#: Of these the campaign is not what something happened to.
_OF_OTHERS = frozenset({Kind.FEED, Kind.SILENT, Kind.RELAY})
_WHAT_TO_DO = {
    Kind.PAUSED: "Nothing more of it leaves. Mend the cause, then let it go on.",
    Kind.HELD: "Nothing of it leaves before you decide. Look at the reason; then let it go out now, or cancel it.",
    Kind.EXPIRED: "Whoever has not had it will not get it by itself any more.",
    Kind.FAILURES: "Look why. Those who failed for reasons not their address's can be tried again.",
    Kind.RESTORED: "All that could send is paused; one-offs are held, and what comes round waits too. Compare with the relay's own "
    "log what was sent since, then resume or cancel each mailing, and `mailer schedule resume` each schedule: it goes on with "
    "its next time.",
    Kind.EMPTY: "Nothing was mailed. You are told of this once, and again only when an issue has gone out meanwhile.",
    Kind.SKIPPED: "This occurrence does not come again; the next one stands. You can send an issue now.",
    Kind.FEED: "Digests go out without it, and take up what it brought meanwhile once it answers again. If it is gone for good, "
    "take it out of the campaign's file.",
    Kind.ITEM: "The others go out in time. Mend what is named here, and a later issue can hold it.",
    Kind.PROOF: "Look at it before its time comes.",
    Kind.BROKEN: "It will be held when its time comes. Until then it can be mended, and armed again.",
    Kind.SILENT: "What is due waits until somebody does it. Look at the machine on which `mailer up`, or its services, should run.",
    Kind.RELAY: "Mail goes on through the others, more slowly perhaps. Mend the cause; it is tried again by itself.",
}
_NEXT = {
    Kind.PAUSED: ("status {id}", "{go_on}"),
    Kind.HELD: ("status {id}", "{go_on}", "cancel {id}"),
    Kind.EXPIRED: ("status {id}", "send {slug} --rest"),
    Kind.FAILURES: ("status {id}", "retry {id}"),
    Kind.RESTORED: ("status", "schedule list"),
    Kind.EMPTY: ("schedule next {slug}",),
    Kind.SKIPPED: ("schedule next {slug}", "schedule run-now {slug}"),
    Kind.FEED: ("feeds {slug}",),
    Kind.ITEM: ("check {slug}",),
    Kind.PROOF: ("schedule list",),
    Kind.BROKEN: ("check {slug}", "schedule list"),
    Kind.SILENT: ("healthcheck scheduler", "healthcheck worker", "status"),
    Kind.RELAY: ("relay list", "relay test"),
}
#: What is held with nothing frozen has not begun: its schedule lets it go.
_NEXT_OF_BARE = ("status {id}", "schedule run-now {slug}", "cancel {id}")
_PLACES = re.compile(r"\{(\w+)\}")
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
    happened, slug = _HAPPENED[alert.kind], mailing.slug if mailing else alert.slug
    if slug:
        name = f"{slug} ({mailing.id})" if mailing else slug
        happened = f"{name}: {happened}" if alert.kind in _OF_OTHERS else f"{name} {happened}"
    rows = {state.name.lower(): counts[state] for state in _SHOWN} if counts else {}
    commands = _commands(alert.kind, mailing, slug)
    said = f"{happened}: {alert.detail}" if alert.detail else happened
    state = {"mailing": mailing.id if mailing else None, "state": mailing.state if mailing else None}
    return Told(
        key=f"alert.{alert.id}.{int(alert.at.timestamp())}",
        subject=": ".join(filter(None, (organisation, happened))),
        text=_text(alert, happened if slug else _sentence(happened), rows, commands),
        document=as_json(alert, text=said, campaign=slug, commands=commands) | state | {"counts": rows or None},
    )


def as_json(alert: Alert, *, text: str, campaign: str, commands: list[str]) -> dict[str, Any]:
    """What every document has. text: what happened, in a sentence."""
    return {
        "id": alert.id,
        "kind": alert.kind,
        "text": text,
        "mailing": None,
        "campaign": campaign or None,
        "state": None,
        "reason": alert.detail or None,
        "counts": None,
        "next": commands,
        "at": instant(alert.at),
    }


def instant(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _commands(kind: Kind, mailing: Mailing | None, slug: str) -> list[str]:
    """What to type next; what would name a mailing or a campaign that nobody knows is left out."""
    known = {"id": str(mailing.id), "go_on": _going_on(mailing)} if mailing else {}
    known |= {"slug": slug} if slug else {}
    is_bare = kind is Kind.HELD and (mailing is None or mailing.edition_id is None)
    lines = _NEXT_OF_BARE if is_bare else _NEXT[kind]
    named = [line for line in lines if all(word in known for word in _PLACES.findall(line))]
    return [f"mailer {line.format(**known)}" for line in named]


def _going_on(mailing: Mailing) -> str:
    """What lets it go out: until its time has come, and once the last of it was refused, there is nothing that could be resumed."""
    if mailing.state is MailingState.FINISHED:
        return f"retry {mailing.id}"
    return f"resume {mailing.id}" if mailing.edition_id else f"schedule run-now {mailing.slug}"


def _sentence(words: str) -> str:
    return words[:1].upper() + words[1:]


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
