"""`mailer subscribers topics`: what one person wants to hear of."""

from typing import TYPE_CHECKING, Any

import click

from mailer.cli.output import Output
from mailer.cli.people_choice import somebody
from mailer.errors import Refused, UnknownName, UsageError

if TYPE_CHECKING:
    from mailer.domain.topics import Topics


@click.command()
@click.argument("email")
@click.argument("topics", nargs=-1)
@click.option("--add", "more", metavar="T", multiple=True, help="This one beside those they have; may be repeated.")
@click.option("--remove", "less", metavar="T", multiple=True, help="Not this one any more; may be repeated.")
@click.option("--everything", is_flag=True, help="All there is, whatever it is about.")
@click.pass_obj
def topics(output: Output, /, email: str, **options: Any) -> None:
    """Say what a person hears of from now on: these topics and no others. Alone: what it is now."""
    from mailer.storage.people import person
    from mailer.storage.person_changes import choose_topics

    only, more, less = (checked_topics(output, options[name]) for name in ("topics", "more", "less"))
    everything = options["everything"]
    ways = [bool(only), bool(more or less), everything]
    if sum(ways) > 1:
        raise UsageError("That is two answers.", hint="Name topics, or --add and --remove some, or say --everything.")
    with somebody(output, email, writing=any(ways)) as (connection, who):
        now = person(connection, who).topics
        if any(ways):
            now = () if everything else only or _changed(now, more, less)
            choose_topics(connection, who, now, at=output.app.clock())
    output.document({"email": email, "topics": now})
    output.data(f"{email}: {', '.join(now) or 'everything'}")


def _changed(before: tuple[str, ...], more: tuple[str, ...], less: tuple[str, ...]) -> tuple[str, ...]:
    """Raises Refused where nothing would be left, for that means everything."""
    if not before and less:
        raise Refused("They chose nothing, and hear of everything.", hint="Name the topics that they want to hear of.")
    now = {*before, *more} - set(less)
    if not now:
        raise Refused(
            f"{', '.join(less)} is all that they chose.",
            hint="To let them hear of everything: --everything. To mail them nothing: `mailer subscribers unsubscribe`.",
        )
    return tuple(sorted(now))


def checked_topics(output: Output, names: tuple[str, ...]) -> tuple[str, ...]:
    """As they are stored. Raises UnknownName for one that the project does not have, UsageError for what cannot be one."""
    from mailer.domain.topics import UnknownTopic

    known = topics_of(output)
    try:
        return known.chosen(names)
    except UnknownTopic as error:
        kind = UnknownName if known.titles else UsageError
        raise kind(f"{error.message[:1].upper()}{error.message[1:]}.", hint=error.hint) from None


def topics_of(output: Output) -> "Topics":
    """Those that people of the project can choose."""
    from mailer.domain.topics import Topics

    return Topics(output.app.settings.subscribers.topics)
