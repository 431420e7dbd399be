"""Where the example project is: in an installed package, or in the checkout this program runs from.

It holds `templates/`, which every project falls back on, and the campaigns and invented people that `demo` sends.
"""

from pathlib import Path

from mailer.errors import SettingsError
from mailer.settings.table import FILE_NAME

_PACKAGE = Path(__file__).resolve().parents[1]


def starter_project() -> Path:
    """The folder with the example project's mailer.toml, templates/, campaigns/ and subscribers/; never written to."""
    installed, checkout = _PACKAGE / "starter", _PACKAGE.parents[1]
    for folder in (installed, checkout):
        if (folder / FILE_NAME).is_file() and (folder / "templates").is_dir():
            return folder
    raise SettingsError("The example project is missing from this installation.", hint="Install mailer again.")
