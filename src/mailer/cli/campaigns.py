"""What the commands that look at campaigns share: the project, and what its database knows, which they never make."""

from pathlib import Path
from typing import TYPE_CHECKING

from mailer.app import App
from mailer.errors import SettingsError

if TYPE_CHECKING:
    from mailer.rendering.surroundings import Surroundings


def project_root(app: App) -> Path:
    """The project's folder; SettingsError without one."""
    if app.settings.root is None:
        raise SettingsError(
            "There is no project here.", hint="Change into a folder with mailer.toml, or run `mailer init`."
        )
    return app.settings.root


def surroundings(app: App) -> "Surroundings":
    """What campaigns are looked at in: with what the database knows, if there is one."""
    from mailer.rendering.surroundings import Surroundings

    known = _known_attributes(app) if app.has_database else None
    return Surroundings(settings=app.settings, now=app.now, known_attributes=known)


def _known_attributes(app: App) -> frozenset[str] | None:
    from mailer.storage import subscribers

    with app.database.reading() as connection:
        return subscribers.known_attributes(connection) or None
