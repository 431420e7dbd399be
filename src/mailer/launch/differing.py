"""Whether a campaign's file still says what was armed of it: its content, and the time that it proposes."""

from enum import StrEnum

from mailer.domain.armed import Schedule
from mailer.errors import InputProblems, UnknownName
from mailer.launch.draft import read_file
from mailer.launch.firing import differs_from_armed
from mailer.launch.plan import Desk
from mailer.launch.timing import differs_from_proposal


class Difference(StrEnum):
    """In what. The words stand in JSON documents."""

    CONTENT = "content"  #: the file, or what it uses, is another, or broken: it is held when its time comes
    SCHEDULE = "schedule"  #: the file proposes another time, or other terms: what was armed stays

    @property
    def words(self) -> str:
        """Half a sentence."""
        return {
            Difference.CONTENT: "the file differs from what is armed: it will be held then",
            Difference.SCHEDULE: "the file differs from what is armed: it proposes another schedule",
        }[self]


def differences(desk: Desk, one: Schedule) -> tuple[Difference, ...]:
    """In what the campaign's file differs from the schedule. Without a project nobody can tell, and it is none."""
    if desk.settings.root is None:
        return ()
    found = [Difference.CONTENT] if differs_from_armed(desk, one) else []
    try:
        campaign = read_file(desk, one.slug).campaign
    except (InputProblems, UnknownName):  # broken or gone: told already
        return tuple(found)
    if differs_from_proposal(campaign, one, zone=desk.settings.project.timezone):
        found.append(Difference.SCHEDULE)
    return tuple(found)
