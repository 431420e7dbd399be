"""Web pages in the same look as the mail: HTML from Jinja2, escaped, one style sheet made from [brand].

The style sheet stands in the page and the page's policy names its hash (CSP3 §6.7.2.4), so a page is one request, no
style from elsewhere applies, and no script runs.
"""

import base64
import hashlib
import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup

from mailer.domain.colour import readable_on
from mailer.domain.palette import palette_of
from mailer.errors import InputProblems
from mailer.rendering.logo import logo_of
from mailer.settings import Settings
from mailer.settings.starter import starter_project

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class PageLogo:
    """`logo` in page templates. source: the picture itself, so that a page stays one request."""

    source: str
    width: int
    height: int
    on_paper: bool


def _logo(settings: Settings) -> PageLogo | None:
    """The brand's; None if it has none that can be shown: people must be able to leave whatever became of a picture."""
    if settings.root is None:
        return None
    try:
        found = logo_of(settings, settings.root)
    except InputProblems as error:
        log.warning("page logo left out: %s", error.problems[0])
        return None
    if found is None:
        return None
    content = base64.b64encode(found.picture.content).decode()
    source = f"data:{found.picture.content_type};base64,{content}"
    return PageLogo(source=source, width=found.width, height=found.height, on_paper=found.on_paper)


class Pages:
    """Renders the templates in one folder for one project."""

    def __init__(self, folder: Path, settings: Settings, *, style: str) -> None:
        """`folder`: page templates; those of the mail are found beside them. `style`: the name of the style sheet."""
        places = [folder, starter_project() / "templates"]
        self._environment = jinja2.Environment(
            loader=jinja2.FileSystemLoader(places),
            autoescape=jinja2.select_autoescape(["html"]),
            undefined=jinja2.StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            extensions=["jinja2.ext.i18n"],
        )
        self._environment.install_null_translations(newstyle=True)  # type: ignore[attr-defined]
        self._environment.filters["readable_on"] = readable_on
        self._environment.globals.update(
            brand=settings.brand,
            palette=palette_of(settings.brand),
            logo=_logo(settings),
            organisation=settings.organisation,
            # The words of the templates themselves, until there are catalogues to choose from.
            language="en",
            direction="ltr",
        )
        # Whatever a font stack in mailer.toml holds, it cannot end the style element.
        self._style = self._environment.get_template(style).render().replace("<", "\\3c ")
        self._environment.globals["style"] = Markup(self._style)  # noqa: S704  (made from files and settings of ours)

    @property
    def style_source(self) -> str:
        """What a policy's `style-src` says to allow the page's own style sheet and no other."""
        digest = base64.b64encode(hashlib.sha256(self._style.encode()).digest()).decode()
        return f"'sha256-{digest}'"

    def render(self, name: str, **values: Any) -> str:
        """The page called `name` with `values`, whole."""
        return self._environment.get_template(name).render(**values)
