"""For pages that only this machine may see."""

from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware

LOOPBACK = "127.0.0.1"
#: Another site in the same browser cannot read such a page by giving its own name this machine's address (DNS rebinding).
OURS_ONLY = Middleware(TrustedHostMiddleware, allowed_hosts=[LOOPBACK, "localhost"], www_redirect=False)
