"""A mail's HTML as a frame shows it: in one scheme whatever the viewer's own, links in a new tab, nothing else allowed.

The scheme is chosen here, by rewriting the media queries, because a frame cannot choose it for its content.
"""

import re
from enum import StrEnum

from starlette.responses import HTMLResponse, Response

_DARK = re.compile(r"\(\s*prefers-color-scheme\s*:\s*dark\s*\)", re.IGNORECASE)
_LIGHT = re.compile(r"\(\s*prefers-color-scheme\s*:\s*light\s*\)", re.IGNORECASE)
_ALWAYS, _NEVER = "(min-width: 0)", "(max-width: 0)"
_HEAD = re.compile(r"<head\b[^>]*>", re.IGNORECASE)
_META_SCHEME = re.compile(r'(<meta name="(?:supported-)?color-schemes?" content=")[^"]*"', re.IGNORECASE)


#: Gmail on iOS, Outlook on Windows and others repaint mail by rules of their own, which nobody can run but they. What
#: they have in common: its dark rules are ignored, lightness is turned over, hues and pictures stay.
_FORCED = (
    "<style>html{background:#fff;filter:invert(.93) hue-rotate(180deg)}"
    "img{filter:contrast(1.163) invert(1) hue-rotate(180deg)}</style>"  # 1.163 = 1 / (2 · .93 - 1)
)
_SANDBOX = "allow-popups allow-popups-to-escape-sandbox"
#: A page that carries a script of ours may measure and scroll the mail in its frame, and calendar files may be taken from
#: it; the mail itself runs nothing.
MEASURED = f"{_SANDBOX} allow-same-origin allow-downloads"


class Scheme(StrEnum):
    LIGHT = "light"
    DARK = "dark"
    FORCED_DARK = "forced-dark"  #: the light mail, darkened by a client that does not ask


def in_frame(html: str, scheme: Scheme) -> str:
    """`html` for a sandboxed frame that lets links open."""
    dark, light = (_ALWAYS, _NEVER) if scheme is Scheme.DARK else (_NEVER, _ALWAYS)
    html = _LIGHT.sub(light, _DARK.sub(dark, html))
    html = _META_SCHEME.sub(rf'\g<1>{Scheme.DARK if scheme is Scheme.DARK else Scheme.LIGHT}"', html)
    ours = '<base target="_blank">' + (_FORCED if scheme is Scheme.FORCED_DARK else "")
    head = _HEAD.search(html)
    return ours + html if head is None else html[: head.end()] + ours + html[head.end() :]


def frame_response(html: str, scheme: Scheme, *, images: bool, sandbox: str = _SANDBOX) -> Response:
    """The answer a frame loads. Pictures come from this machine or not at all: looking at a mail tells nobody anything."""
    pictures = "'self' data: http://127.0.0.1:* http://localhost:*" if images else "'none'"
    policy = (
        f"default-src 'none'; style-src 'unsafe-inline'; img-src {pictures}; base-uri 'none'; form-action 'none'; "
        f"frame-ancestors 'self'; sandbox {sandbox}"
    )
    return HTMLResponse(in_frame(html, scheme), headers={"Content-Security-Policy": policy})
