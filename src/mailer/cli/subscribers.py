"""`mailer subscribers`: people one by one."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from mailer.cli.output import NUMBER, Output, instant
from mailer.cli.people_choice import (
    chosen,
    event_document,
    full_document,
    person_document,
    person_line,
    somebody,
    where_option,
)
from mailer.cli.subscriber_add import add, checked_tags, known_list
from mailer.cli.subscriber_topics import topics

if TYPE_CHECKING:
    from mailer.domain.person import Person


@click.group()
def subscribers() -> None:
    """Look at people, add, tag, unsubscribe and erase them one by one."""


subscribers.add_command(add)
subscribers.add_command(topics)


@subscribers.command("list")
@click.option("--segment", metavar="S", help="Only who would be mailed now; default: everybody, those who left too.")
@where_option
@click.option("--limit", type=NUMBER, metavar="N", help="Only the first so many.")
@click.pass_obj
def list_(output: Output, segment: str | None, where: str | None, limit: int | None) -> None:
    """Everybody, or a segment, one line each."""
    from itertools import islice

    from mailer.storage import audiences, people

    narrowed = segment is not None or where is not None
    audience = chosen(output, segment, where).audience if narrowed else None
    with output.app.database.reading(unhurried=True) as connection:
        ids = None if audience is None else audiences.members(audience, now=output.app.clock())
        found = islice(people.people(connection, ids), limit)
        if output.as_json:
            output.list_document("subscribers", map(person_document, found))
        else:
            for person in found:
                output.data(person_line(person))


@subscribers.command()
@click.argument("email")
@click.pass_obj
def show(output: Output, email: str) -> None:
    """Everything known about one person."""
    from mailer.storage.history import history
    from mailer.storage.people import person

    with somebody(output, email) as (connection, who):
        found, events = person(connection, who), history(connection, who)
    output.document({**full_document(found), "history": [event_document(event) for event in events]})
    for line in _described(found):
        output.data(line)


def _described(person: "Person") -> Iterator[str]:
    yield f"{person.email}   {person.status.value}{f' ({person.suppressed.value})' if person.suppressed else ''}"
    for label, value in (
        ("name", person.name),
        ("language", person.language),
        ("country", person.country),
        ("time zone", person.timezone),
        ("tags", ", ".join(person.tags)),
        ("hears of", ", ".join(person.topics)),
        ("joined", instant(person.joined_at)),
    ):
        if value:
            yield f"  {label:<12} {value}"
    for one in person.subscriptions:
        yield f"  {'list':<12} {one.list_name}: {one.status.value} since {instant(one.changed_at)} ({one.consent})"
    for name, value in sorted(person.attributes.items()):
        yield f"  {name:<12} {value}"


@subscribers.command()
@click.argument("email")
@click.argument("tags", nargs=-1, required=True)
@click.pass_obj
def tag(output: Output, email: str, tags: tuple[str, ...]) -> None:
    """Give a person tags."""
    from mailer.storage.person_changes import add_tags

    with somebody(output, email, writing=True) as (connection, who):
        added = add_tags(connection, who, checked_tags(tags), at=output.app.clock())
    output.document({"email": email, "added": added})
    output.data(f"{email}: {', '.join(added) or 'had all of them already'}")


@subscribers.command()
@click.argument("email")
@click.argument("tags", nargs=-1, required=True)
@click.pass_obj
def untag(output: Output, email: str, tags: tuple[str, ...]) -> None:
    """Take tags from a person."""
    from mailer.storage.person_changes import remove_tags

    with somebody(output, email, writing=True) as (connection, who):
        removed = remove_tags(connection, who, checked_tags(tags), at=output.app.clock())
    output.document({"email": email, "removed": removed})
    output.data(f"{email}: {', '.join(removed) or 'had none of them'}")


@subscribers.command()
@click.argument("email")
@click.option("--list", "list_name", metavar="L", help="Only this list; default: everything from us.")
@click.pass_obj
def unsubscribe(output: Output, email: str, list_name: str | None) -> None:
    """Take a person off a list, or off everything. No import brings them back."""
    from mailer.storage.people import person
    from mailer.storage.subscriptions import leave

    if list_name is not None:
        known_list(output, list_name)
    with somebody(output, email, writing=True) as (connection, who):
        leave(connection, who, list_name=list_name, mailing_id=None, at=output.app.clock())
        found = person(connection, who)
    output.document(full_document(found))
    output.data(f"{found.email} is off {list_name or 'everything'}.")


@subscribers.command()
@click.argument("email")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.pass_obj
def erase(output: Output, email: str, yes: bool) -> None:
    """Forget a person for good. A hash of the address stays, so that no import brings them back."""
    from mailer.storage.person_changes import erase as forget

    with somebody(output, email):
        pass
    if not yes:
        output.confirm("Erasing cannot be undone. Type the address to go on", email)
    at = output.app.clock()
    with somebody(output, email, writing=True) as (connection, who):
        forget(connection, who, at=at)
    output.app.database.clear_log()
    output.document({"erased": True, "at": instant(at)})
    output.data("Erased. Files that were imported or exported, problem files and backups may still name the person.")


@subscribers.command()
@click.argument("email")
@click.pass_obj
def history(output: Output, email: str) -> None:
    """What happened to a person, oldest first."""
    from mailer.storage.history import history as events_of

    with somebody(output, email) as (connection, who):
        events = events_of(connection, who)
    output.document({"email": email, "history": [event_document(event) for event in events]})
    for event in events:
        mailing = f"   (mailing {event.mailing_id})" if event.mailing_id else ""
        output.data(f"{instant(event.at)}   {event.kind.value:<16} {event.detail}{mailing}")
