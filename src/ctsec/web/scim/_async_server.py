"""SCIM requests, answered (async source).

Rules that this module keeps:

- limits first, then the credential, then the allowance of its connection, and only then a parser; without a credential that is right every
  path and method answers the same 401;
- a session and an API key are no credentials here, and a SCIM credential is none anywhere else;
- a refusal by policy (403) is an audit event of its own;
- every answer, errors too, is in the form of RFC 7644, and what is broken says nothing of how.
"""

from __future__ import annotations

import json
import logging
from math import ceil
from typing import Final

from scim2_models import Error, InvalidFilterException, InvalidSyntaxException, SCIMException
from scim2_server.requests import ScimRequest
from scim2_server.responses import ScimResponse

from ctsec.ambient import Ambient
from ctsec.audit.event import EventName, Target, build
from ctsec.errors import CtsecError
from ctsec.outcome import Reason, Refusal
from ctsec.principal import system
from ctsec.security._async import AsyncSecurity
from ctsec.sso.scim.source import ScimSource
from ctsec.web._async_entry import ambient_request
from ctsec.web.http import WebRequest, WebResponse, parse_json
from ctsec.web.scim._async_operations import AsyncOperations
from ctsec.web.scim._async_storage import AsyncConnectionStorage
from ctsec.web.scim.bounds import unfit_body, unfit_filter
from ctsec.web.scim.dialect import normalized
from ctsec.web.scim.service import SCIM_MEDIA, service
from ctsec.web.scim_paths import ROOT, over_scim_limit, root_url
from ctsec.web.site import Site

_LABEL: Final = b"ctsec SCIM cursors"
_NO_CREDENTIAL: Final = Refusal(Reason.NOT_AUTHENTICATED, "expected one Authorization header: Bearer with a SCIM credential")
_LOG: Final = logging.getLogger("ctsec.web")


class AsyncScimServer:
    """Answers SCIM requests for all connections of a deployment."""

    __slots__ = ("_security", "_service", "_site")

    def __init__(self, security: AsyncSecurity) -> None:
        self._security = security
        self._site = Site.of(security.parts.settings.base_url)
        # One secret for all processes, and another one for every deployment: the pepper, under a label that no key can be.
        self._service = service(security.parts.key_peppers.mac(_LABEL)[1])

    async def answer(self, request: WebRequest) -> WebResponse:
        """Return the answer to a request below the root of SCIM."""
        limit = over_scim_limit(request)
        if limit is not None:
            return _error(limit.status, limit.detail)
        try:
            source = await self._source(request)
            if isinstance(source, Refusal):
                return _refused(source)
            return _response(await self._served(request, source))
        except CtsecError as error:
            _LOG.error("answered a SCIM request %s: %s", request.id, error.code, exc_info=error)
            return _error(503 if error.retryable else 500, "nothing was done; try again in a moment" if error.retryable else "internal")
        except Exception as error:  # noqa: BLE001 - the last resort: the unit of work is rolled back by now
            _LOG.error("answered 500 to SCIM request %s: %s", request.id, type(error).__name__, exc_info=error)
            return _error(500, "internal")

    async def _source(self, request: WebRequest) -> ScimSource | Refusal:
        lines = request.all("authorization")
        scheme, _, token = lines[0].partition(" ") if len(lines) == 1 else ("", "", "")
        if scheme.lower() != "bearer" or not token:
            return _NO_CREDENTIAL
        return await self._security.gate.scim(token, ambient_request(request, site=self._site))

    async def _served(self, request: WebRequest, source: ScimSource) -> ScimResponse:
        try:
            asked = self._asked(request)
            storage = AsyncConnectionStorage(
                self._security,
                source=source,
                request=ambient_request(request, site=self._site),
                reads=asked.method == "GET" or asked.path.endswith("/.search"),
                model=self._service.get_model(self._service.get_resource_type("User")),
            )
            return await AsyncOperations(self._service, storage).handle(asked)
        except SCIMException as error:
            if error.status == 403:
                await self._record(request, source)
            return self._service.error_response(error)

    def _asked(self, request: WebRequest) -> ScimRequest:
        """Return a request as the service reads it, within our bounds and in the form of RFC 7644."""
        query = request.arguments()
        if isinstance(query, Refusal):
            raise InvalidSyntaxException(detail=query.detail)
        why = unfit_filter(query.get("filter", ""))
        body = request.body
        if body.strip():
            parsed = parse_json(body)
            if isinstance(parsed, Refusal):
                raise InvalidSyntaxException(detail=parsed.detail)
            why = why or unfit_body(parsed)
            body = json.dumps(normalized(parsed), ensure_ascii=False).encode()
        if why:
            raise InvalidFilterException(detail=why)
        path = request.path.partition(ROOT)[2]
        return ScimRequest(
            method="GET" if request.method == "HEAD" else request.method,
            base_url=root_url(self._security.parts.settings.base_url, path=request.path),
            path=path or "/",
            query=query,
            headers=request.headers,
            body=body,
        )

    async def _record(self, request: WebRequest, source: ScimSource) -> None:
        event = build(
            EventName.SCIM_REQUEST_REFUSED,
            ambient=Ambient(clock=self._security.parts.clock, request=ambient_request(request, site=self._site)),
            actor=system(source.scim.id),
            targets=(Target("scim_connection", source.scim.id),),
            refused=Reason.DENIED,
            organization=source.organization,
            details={"scim": source.scim.id, "method": request.method},
        )
        await self._security.record_aside(event)


def _response(answer: ScimResponse) -> WebResponse:
    headers = tuple((name.lower(), value) for name, value in answer.headers.items() if name.lower() != "content-type")
    return WebResponse(status=int(answer.status), json=answer.body, media_type=SCIM_MEDIA, headers=headers)


def _refused(refusal: Refusal) -> WebResponse:
    if refusal.reason is not Reason.THROTTLED:
        told = 'Bearer realm="SCIM"' + ("" if refusal.reason is Reason.NOT_AUTHENTICATED else ', error="invalid_token"')
        return _error(401, refusal.detail, ("www-authenticate", told))
    seconds = max(1, ceil(refusal.retry_after.total_seconds())) if refusal.retry_after is not None else 1
    return _error(429, refusal.detail, ("retry-after", str(seconds)))


def _error(status: int, detail: str, *headers: tuple[str, str]) -> WebResponse:
    return WebResponse(status=status, json=Error(status=status, detail=detail).model_dump(), media_type=SCIM_MEDIA, headers=headers)
