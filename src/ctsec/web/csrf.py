"""Whether a request that a browser authenticates by itself was meant by the site's own pages.

Rules that this module keeps:

- a request with the session cookie and a method other than GET, HEAD and OPTIONS needs `X-CSRF-Token`, derived from that very session
  token (so it changes with it, and nothing is stored), compared in constant time;
- an `Origin` that is neither the site's nor the request's own host is refused, and so is `Sec-Fetch-Site: cross-site`;
- what a browser never sends by itself (`Authorization`) needs no token.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from typing import Final
from urllib.parse import urlsplit

from ctsec.outcome import Reason, Refusal
from ctsec.web.http import SAFE_METHODS, WebRequest
from ctsec.web.site import Site

_LABEL: Final = b"ctsec csrf/1"
_FOREIGN: Final = Refusal(Reason.CSRF, "the request came from another site")
_NO_TOKEN: Final = Refusal(Reason.CSRF, "expected the X-CSRF-Token header of this session; GET /session tells it")


def csrf_token(session_token: str) -> str:
    """Return the token that pages of this session send: HMAC-SHA256 of a fixed label under the session token, 43 characters."""
    digest = hmac.new(session_token.encode(), _LABEL, hashlib.sha256).digest()
    return base64.urlsafe_b64encode(digest).decode("ascii").rstrip("=")


def check_origin(request: WebRequest, *, site: Site) -> Refusal | None:
    """Return CSRF if the browser says that another site made this request, else None; safe methods pass."""
    if request.method in SAFE_METHODS:
        return None
    if request.header("sec-fetch-site") == "cross-site":
        return _FOREIGN
    return None if all(_is_own(origin, request, site) for origin in request.all("origin")) else _FOREIGN


def _is_own(origin: str, request: WebRequest, site: Site) -> bool:
    if origin == site.origin:
        return True
    try:
        parts = urlsplit(origin)
    except ValueError:
        return False
    # An https page may call its own host; a plain http page may not call an https site.
    return bool(parts.netloc) and parts.netloc == request.header("host") and (parts.scheme == "https" or not site.secure)


def check_csrf(request: WebRequest, *, site: Site, session_token: str) -> Refusal | None:
    """Return CSRF if a request with the session cookie lacks the proof that the site's own page made it, else None."""
    if request.method in SAFE_METHODS:
        return None
    refusal = check_origin(request, site=site)
    if refusal is not None:
        return refusal
    given = request.header("x-csrf-token") or ""
    same = hmac.compare_digest(given.encode("utf-8", "surrogatepass"), csrf_token(session_token).encode("ascii"))
    return None if same else _NO_TOKEN
