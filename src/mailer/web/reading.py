"""Mail in the browser: `/v/TOKEN` for the person it was sent to, `/c/SLUG` for everybody.

Both come from the stored edition, so they show what was mailed, whatever became of the campaign's file. The page is the
mail's own HTML under a policy that lets it run, load and post nothing.
"""

from functools import lru_cache
from urllib.parse import urlsplit

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from mailer.app import App
from mailer.domain.subscriber import Recipient
from mailer.edition.format import load
from mailer.edition.links import Purpose, verify
from mailer.edition.program import Program
from mailer.errors import EditionError
from mailer.storage import mailings, subscribers
from mailer.storage.archive import newest_mailed
from mailer.storage.standing import list_mailed
from mailer.web.look import SitePages

#: The reader that a public page is made for: every personal value takes its fallback.
NOBODY = Recipient(subscriber_id=0, public_id=0, email="", fields={})


def reading_routes(app: App, pages: SitePages) -> list[Route]:
    room = ReadingRoom(app, pages)
    return [Route("/v/{token}", room.view), Route("/c/{slug}", room.public)]


class ReadingRoom:
    """Shows stored editions."""

    def __init__(self, app: App, pages: SitePages) -> None:
        self._app = app
        self._pages = pages
        self._program = lru_cache(maxsize=16)(self._load)

    def view(self, request: Request) -> Response:
        """The mail as this person got it. 404 unless both are in this database: the number may be of another mailing."""
        link = verify(self._app.secret_key, request.path_params["token"])
        if link is not None and link.purpose is Purpose.TEST:
            return self._pages.test_link()
        if link is None or link.purpose is not Purpose.VIEW:
            raise HTTPException(404)
        with self._app.database.reading() as connection:
            reader = subscribers.find_by_public_id(connection, link.public_id)
            if reader is None or list_mailed(connection, link.mailing_id, reader) is None:
                raise HTTPException(404)
        program = self._program(link.mailing_id)
        return self._mail(program, self._reader(reader, program.needs))

    def public(self, request: Request) -> Response:
        """The newest mailing of a campaign, as nobody in particular would read it."""
        with self._app.database.reading() as connection:
            mailing_id = newest_mailed(connection, request.path_params["slug"])
        if mailing_id is None:
            raise HTTPException(404)
        response = self._mail(self._program(mailing_id, test=True), NOBODY)
        response.headers["Cache-Control"] = "public, max-age=300"
        response.headers["X-Robots-Tag"] = "all"
        return response

    def _load(self, mailing_id: int, *, test: bool = False) -> Program:
        with self._app.database.reading() as connection:
            content = mailings.edition_of(connection, mailing_id)
        return Program(load(content), key=self._app.secret_key, mailing_id=mailing_id, test=test)

    def _reader(self, subscriber_id: int, needs: frozenset[str]) -> Recipient:
        """The person with what the mail says of them; nobody, if they were erased this very moment."""
        with self._app.database.reading() as connection:
            return next(iter(subscribers.recipients(connection, [subscriber_id], needs)), NOBODY)

    def _mail(self, program: Program, reader: Recipient) -> Response:
        try:
            html = program.html(reader)
        except EditionError:
            raise HTTPException(404) from None
        return HTMLResponse(html, headers={"Content-Security-Policy": mail_policy(self._app.settings.web.public_url)})


def mail_policy(public_url: str) -> str:
    """For a mail shown as a page: its own styles, our pictures, links; in a sandbox, so nothing else can happen.

    A browser that opens no calendar saves its file: for that too a sandbox has to ask.
    """
    parts = urlsplit(public_url)
    ours = f" {parts.scheme}://{parts.netloc}" if parts.netloc else ""
    return (
        f"default-src 'none'; style-src 'unsafe-inline'; img-src 'self'{ours}; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'; sandbox allow-popups allow-popups-to-escape-sandbox allow-top-navigation-by-user-activation "
        "allow-downloads"
    )
