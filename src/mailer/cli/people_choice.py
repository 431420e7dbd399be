"""Which people a command means: a segment's name, a list's, or a query; and how a person is shown."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from mailer.cli.output import Output, instant
from mailer.errors import UnknownName, UsageError

if TYPE_CHECKING:
    from mailer.domain.audience import Audience
    from mailer.domain.person import Person
    from mailer.sources.segment_files import Segments
    from mailer.storage.database import Connection
    from mailer.storage.history import Event

where_option = click.option("--where", metavar="'QUERY'", help="Instead of a name: tag:donor country:(BR OR AR)")
list_option = click.option("--list", "list_name", metavar="L", help="Of this list; default: subscribers.default_list.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """label: what was written."""

    label: str
    audience: "Audience"


def chosen(output: Output, name: str | None, where: str | None, list_name: str | None = None) -> Choice:
    """The audience that was meant. Raises UsageError, UnknownName, InputProblems."""
    from mailer.domain.audience import Audience
    from mailer.sources.segment_files import read_segments

    if (name is None) == (where is None):
        raise UsageError(
            "Name a segment or a list, or write a query.", hint="everyone, or --where 'tag:donor country:(BR OR AR)'"
        )
    settings = output.app.settings
    segments = read_segments(settings.root, settings)
    lists = settings.subscribers.lists
    if list_name is not None and list_name not in lists:
        raise UnknownName(f'There is no list "{list_name}".', hint=f"The lists: {', '.join(sorted(lists))}.")
    if name is not None and name in lists and list_name is None:
        return Choice(label=name, audience=Audience(list_name=name, segment_label=name))
    segment = segments.parse(where) if where is not None else segments.find(name or "")
    label = where or name or ""
    wanted = list_name or settings.subscribers.default_list
    _note_unknown(output, segments, where, name)
    return Choice(label=label, audience=Audience(list_name=wanted, segment=segment, segment_label=label))


def _note_unknown(output: Output, segments: "Segments", where: str | None, name: str | None) -> None:
    """Say which tags and attributes nobody has: a slip of the pen counts nobody, and looks like an answer."""
    from mailer.storage.segment_notes import notes

    segment = segments.parse(where) if where is not None else segments.find(name or "")
    with output.app.database.reading() as connection:
        for note in notes(connection, segment):
            output.warn(note)


@contextmanager
def somebody(output: Output, email: str, *, writing: bool = False) -> Iterator[tuple["Connection", int]]:
    """A transaction, and the id of the person with that address. Raises UnknownName."""
    from mailer.storage.subscribers import find_by_email

    database = output.app.database
    with database.writing() if writing else database.reading() as connection:
        who = find_by_email(connection, email.strip())
        if who is None:
            raise UnknownName(f"Nobody here has the address {email}.", hint="See `mailer subscribers list`.")
        yield connection, who


def person_document(person: "Person") -> dict[str, Any]:
    return {
        "email": person.email,
        "name": person.name or None,
        "status": person.status.value,
        "language": person.language or None,
        "country": person.country or None,
        "lists": person.lists,
        "tags": person.tags,
        "topics": person.topics,
        "attributes": person.attributes,
        "joined_at": instant(person.joined_at),
    }


def full_document(person: "Person") -> dict[str, Any]:
    """Everything, as `show` and `export --format json` give it."""
    from mailer.domain import public_id

    return {
        **person_document(person),
        "public_id": public_id.written(person.public_id),
        "first_name": person.first_name or None,
        "last_name": person.last_name or None,
        "timezone": person.timezone or None,
        "suppressed": person.suppressed.value if person.suppressed else None,
        "subscriptions": [
            {
                "list": one.list_name,
                "status": one.status.value,
                "consent": one.consent,
                "consented_at": instant(one.consented_at),
                "changed_at": instant(one.changed_at),
            }
            for one in person.subscriptions
        ],
    }


def event_document(event: "Event") -> dict[str, Any]:
    return {
        "at": instant(event.at),
        "kind": event.kind.value,
        "detail": event.detail,
        "mailing": event.mailing_id,
    }


def person_line(person: "Person") -> str:
    """One line of a list of people."""
    parts = (person.name, person.language, ", ".join(person.tags))
    return f"{person.email:<36} {person.status.value:<12} " + "   ".join(part for part in parts if part)
