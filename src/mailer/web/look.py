"""The pages that subscribers see: words, looks and policy. No script, no cookie, nothing from elsewhere."""

from pathlib import Path
from typing import Any

from starlette.responses import HTMLResponse, Response

from mailer.rendering.pages import Pages
from mailer.settings import Settings

_FOLDER = Path(__file__).parent / "pages"


class SitePages:
    """Answers in the look of one project."""

    def __init__(self, settings: Settings) -> None:
        self._pages = Pages(_FOLDER, settings, style="style.css")
        self._policy = (
            f"default-src 'none'; style-src {self._pages.style_source}; img-src data:; form-action 'self'; "
            "base-uri 'none'; frame-ancestors 'none'"
        )

    def leave(self, **values: Any) -> Response:
        """The page behind a leave link. `standing`: subscribed, left or silent; the rest as the template says."""
        return self._page("leave.html", 200, **values)

    def preferences(self, **values: Any) -> Response:
        """The page behind a preferences link; 400 when it shows that what was sent chose nothing."""
        return self._page("preferences.html", 400 if values["nothing"] else 200, **values)

    def home(self) -> Response:
        return self._page("home.html", 200)

    def nobody(self) -> Response:
        """A good link of somebody whom the database no longer holds: erased, or in another database."""
        return self._page("nobody.html", 200)

    def test_link(self) -> Response:
        """A link of a test message, or of a public page."""
        return self._page("test_link.html", 200)

    def problem(self, status: int) -> Response:
        """404 and other refusals."""
        return self._page("problem.html", status, lost=status in (404, 405))

    def _page(self, name: str, status: int, **values: Any) -> Response:
        html = self._pages.render(name, **values)
        return HTMLResponse(html, status, headers={"Content-Security-Policy": self._policy})
