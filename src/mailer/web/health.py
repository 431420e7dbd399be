"""For the programs that watch this one: `/healthz` says that it lives, `/readyz` that it can reach its database, and knows its schema."""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from mailer.app import App
from mailer.errors import StorageError
from mailer.storage.schema import HEAD, current_revision


def health_routes(app: App) -> list[Route]:
    def lives(request: Request) -> Response:  # noqa: ARG001
        return JSONResponse({"status": "ok"})

    def ready(request: Request) -> Response:  # noqa: ARG001
        try:
            with app.database.reading() as connection:
                if current_revision(connection) == HEAD:
                    return JSONResponse({"status": "ok"})
            # Somebody has upgraded or restored it while we ran: only a restart, with the right program, will do.
            return JSONResponse({"status": "unavailable", "error": "schema"}, status_code=503)
        except StorageError as error:
            return JSONResponse({"status": "unavailable", "error": error.code}, status_code=503)

    return [Route("/healthz", lives), Route("/readyz", ready)]
