"""Which credential a request presents.

Rules that this module keeps:

- `Authorization: Bearer` carries API keys and nothing else; `Authorization: Session` carries a session token, for clients without cookies;
- where there is an Authorization header the cookie is not looked at: one request has one credential;
- the token of a known device comes in its cookie, or in `X-Device-Token` from clients without cookies; it is no credential;
- a browser's half of a mailed link comes in its cookie, or in `X-Link-Token`;
- a header that stands twice, another scheme or an empty token is refused; it never falls back to the cookie.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from ctsec.keys.rate import RateState
from ctsec.outcome import Outcome, Reason, Refusal
from ctsec.principal import Principal
from ctsec.secret import SecretText
from ctsec.web.http import MAX_BEARER, WebRequest
from ctsec.web.site import Site

DEVICE_HEADER: Final = "x-device-token"
LINK_HEADER: Final = "x-link-token"
_SIGN_IN: Final = Refusal(Reason.NOT_AUTHENTICATED, "sign in first")
_MALFORMED: Final = Refusal(
    Reason.INVALID_TOKEN, "expected one Authorization header: Bearer with an API key, or Session with a session token"
)


class Via(StrEnum):
    """How a credential came."""

    COOKIE = "cookie"
    SESSION_HEADER = "session_header"
    API_KEY = "api_key"


@dataclass(frozen=True, slots=True)
class Presented:
    """A credential as it came, not proved yet."""

    via: Via
    token: SecretText


@dataclass(frozen=True, slots=True)
class Caller:
    """Who makes a request, the credential that proved it, and what is left of its rate, if it has one."""

    principal: Principal
    presented: Presented
    rate: RateState | None = None


def presented(request: WebRequest, *, site: Site) -> Outcome[Presented]:
    """Return the request's credential; NOT_AUTHENTICATED if there is none, INVALID_TOKEN if it is malformed."""
    lines = request.all("authorization")
    if lines:
        scheme, _, token = lines[0].partition(" ")
        via = {"bearer": Via.API_KEY, "session": Via.SESSION_HEADER}.get(scheme.lower())
        if len(lines) > 1 or via is None or not token or not token.isascii() or " " in token:
            return _MALFORMED
        return Presented(via, SecretText(token))
    cookie = request.cookie(site.cookie_name)
    return Presented(Via.COOKIE, SecretText(cookie)) if cookie else _SIGN_IN


def presented_device(request: WebRequest, *, site: Site) -> SecretText | None:
    """Return the token of a known device as the request has it, or None; a header goes before the cookie, and two are none."""
    return _beside(request, DEVICE_HEADER, site.device_cookie_name)


def presented_link(request: WebRequest, *, site: Site) -> SecretText | None:
    """Return the browser's half of a mailed link as the request has it, or None, as for a device."""
    return _beside(request, LINK_HEADER, site.link_cookie_name)


def _beside(request: WebRequest, header: str, cookie: str) -> SecretText | None:
    lines = request.all(header)
    found = request.cookie(cookie) if not lines else lines[0] if len(lines) == 1 else None
    return SecretText(found) if found and len(found) <= MAX_BEARER else None
