"""The preview's site: every campaign of the project, the specimen sheet, and what their mails link.

It listens on loopback, answers to no other name, and has no way to send: nothing here knows a relay.
"""

from hashlib import blake2b
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from mailer.domain.sample import SAMPLE
from mailer.errors import MailerError, UnknownName
from mailer.rendering.pages import Pages
from mailer.settings import Settings
from mailer.sources.campaign_slugs import campaign_slugs
from mailer.web.frames import MEASURED, frame_response
from mailer.web.guard import Guard
from mailer.web.local import OURS_ONLY
from mailer.web.media import media_routes
from mailer.web.preview.addresses import OnSite
from mailer.web.preview.ahead import Occasion, Panel
from mailer.web.preview.armed import armed_notes
from mailer.web.preview.bench import Bench, Proof
from mailer.web.preview.page import FOLDER, Sight, campaign_values, pages_for, seen_by
from mailer.web.preview.readers import RANDOM, Reader, Readers
from mailer.web.preview.specimen import sheet_values
from mailer.web.preview.views import View, at_home, view_named

_TYPES = {"eml": "message/rfc822", "html": "text/html", "txt": "text/plain"}


def make_preview_site(bench: Bench, occasion: Occasion | None = None) -> ASGIApp:
    """The whole site. occasion: the time to come at which it lives, if any."""
    site = PreviewSite(bench, occasion)
    application = Starlette(
        routes=[
            Route("/", site.sheet),
            Route("/stamp", site.stamp),
            Route("/preview.js", site.script),
            Route("/link/{rest:path}", site.link),
            *media_routes(bench.media),
            Route("/{shelf}/{name}/", site.campaign),
            Route("/{shelf}/{name}/frame", site.frame),
            Route("/{shelf}/{name}/mail.{ending}", site.download),
        ],
        middleware=[OURS_ONLY],
        exception_handlers={HTTPException: site.lost, MailerError: site.failed},
    )
    return Guard(application)


