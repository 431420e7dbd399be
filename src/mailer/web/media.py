"""`/media/HASH.EXT`: the pictures and calendar files that mail links.

A name is the hash of its content, so caches may keep it for ever, and what an old mail links never changes.
"""

from collections.abc import Callable

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from mailer.app import App
from mailer.domain.media import MediaFile, is_media_name
from mailer.storage import media

_HEADERS = {
    "Cache-Control": "public, max-age=31536000, immutable",
    # Webmail shows our pictures inside its own pages.
    "Cross-Origin-Resource-Policy": "cross-origin",
}
#: "inline" lets a phone open its calendar at once (a browser that cannot saves the file); the name is for whoever saves it.
_CALENDAR = {"Content-Disposition": 'inline; filename="event.ics"'}

#: The file of a name that has the form of one of ours, or None.
Find = Callable[[str], MediaFile | None]


def stored_media(app: App) -> Find:
    """What the editions of the database link."""

    def find(name: str) -> MediaFile | None:
        with app.database.reading() as connection:
            return media.get(connection, name)

    return find


def media_routes(find: Find) -> list[Route]:
    def serve(request: Request) -> Response:
        name = request.path_params["name"]
        if not is_media_name(name):
            raise HTTPException(404)
        headers = {**_HEADERS, "ETag": f'"{name}"'}
        if request.headers.get("if-none-match") == headers["ETag"]:
            return Response(status_code=304, headers=headers)
        file = find(name)
        if file is None:
            raise HTTPException(404)
        if file.content_type == "text/calendar":
            headers |= _CALENDAR
        return Response(file.content, media_type=file.content_type, headers=headers)

    return [Route("/media/{name}", serve)]
