"""Failures as `application/problem+json` (RFC 9457), the same bytes from every host.

Rules that this module keeps:

- the status follows from the reason by one table; `type` is `urn:ctsec:<reason>`, and clients decide by `reason`, never by text;
- a 404 has one body, whether something does not exist or belongs to somebody else;
- 401 says how to authenticate (RFC 9110, 11.6.1), waiting is told by `Retry-After` in whole seconds;
- a missing step-up or second factor has the error and the `max_age` of RFC 9470 (section 3), with the status 403: the session goes on;
- a key that made all its requests is 429, never 401, and is told its rate (`ctsec.web.rate_headers`);
- broken infrastructure tells its caller nothing but whether trying again helps;
- whatever else goes wrong is a 500 without a word of it: the log `ctsec.web` has it once, with the id of the request.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from http import HTTPStatus
from math import ceil
from typing import Any, Final

from ctsec.errors import CtsecError
from ctsec.keys.rate import RateRefusal
from ctsec.outcome import Reason, Refusal
from ctsec.web.http import OverLimit, WebResponse
from ctsec.web.rate_headers import rate_headers

_STATUS: Final[Mapping[Reason, int]] = {
    Reason.INVALID_CREDENTIALS: 401,
    Reason.INVALID_CODE: 400,
    Reason.CODE_ALREADY_USED: 400,
    Reason.INVALID_TOKEN: 400,
    Reason.EXPIRED: 400,
    Reason.REVOKED: 400,
    Reason.NOT_AUTHENTICATED: 401,
    Reason.STEP_UP_REQUIRED: 403,
    Reason.MFA_REQUIRED: 403,
    Reason.SSO_REQUIRED: 403,
    Reason.MFA_NOT_ENROLLED: 409,
    Reason.MFA_ALREADY_ENROLLED: 409,
    Reason.ON_HOLD: 409,
    Reason.SUPPORT_REQUIRED: 409,
    Reason.EMAIL_NOT_VERIFIED: 403,
    Reason.DISABLED: 403,
    Reason.THROTTLED: 429,
    Reason.LOCKED: 429,
    Reason.DENIED: 403,
    Reason.NOT_FOUND: 404,
    Reason.NOT_A_MEMBER: 404,
    Reason.ALREADY_EXISTS: 409,
    Reason.CONFLICT: 409,
    Reason.LAST_OWNER: 409,
    Reason.CEILING_EXCEEDED: 403,
    Reason.BEYOND_OWN_RIGHTS: 403,
    Reason.SELF_CHANGE: 403,
    Reason.EXCLUSIVE_ROLES: 409,
    Reason.PASSWORD_TOO_SHORT: 422,
    Reason.PASSWORD_TOO_LONG: 422,
    Reason.PASSWORD_COMMON: 422,
    Reason.INVALID_INPUT: 422,
    Reason.TOO_LARGE: 413,
    Reason.CSRF: 403,
}
# A credential that proves nothing is a missing credential, whatever is wrong with it.
_CREDENTIAL: Final = frozenset({Reason.INVALID_TOKEN, Reason.EXPIRED, Reason.REVOKED, Reason.DISABLED})
_STRONGER: Final = frozenset({Reason.STEP_UP_REQUIRED, Reason.MFA_REQUIRED})
_NOTHING_HERE: Final = "there is nothing here, or nothing that you may see"
_INSUFFICIENT: Final = 'Bearer error="insufficient_user_authentication"'
RETRY: Final = timedelta(seconds=1)
_LOG: Final = logging.getLogger("ctsec.web")


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """A failure on its way to the client; `errors` names fields of the input, `headers` are sent with it.

    `max_age` is how old the proof of a second factor may be where proving it again helps; `hint` is what helps: `step_up`, `enrol`,
    `sign_in` or `sso`; then `ways` are the providers to sign in through.
    """

    status: int
    reason: str
    detail: str = ""
    retry_after: timedelta | None = None
    max_age: timedelta | None = None
    hint: str = ""
    ways: tuple[Mapping[str, str], ...] = ()
    errors: tuple[Mapping[str, str], ...] = ()
    headers: tuple[tuple[str, str], ...] = ()

    def response(self) -> WebResponse:
        """Return the response that tells it."""
        body: dict[str, Any] = {
            "type": f"urn:ctsec:{self.reason}",
            "title": HTTPStatus(self.status).phrase,
            "status": self.status,
            "reason": self.reason,
        }
        if self.detail:
            body["detail"] = self.detail
        headers = self.headers
        if self.retry_after is not None:
            seconds = max(1, ceil(self.retry_after.total_seconds()))
            body["retry_after"] = seconds
            headers = (*headers, ("retry-after", str(seconds)))
        if self.max_age is not None:
            body["max_age"] = int(self.max_age.total_seconds())
        if self.hint:
            body["hint"] = self.hint
        if self.ways:
            body["ways"] = list(self.ways)
        if self.errors:
            body["errors"] = list(self.errors)
        return WebResponse(status=self.status, json=body, media_type="application/problem+json", headers=headers)


def of_refusal(refusal: Refusal, *, credential: bool = False) -> Problem:
    """Return the problem for a refusal; `credential` says that it is about the request's own credential."""
    reason = refusal.reason
    status = 401 if credential and reason in _CREDENTIAL else _STATUS[reason]
    if status == 404:
        return not_found()
    headers: tuple[tuple[str, str], ...] = ()
    if status == 401:
        told = credential and reason is not Reason.NOT_AUTHENTICATED
        headers = (("www-authenticate", 'Bearer error="invalid_token"' if told else "Bearer"),)
    elif reason in _STRONGER:
        age = f', max_age="{int(refusal.max_age.total_seconds())}"' if refusal.max_age is not None else ""
        headers = (("www-authenticate", f"{_INSUFFICIENT}{age}"),)
    elif isinstance(refusal, RateRefusal) and refusal.state is not None:
        headers = rate_headers(refusal.state)
    return Problem(
        status=status,
        reason=reason.value,
        detail=refusal.detail,
        retry_after=refusal.retry_after,
        max_age=refusal.max_age,
        hint="step_up" if reason is Reason.STEP_UP_REQUIRED else "",
        headers=headers,
    )


