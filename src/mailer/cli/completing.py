"""What TAB offers where a command takes a name: campaigns, segments, lists, mailings, schedules, relays, kinds.

It is asked while somebody types. So it reads no more than it must, makes nothing, and whatever goes wrong, it offers nothing
and says nothing.
"""

from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import chain

import click
from click.shell_completion import CompletionItem

from mailer.cli.output import Output

#: (name, what to say beside it).
Names = Iterator[tuple[str, str]]


def offer_names(command: click.Command) -> None:
    """Let the parameters of `command`, and of what is below it, offer the names that they take."""
    for child in command.commands.values() if isinstance(command, click.Group) else ():
        offer_names(child)
    for parameter in command.params:
        if parameter.type is click.STRING:
            parameter.type = _Named()


class _Named(click.types.StringParamType):
    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem[str]]:
        names = _names_for(ctx, param)
        if names is None:
            return []
        given, found = _given(ctx, param), list[CompletionItem[str]]()
        with suppress(Exception):
            found += [
                CompletionItem(name, help=says)
                for name, says in names(_output(ctx))
                if name.startswith(incomplete) and name not in given
            ]
        return found


def _names_for(ctx: click.Context, param: click.Parameter) -> Callable[[Output], Names] | None:
    path = [one.info_name for one in _up(ctx)][-2::-1]
    places = (" ".join(str(word) for word in path[:length]) for length in range(len(path), -1, -1))
    return next((_OFFERS[place, param.name] for place in places if (place, param.name) in _OFFERS), None)


def _given(ctx: click.Context, param: click.Parameter) -> tuple[object, ...]:
    """What was typed already where several may be."""
    value = ctx.params.get(param.name or "")
    return value if isinstance(value, tuple) else ()


def _output(ctx: click.Context) -> Output:
    output = ctx.find_object(Output)
    assert output is not None
    for one in _up(ctx):
        output.take({"project": one.params.get("project")})
    return output


def _up(ctx: click.Context) -> Iterator[click.Context]:
    """`ctx` and those above it, to the root."""
    one: click.Context | None = ctx
    while one is not None:
        yield one
        one = one.parent


def _campaigns(output: Output) -> Names:
    from mailer.sources.campaign_slugs import campaign_slugs

    root = output.app.settings.root
    return ((slug, "") for slug in (campaign_slugs(root) if root else ()))


def _lists(output: Output) -> Names:
    return ((name, one.title) for name, one in sorted(output.app.settings.subscribers.lists.items()))


def _segments(output: Output) -> Names:
    from mailer.sources.segment_files import EVERYONE, read_segments

    settings = output.app.settings
    yield from chain([(EVERYONE, "all who may be mailed")], _lists(output))
    yield from ((name, one.description) for name, one in read_segments(settings.root, settings).named.items())


def _mailings(output: Output) -> Names:
    """Their campaigns first: a name means its newest mailing."""
    from mailer.storage.glance import newest_mailings

    app = output.app
    found = newest_mailings(app.database_url) if app.has_database else []
    newest = {slug: (id_, state) for id_, slug, state in reversed(found)}
    yield from ((slug, f"{id_}, {state}") for slug, (id_, state) in newest.items())
    yield from ((str(id_), f"{slug}, {state}") for id_, slug, state in found)


def _mailings_and_campaigns(output: Output) -> Names:
    """What is offered must not be offered twice: shells show both."""
    known = dict(chain(_campaigns(output), _mailings(output)))
    yield from known.items()


def _schedules(output: Output) -> Names:
    from mailer.storage.glance import schedules_in_force

    app = output.app
    return iter(schedules_in_force(app.database_url) if app.has_database else [])


def _relays(output: Output) -> Names:
    return ((one.name, one.host) for one in output.app.settings.relays)


def _kinds(_output: Output) -> Names:
    from mailer.sources.new_campaign import kinds

    return ((kind, "") for kind in kinds())


def _none(_output: Output) -> Names:
    return iter(())


#: By the command, "" for any, and the name of its parameter. What stands under the longest path holds.
_OFFERS: dict[tuple[str, str | None], Callable[[Output], Names]] = {
    ("", "slug"): _campaigns,
    ("", "slugs"): _campaigns,
    ("", "list_name"): _lists,
    ("", "segment"): _segments,
    ("", "mailing"): _mailings,
    ("feeds", "digest"): _campaigns,
    ("new", "kind"): _kinds,
    ("new", "slug"): _none,
    ("relay", "name"): _relays,
    ("relay add", "name"): _none,
    ("schedule", "slug"): _schedules,
    ("schedule", "which"): _schedules,
    ("schedule add", "slug"): _campaigns,
    ("segment", "name"): _segments,
    ("why", "mailing"): _mailings_and_campaigns,
}
