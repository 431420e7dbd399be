"""Says of a campaign that is looked at what is armed to go out of it, and whether that is still this."""

from mailer.app import App
from mailer.launch import Desk, differs_from_armed
from mailer.storage import schedules


def armed_notes(app: App, slug: str) -> tuple[str, ...]:
    """A sentence for each schedule of the campaign; none without a database, which is not made."""
    if not app.has_database:
        return ()
    desk = Desk(settings=app.settings, database=app.database, key=b"", clock=app.clock)
    with app.database.reading() as connection:
        found = [one for one in schedules.armed(connection) if one.slug == slug]
    return tuple(
        f"It is armed for {one.next_when}, but the file differs from what is armed: it will be held then. "
        f"`mailer schedule remove {slug}`, then add it again."
        if differs_from_armed(desk, one)
        else f"It is armed for {one.next_when}, as it is here."
        for one in found
    )