def of_error(error: CtsecError) -> Problem:
    """Return the problem for broken infrastructure: 503 where a retry helps, else 500; its text goes to the log `ctsec.web` only."""
    if error.retryable:
        _LOG.warning("answered 503: %s", error.code)
        return Problem(status=503, reason=error.code, detail="nothing was done; try again in a moment", retry_after=RETRY)
    _LOG.error("answered 500: %s", error.code, exc_info=error)
    return Problem(status=500, reason="internal")


def of_mistake(error: Exception, *, request_id: str) -> Problem:
    """Return the problem for what nobody foresaw: 500, and its traceback in the log `ctsec.web` only, under the id of the request."""
    _LOG.error("answered 500 to request %s: %s", request_id, type(error).__name__, exc_info=error)
    return Problem(status=500, reason="internal")


def of_limit(limit: OverLimit) -> Problem:
    """Return the problem for over-long input."""
    return Problem(status=limit.status, reason=Reason.TOO_LARGE.value, detail=limit.detail)


def not_found() -> Problem:
    """Return the one 404."""
    return Problem(status=404, reason=Reason.NOT_FOUND.value, detail=_NOTHING_HERE)


def method_not_allowed(allowed: str) -> Problem:
    """Return the problem for a path that exists without this method; `allowed` lists those that it has."""
    return Problem(status=405, reason="method_not_allowed", detail=f"expected one of {allowed}", headers=(("allow", allowed),))


def unsupported_media_type() -> Problem:
    """Return the problem for a body that does not say it is JSON."""
    return Problem(status=415, reason="unsupported_media_type", detail="expected a body with Content-Type: application/json")
