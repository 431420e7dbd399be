"""The site that subscribers meet: leave, read, pictures and calendar files, health. `mailer serve` runs it, and so does the demo.

Endpoints that touch the database are plain functions: Starlette runs them in threads, with the same code as the CLI.
"""

from collections.abc import Sequence

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp

from mailer.app import App
from mailer.web.guard import Guard
from mailer.web.health import health_routes
from mailer.web.leave import LeaveDesk, leave_routes
from mailer.web.look import SitePages
from mailer.web.media import media_routes, stored_media
from mailer.web.preferences import preferences_routes
from mailer.web.reading import reading_routes


def make_site(app: App, *, more: Sequence[BaseRoute] = ()) -> ASGIApp:
    """The site over `app`. `more`: routes that come before its own, such as the demo's inbox."""
    pages = SitePages(app.settings)
    desk = LeaveDesk(app, pages)
    _ = app.database, app.secret_key  # made now, so that two first visitors in two threads do not make them twice

    def refused(request: Request, error: Exception) -> Response:  # noqa: ARG001
        assert isinstance(error, HTTPException)
        return pages.problem(error.status_code)

    site = Starlette(
        routes=[
            *more,
            Route("/", lambda _request: pages.home()),
            *leave_routes(desk),
            *preferences_routes(app, pages, desk),
            *reading_routes(app, pages),
            *media_routes(stored_media(app)),
            *health_routes(app),
        ],
        exception_handlers={HTTPException: refused},
    )
    site.router.redirect_slashes = False  # a one-click request must never be answered with a redirect (RFC 8058 §3.1)
    return Guard(site)
