"""An alert as a JSON document, posted to one web address.

The address is a secret, for whoever knows it can speak in our name: it is never logged, and no redirect carries what we
say elsewhere. Only https, or this machine (the settings see to it).
"""

import json
from http.client import HTTPException
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import HTTPRedirectHandler, Request, build_opener

from mailer import __version__

SECONDS = 10.0


class NotTold(Exception):
    """It did not take it; the text says why, without the address."""


class _StraightOn(HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        return None


def post(url: str, document: dict[str, Any]) -> None:
    """Raises NotTold unless the answer is a 2xx."""
    body = json.dumps(document, ensure_ascii=False).encode()
    headers = {"Content-Type": "application/json", "User-Agent": f"mailer/{__version__}"}
    request = Request(url, data=body, headers=headers, method="POST")  # noqa: S310 (https, or this machine)
    try:
        with build_opener(_StraightOn).open(request, timeout=SECONDS):
            return
    except HTTPError as error:
        error.close()  # it is the answer too
        raise NotTold(f"it answers {error.code}") from None
    except (URLError, HTTPException, OSError, ValueError) as error:
        raise NotTold(str(getattr(error, "reason", "") or type(error).__name__)) from None
