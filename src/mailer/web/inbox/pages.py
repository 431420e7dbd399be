"""The inbox's page: every message that arrived, and one of them as its reader would see it."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.types import ASGIApp

from mailer.rendering.pages import Pages
from mailer.settings import Settings
from mailer.web.frames import Scheme, frame_response
from mailer.web.guard import Guard
from mailer.web.inbox.reading import Opened, open_message
from mailer.web.inbox.store import Entry, Store
from mailer.web.local import OURS_ONLY

_FOLDER = Path(__file__).parents[1] / "pages"
_SHOWN = 200
#: So many of the commonest subjects stand above the list; a mailing that greets by name has many, all rare.
_SUBJECTS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """One way to look at a message."""

    name: str
    label: str
    scheme: Scheme = Scheme.LIGHT
    images: bool = True


VIEWS = (
    View(name="mail", label="Mail"),
    View(name="dark", label="Dark", scheme=Scheme.DARK),
    View(name="no-images", label="Images off", images=False),
    View(name="text", label="Text"),
    View(name="headers", label="Headers"),
    View(name="source", label="Source"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step of a story told beside the inbox. state: done, now or next. link, label: where it can be seen, if anywhere."""

    state: str
    text: str
    link: str = ""
    label: str = ""


class InboxPages:
    """`routes` serves the inbox below /inbox. `story`: what is going on, told above the list."""

    def __init__(self, store: Store, settings: Settings, *, story: Callable[[], list[Step]] = list) -> None:
        self._store = store
        self._story = story
        self._pages = Pages(_FOLDER, settings, style="inbox.css")
        # A mailbox provider's button posts to wherever the message says: here, this machine only.
        self._policy = (
            f"default-src 'none'; style-src {self._pages.style_source}; script-src 'self'; connect-src 'self'; "
            "img-src data:; frame-src 'self'; form-action 'self' http://127.0.0.1:* http://localhost:*; "
            "base-uri 'none'; frame-ancestors 'none'"
        )

    def routes(self) -> list[BaseRoute]:
        inside = [
            Route("/", self.overview),
            Route("/count", self.count),
            Route("/inbox.js", self.script),
            Route("/{number:int}", self.message),
            Route("/{number:int}/frame", self.frame),
            Route("/{number:int}.eml", self.download),
        ]
        return [Mount("/inbox", routes=inside, middleware=[OURS_ONLY])]

    def overview(self, request: Request) -> Response:
        return self._page(request, None, None)

    def count(self, _request: Request) -> Response:
        """What the page's script asks, to know when to look again."""
        done = [step.state for step in self._story()]
        return JSONResponse({"messages": len(self._store), "story": " ".join(done)})

    def script(self, _request: Request) -> Response:
        return FileResponse(_FOLDER / "inbox.js", media_type="text/javascript")

    def message(self, request: Request) -> Response:
        entry, opened = self._opened(request)
        return self._page(request, entry, opened)

    def frame(self, request: Request) -> Response:
        """The message's HTML alone, for a sandboxed frame."""
        view = _view(request)
        _, opened = self._opened(request)
        return frame_response(opened.html, view.scheme, images=view.images)

    def download(self, request: Request) -> Response:
        number = request.path_params["number"]
        content = self._store.content(number)
        if content is None:
            raise HTTPException(404)
        # Some browsers would open it as a page of this site.
        saved = {"Content-Disposition": f'attachment; filename="{number}.eml"'}
        return PlainTextResponse(content, media_type="message/rfc822", headers=saved)

    def _opened(self, request: Request) -> tuple[Entry, Opened]:
        number = request.path_params["number"]
        entry, content = self._store.entry(number), self._store.content(number)
        if entry is None or content is None:
            raise HTTPException(404)
        return entry, open_message(content)

    def _page(self, request: Request, entry: Entry | None, opened: Opened | None) -> Response:
        query = request.query_params.get("q", "")[:200]
        found, matching = self._store.find(query, limit=_SHOWN)
        values: dict[str, Any] = {
            "entries": found,
            "matching": matching,
            "total": len(self._store),
            "subjects": self._store.subjects(_SUBJECTS),
            "query": query,
            "story": self._story(),
            "entry": entry,
            "message": opened,
            "view": _view(request),
            "views": VIEWS,
        }
        html = self._pages.render("inbox.html", **values)
        return HTMLResponse(html, headers={"Content-Security-Policy": self._policy})


def make_inbox_site(store: Store, settings: Settings) -> ASGIApp:
    """The inbox alone, as `mailer inbox` serves it."""
    home = Route("/", lambda _request: RedirectResponse("/inbox/"))
    return Guard(Starlette(routes=[home, *InboxPages(store, settings).routes()]))


def _view(request: Request) -> View:
    wanted = request.query_params.get("view", "")
    return next((view for view in VIEWS if view.name == wanted), VIEWS[0])
