"""`/media/HASH.EXT`: the pictures that mail links. A name is the hash of its content, so caches may keep it for ever."""

import re

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from mailer.app import App
from mailer.storage import media

_NAME = re.compile(r"[0-9a-f]{32}\.(jpg|png|gif)")
_HEADERS = {
    "Cache-Control": "public, max-age=31536000, immutable",
    # Webmail shows our pictures inside its own pages.
    "Cross-Origin-Resource-Policy": "cross-origin",
}


def media_routes(app: App) -> list[Route]:
    def picture(request: Request) -> Response:
        name = request.path_params["name"]
        if not _NAME.fullmatch(name):
            raise HTTPException(404)
        tag = f'"{name}"'
        if request.headers.get("if-none-match") == tag:
            return Response(status_code=304, headers={**_HEADERS, "ETag": tag})
        with app.database.reading() as connection:
            found = media.get(connection, name)
        if found is None:
            raise HTTPException(404)
        content_type, content = found
        return Response(content, media_type=content_type, headers={**_HEADERS, "ETag": tag})

    return [Route("/media/{name}", picture)]
