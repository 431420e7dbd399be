"""`mailer subscribers add`: one person, by hand."""

from typing import TYPE_CHECKING, Any

import click

from mailer.cli.output import Output
from mailer.cli.people_choice import full_document
from mailer.cli.subscriber_topics import checked_topics
from mailer.errors import Refused, UnknownName, UsageError

if TYPE_CHECKING:
    from mailer.storage.database import Connection


@click.command()
@click.argument("email")
@click.option("--list", "list_name", metavar="L", help="The list they join; default: subscribers.default_list.")
@click.option("--consent", metavar="TEXT", help="What they agreed to, where and when.")
@click.option("--tag", "tags", metavar="T", multiple=True, help="Give them this tag; may be repeated.")
@click.option("--topic", "topics", metavar="T", multiple=True, help="What they want to hear of; default: everything.")
@click.option("--first-name", metavar="NAME", help="The given name.")
@click.option("--last-name", metavar="NAME", help="The family name.")
@click.option("--name", help="The whole name, when it is not first and last.")
@click.option("--language", metavar="es", help="As in es or pt-BR.")
@click.option("--country", metavar="BR", help="A country, as you write it in segments.")
@click.option("--timezone", metavar="America/Lima", help="An IANA time zone.")
@click.option(
    "--set", "attributes", metavar="NAME=VALUE", multiple=True, help="An attribute; an empty value takes it away."
)
@click.pass_obj
def add(output: Output, /, email: str, **options: Any) -> None:
    """Add a person, or change one who is here. Mails nobody, and brings back nobody who left."""
    from mailer.sources.addresses import NoAddress, parse_address
    from mailer.storage import person_changes, subscriptions
    from mailer.storage.people import person

    try:
        address = parse_address(email.strip())
    except NoAddress as error:
        raise UsageError(f'"{email}" cannot be used: {error}.') from None
    list_name = options["list_name"] or output.app.settings.subscribers.default_list
    known_list(output, list_name)
    fields, attributes, tags = _fields(options), _attributes(options["attributes"]), checked_tags(options["tags"])
    topics = checked_topics(output, options["topics"])
    at = output.app.clock()
    consent = (options["consent"] or "").strip() or f"added by hand on {at:%Y-%m-%d}"
    with output.app.database.writing() as connection:
        _refuse_who_left(connection, address, list_name)
        who, is_new = person_changes.add_person(connection, address, at=at)
        person_changes.change_fields(connection, who, fields, attributes, at=at)
        joined = subscriptions.join(connection, who, list_name, consent=consent, at=at)
        person_changes.add_tags(connection, who, tags, at=at)
        if topics:
            person_changes.choose_topics(connection, who, topics, at=at)
        found = person(connection, who)
    output.document(full_document(found))
    output.data(
        f"{found.email}: {'new' if is_new else 'was here'}, {'joined' if joined else 'already on'} {list_name}."
    )


def known_list(output: Output, name: str) -> None:
    lists = output.app.settings.subscribers.lists
    if name not in lists:
        raise UnknownName(f'There is no list "{name}".', hint=f"The lists: {', '.join(sorted(lists))}.")


def _refuse_who_left(connection: "Connection", address: str, list_name: str) -> None:
    from mailer.domain.address import email_key
    from mailer.domain.subscriber import SubscriptionStatus
    from mailer.storage import suppressions
    from mailer.storage.people import person
    from mailer.storage.subscribers import find_by_email

    suppression = suppressions.find(connection, email_key(address))
    if suppression is not None:
        raise Refused(
            f"{address} may not be mailed ({suppression.reason.value}, {suppression.at:%Y-%m-%d}).",
            hint="If that is wrong: `mailer suppress remove`. Nobody who left is brought back but by themselves.",
        )
    who = find_by_email(connection, address)
    for one in person(connection, who).subscriptions if who is not None else ():
        if one.list_name == list_name and one.status is SubscriptionStatus.UNSUBSCRIBED:
            raise Refused(
                f"{address} left {list_name} on {one.changed_at:%Y-%m-%d}.",
                hint="Only they can come back, through the link in a mail that they had.",
            )


def _fields(options: dict[str, Any]) -> dict[str, str]:
    """Columns and their new values."""
    from mailer.domain.naming import country_code, language_tag

    names = ("first_name", "last_name", "name", "language", "country", "timezone")
    fields = {name: _text(options[name]) for name in names if options[name] is not None}
    if fields.get("language"):
        fields["language"] = language_tag(fields["language"])
        if not fields["language"]:
            raise UsageError(f'"{options["language"]}" is no language.', hint="Write es, en or pt-BR.")
    if "country" in fields:
        fields["country"] = country_code(fields["country"])
    return fields


def _text(value: str) -> str:
    """One line that every database can hold."""
    try:
        value.encode()
    except UnicodeEncodeError:
        raise UsageError("That is not text in UTF-8.", hint="Check the terminal's encoding.") from None
    if "\0" in value:
        raise UsageError("That is not text.")
    return value.strip()


def _attributes(entries: tuple[str, ...]) -> dict[str, str]:
    from mailer.domain.naming import ATTRIBUTE
    from mailer.domain.subscriber import STANDARD_FIELDS

    found: dict[str, str] = {}
    for entry in entries:
        name, equals, value = entry.partition("=")
        if not equals or not ATTRIBUTE.fullmatch(name.strip()) or name.strip() in STANDARD_FIELDS:
            raise UsageError(
                f'--set "{entry}" cannot be read.',
                hint="Write --set city=Leeds; names are small letters, digits and _.",
            )
        found[name.strip()] = _text(value)
    return found


def checked_tags(names: tuple[str, ...]) -> list[str]:
    """Each in its one spelling. Raises UsageError."""
    from mailer.domain.naming import tag_name

    bad = next((name for name in names if not tag_name(name)), None)
    if bad is not None:
        raise UsageError(f'"{bad}" cannot be a tag.', hint="A tag is a short text without commas and semicolons.")
    return list(dict.fromkeys(map(tag_name, names)))
