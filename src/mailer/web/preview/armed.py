"""Says of a campaign that is looked at what is armed to go out of it, who approved it, and whether that is still this."""

from itertools import islice

from mailer.app import App
from mailer.domain.armed import Schedule, State
from mailer.domain.rule_words import in_words
from mailer.launch import Approved, Desk, Difference, approved, approved_as_it_stands, differences
from mailer.storage import schedules
from mailer.storage.database import Connection

#: So many times to come are named.
_SHOWN = 3


def armed_notes(app: App, slug: str) -> tuple[str, ...]:
    """A sentence for each schedule of the campaign, or for its approval; none without a database, which is not made."""
    if not app.has_database:
        return ()
    desk = Desk(settings=app.settings, database=app.database, key=b"", clock=app.clock)
    with app.database.reading() as connection:
        found = [one for one in schedules.standing(connection) if one.slug == slug and one.next is not None]
        times = [_times(connection, one) for one in found]
    if not found:
        standing = approved_as_it_stands(desk, slug)
        return (_sentence(standing.words),) if standing else ()
    return tuple(
        f"{said} {_state(one, differences(desk, one))}{_approval(approved(desk, one))}"
        for one, said in zip(found, times, strict=True)
    )


def _times(connection: Connection, one: Schedule) -> str:
    """When it goes out."""
    if one.rule is None:
        return f"It is armed for {one.next_when}."
    assert one.next is not None
    coming = [one.next, *islice(schedules.coming(connection, one, after=one.next.at), _SHOWN - 1)]
    named = ", ".join(str(one.when(each)) for each in coming)
    return f"It is armed to go out {in_words(one.rule)}: {named} …"


def _state(one: Schedule, differs: tuple[Difference, ...]) -> str:
    """Whether it is paused, and how the file stands to it."""
    if one.state is State.PAUSED:
        return f"It is paused: `mailer schedule resume {one.slug}`."
    if Difference.CONTENT in differs:
        return (
            "But the file differs from what is armed: it will be held then."
            f" `mailer schedule remove {one.slug}`, then add it again."
        )
    if differs:
        return (
            "The file differs from what is armed: it proposes another schedule, which is armed only by `schedule add`."
        )
    return "That is as it is here."


def _approval(one: Approved) -> str:
    return f" {_sentence(one.words)}" if one.words else ""


def _sentence(words: str) -> str:
    return f"{words[0].upper()}{words[1:]}."
