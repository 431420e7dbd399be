"""What the commands that look at campaigns share: the project, and what its database knows, which they never make."""

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from mailer.app import App
from mailer.errors import SettingsError

if TYPE_CHECKING:
    from mailer.cli.output import Output
    from mailer.domain.campaign_file import CampaignFile
    from mailer.domain.digest import Issue, Shown
    from mailer.rendering.surroundings import Surroundings


def project_root(app: App) -> Path:
    """The project's folder; SettingsError without one."""
    if app.settings.root is None:
        raise SettingsError(
            "There is no project here.", hint="Change into a folder with mailer.toml, or run `mailer init`."
        )
    return app.settings.root


def surroundings(app: App, shown: "Shown | None" = None) -> "Surroundings":
    """What campaigns are looked at in: with what the database knows, if there is one. shown: by a proof of the issue."""
    from mailer.rendering.surroundings import Surroundings

    known = _known_attributes(app) if app.has_database else None
    return Surroundings(settings=app.settings, now=app.now, known_attributes=known, issue_of=_issues(app, shown))


def _issues(app: App, shown: "Shown | None") -> "Callable[[CampaignFile], Issue]":
    """What a digest would hold; whoever looks at no digest pays nothing for it."""

    @cache
    def issues() -> "Callable[[CampaignFile], Issue]":
        from mailer.launch import Issues

        database = app.database if app.has_database else None
        return Issues(settings=app.settings, database=database, now=app.now, clock=app.clock, shown=shown)

    def issue_of(digest: "CampaignFile") -> "Issue":
        return issues()(digest)

    return issue_of


def say_of_issue(output: "Output", issue: "Issue | None") -> None:
    """What to know about a digest that is looked at."""
    if issue is None:
        return
    for note in issue.notes:
        output.warn(str(note))
    if issue.lack:
        output.warn(f"Nothing would be sent now: {issue.lack}.")
    if issue.is_blind:
        output.say("There is no database yet: of what digests take up, this shows only what was published.")


def _known_attributes(app: App) -> frozenset[str] | None:
    from mailer.storage import subscribers

    with app.database.reading() as connection:
        return subscribers.known_attributes(connection) or None
