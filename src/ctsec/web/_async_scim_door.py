"""The door to SCIM: the packages of its extra are imported by the first request, and by nothing else (async source)."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final

from ctsec.security._async import AsyncSecurity
from ctsec.web.http import WebRequest, WebResponse

if TYPE_CHECKING:
    from ctsec.web.scim._async_server import AsyncScimServer

_LOG: Final = logging.getLogger("ctsec.web")
_ERROR: Final = "urn:ietf:params:scim:api:messages:2.0:Error"


class AsyncScimDoor:
    """Answers SCIM requests; without the extra `scim`, each with 501."""

    __slots__ = ("_security", "_server")

    def __init__(self, security: AsyncSecurity) -> None:
        self._security = security
        self._server: AsyncScimServer | None = None

    async def answer(self, request: WebRequest) -> WebResponse:
        """Return the answer to a request below the root of SCIM."""
        if self._server is None:
            try:
                from ctsec.web.scim._async_server import AsyncScimServer
            except ModuleNotFoundError as error:
                _LOG.error("SCIM needs ctsec[scim]: %s", error)
                body = {"schemas": [_ERROR], "status": "501", "detail": "SCIM is not installed here"}
                return WebResponse(status=501, json=body, media_type="application/scim+json")
            self._server = AsyncScimServer(self._security)
        return await self._server.answer(request)