class PreviewSite:
    """Answers for one bench."""

    def __init__(self, bench: Bench, occasion: Occasion | None) -> None:
        self._bench = bench
        self._occasion = occasion
        self._readers = Readers(bench)
        self._pages: tuple[Settings, Pages] | None = None

    def sheet(self, _request: Request) -> Response:
        """The specimen sheet."""
        stamp = self._bench.stamp()
        return self._page("specimen.html", here="/", stamp=stamp, **sheet_values(self._bench))

    def stamp(self, _request: Request) -> Response:
        """What the page's script asks, to know when to look again."""
        return PlainTextResponse(self._bench.stamp())

    def script(self, _request: Request) -> Response:
        return FileResponse(FOLDER / "preview.js", media_type="text/javascript")

    def link(self, _request: Request) -> Response:
        """Where links of a mail to pages of ours lead."""
        words = (
            "In a mail that was sent, this link leads to a page of the reader's own: to leave, or to read the mail in the "
            "browser. In a preview it changes nothing, whoever's mail is looked at."
        )
        return self._note("This is a link of a preview", words, status=200)

    def campaign(self, request: Request) -> Response:
        proof = self._proof(request)
        sight = self._sight(request, proof, for_page=True)
        if request.query_params.get("as") == RANDOM and sight.reader and sight.reader.wish:
            # Whoever was drawn stays, while the page follows what is written.
            return RedirectResponse(self._address(request, sight).view(self._view(request)), 303)
        view, address = self._view(request), self._address(request, sight)
        values = campaign_values(self._bench.root, sight, view, address)
        shelf, name = request.path_params["shelf"], request.path_params["name"]
        specimen = name if shelf == "kinds" else ""
        here = "" if specimen else name
        return self._page("preview.html", here=here, stamp=proof.stamp, specimen=specimen, **values)

    def frame(self, request: Request) -> Response:
        """The mail alone, for a sandboxed frame."""
        proof = self._proof(request)
        sight = self._sight(request, proof, for_page=False)
        if sight.mail is None or proof.good is None:
            raise HTTPException(404)
        view, meta = self._view(request), proof.good.compiled.edition.meta
        html = at_home(sight.mail.html, meta.public_url, media="/media/", links="/link/")
        return frame_response(html, view.scheme, images=view.images, sandbox=MEASURED)

    def download(self, request: Request) -> Response:
        """The mail to keep."""
        ending = request.path_params["ending"]
        mail = self._sight(request, self._proof(request), for_page=False).mail
        if mail is None or ending not in _TYPES:
            raise HTTPException(404)
        content = {"eml": mail.content, "html": _bytes(mail.html), "txt": _bytes(mail.text)}[ending]
        if not content:
            raise HTTPException(404)
        name = f"{request.path_params['name']}.{ending}"
        saved = {"Content-Disposition": f'attachment; filename="{name}"'}
        return Response(content, media_type=_TYPES[ending], headers=saved)

    def lost(self, _request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        return self._note(
            "There is nothing at this address", "The campaigns beside it are all there are.", error.status_code
        )

    def failed(self, _request: Request, error: Exception) -> Response:
        assert isinstance(error, MailerError)
        status = 404 if isinstance(error, UnknownName) else 503
        return self._note(error.message, error.hint, status)

    def _proof(self, request: Request) -> Proof:
        shelf, name = request.path_params["shelf"], request.path_params["name"]
        if shelf not in ("campaigns", "kinds"):
            raise HTTPException(404)
        return self._bench.campaign(name) if shelf == "campaigns" else self._bench.example(name)

    def _sight(self, request: Request, proof: Proof, *, for_page: bool) -> Sight:
        wish = request.query_params.get("as", "").strip() if request.path_params["shelf"] == "campaigns" else ""
        reader = None
        if proof.good is not None:
            try:
                reader = self._readers.choose(wish, proof.good, search=for_page)
            except MailerError as error:
                reader = Reader(recipient=SAMPLE, warnings=(f"{error.message} {error.hint}".strip(),))
        notes: tuple[str, ...] = ()
        if for_page and request.path_params["shelf"] == "campaigns":
            notes = armed_notes(self._bench.app, request.path_params["name"])
        seen = self._bench.for_reader(proof, reader.recipient) if reader else proof
        panel = self._panel(request, proof) if for_page else None
        return seen_by(seen, reader, at=self._bench.app.now, notes=notes, panel=panel)

    def _panel(self, request: Request, proof: Proof) -> Panel | None:
        shelf, name = request.path_params["shelf"], request.path_params["name"]
        if self._occasion is None or (shelf, name) != ("campaigns", self._occasion.slug):
            return None
        return self._occasion.panel(self._bench.app, proof.good)

    def _address(self, request: Request, sight: Sight) -> OnSite:
        shelf, name = request.path_params["shelf"], request.path_params["name"]
        return OnSite(
            home=f"/{shelf}/{name}/",
            wish=sight.reader.wish if sight.reader else "",
            shown=self._view(request),
            state=blake2b(_bytes(sight.mail.html), digest_size=6).hexdigest() if sight.mail else "",
        )

    @staticmethod
    def _view(request: Request) -> View:
        return view_named(request.query_params.get("view", ""))

    def _note(self, title: str, words: str, status: int) -> Response:
        stamp = self._bench.stamp()
        return self._page("preview_note.html", status=status, here="", stamp=stamp, title=title, words=words)

    def _page(self, template: str, *, here: str, stamp: str, status: int = 200, **values: Any) -> Response:
        """here: the slug that is looked at. stamp: how the files stood before they were read, so no change is missed."""
        pages = self._pages_now()
        html = pages.render(
            template, live=True, stamp=stamp, slugs=campaign_slugs(self._bench.root), here=here, **values
        )
        policy = (
            f"default-src 'none'; style-src {pages.style_source}; script-src 'self'; connect-src 'self'; img-src data:; "
            "frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
        )
        return HTMLResponse(html, status, headers={"Content-Security-Policy": policy})

    def _pages_now(self) -> Pages:
        """The page templates in the look of the project as it is now."""
        settings = self._bench.app.settings
        if self._pages is None or self._pages[0] is not settings:
            self._pages = (settings, pages_for(settings))
        return self._pages[1]


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "replace")
