"""Whether people can leave: asked of the real leave page, at its public address, before anything goes out into the world.

The link of one person of the audience is opened as a mail scanner would open it, which changes nothing. Only a server
with this secret key knows the token, and only one on this database knows whose it is and shows their masked address.
"""

import html
import logging
from http.client import HTTPException
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import HTTPRedirectHandler, build_opener

from mailer.domain.address import masked
from mailer.domain.subscriber import Recipient
from mailer.edition.links import Purpose, sign
from mailer.errors import Refused

log = logging.getLogger(__name__)

SECONDS = 15
_LARGEST_PAGE = 1_000_000
_WAY_OUT = "Start `mailer serve` with this project's database and secret key, and let web.public_url lead to it."


class _StraightOn(HTTPRedirectHandler):
    """Follows no redirect: a one-click request must not be answered with one (RFC 8058 §3.1), and the token stays here."""

    def redirect_request(self, *_: Any) -> None:
        return None


def refuse_no_way_out(public_url: str, key: bytes, someone: Recipient) -> None:
    """Raises Refused unless the leave page answers at `public_url` (https), and knows `someone` of this database."""
    # Mailing 0 was never sent: the page offers what a deleted mailing's link would.
    address = f"{public_url}/u/{sign(key, Purpose.LEAVE, 0, someone.public_id)}"
    try:
        with build_opener(_StraightOn).open(address, timeout=SECONDS) as answer:  # the gate has seen to https
            page = answer.read(_LARGEST_PAGE).decode("utf-8", "replace")
    except (URLError, HTTPException, OSError, ValueError) as error:
        log.warning("probe.failed url=%s error=%s", public_url, type(error).__name__)
        raise Refused(f"The leave page does not answer at {public_url} ({_cause(error)}).", hint=_WAY_OUT) from None
    if html.escape(masked(someone.email)) not in page:
        raise Refused(f"What answers at {public_url} does not know the people in this database.", hint=_WAY_OUT)


def _cause(error: Exception) -> str:
    """In a few words, without the address, which holds somebody's token."""
    if isinstance(error, HTTPError):
        error.close()  # it is the answer too
        return f"it says {error.code}" + (", and a redirect ends no subscription" if 300 <= error.code < 400 else "")
    return str(getattr(error, "reason", "") or type(error).__name__)
