# Generated from src/ctsec/web/_async_scim_door.py by tools/twin.py; edit that file.
"""The door to SCIM: the packages of its extra are imported by the first request, and by nothing else (async source)."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final

from ctsec.security._sync import Security
from ctsec.web.http import WebRequest, WebResponse

if TYPE_CHECKING:
    from ctsec.web.scim._sync_server import ScimServer

_LOG: Final = logging.getLogger("ctsec.web")
_ERROR: Final = "urn:ietf:params:scim:api:messages:2.0:Error"


class ScimDoor:
    """Answers SCIM requests; without the extra `scim`, each with 501."""

    __slots__ = ("_security", "_server")

    def __init__(self, security: Security) -> None:
        self._security = security
        self._server: ScimServer | None = None

    def answer(self, request: WebRequest) -> WebResponse:
        """Return the answer to a request below the root of SCIM."""
        if self._server is None:
            try:
                from ctsec.web.scim._sync_server import ScimServer
            except ModuleNotFoundError as error:
                _LOG.error("SCIM needs ctsec[scim]: %s", error)
                body = {"schemas": [_ERROR], "status": "501", "detail": "SCIM is not installed here"}
                return WebResponse(status=501, json=body, media_type="application/scim+json")
            self._server = ScimServer(self._security)
        return self._server.answer(request)
