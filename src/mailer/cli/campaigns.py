"""What the commands that look at campaigns share: the project, and what its database knows, which they never make."""

from pathlib import Path

from mailer.app import App
from mailer.errors import SettingsError


def project_root(app: App) -> Path:
    """The project's folder; SettingsError without one."""
    if app.settings.root is None:
        raise SettingsError(
            "There is no project here.", hint="Change into a folder with mailer.toml, or run `mailer init`."
        )
    return app.settings.root


def known_attributes(app: App) -> frozenset[str] | None:
    """The attributes that anybody has; None when there is no database, or nobody in it, to ask."""
    if not app.has_database:
        return None
    from mailer.storage import subscribers

    with app.database.reading() as connection:
        return subscribers.known_attributes(connection) or None
