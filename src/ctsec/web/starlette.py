"""Requests and responses of Starlette, as the routes of `ctsec.web` take and give them."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from ctsec.web.address import TrustedProxies
from ctsec.web.bodies import longest_body
from ctsec.web.http import WebRequest, WebResponse


def response(answer: WebResponse, method: str) -> Response:
    """Return an answer as a response of Starlette."""
    status, headers, body = answer.wire(method)
    if answer.stream is None or method == "HEAD":
        made = Response(body, status_code=status)
    else:
        made = StreamingResponse(answer.stream, status_code=status)
    made.raw_headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers]
    return made


def read(request: Request, *, proxies: TrustedProxies, body: bytes) -> WebRequest:
    """Return what a request says, with the address of its client and its id as `proxies` lets them be believed."""
    headers = tuple((name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in request.scope["headers"])
    peer = request.client.host if request.client is not None else ""
    return WebRequest(
        method=request.method,
        path=request.scope["path"],
        params={name: str(value) for name, value in request.path_params.items()},
        query=request.scope["query_string"].decode("latin-1"),
        headers=headers,
        body=body,
        address=proxies.client(peer, headers=headers),
        id=proxies.request_id(peer, given=request.headers.get("x-request-id")),
    )


async def body_of(request: Request, *, template: str | None) -> bytes:
    """Read the body until it is over the limit of its path; more is never held in memory."""
    # A bytearray: bytes would be copied with each chunk, and how many there are is the client's choice.
    body, longest = bytearray(), longest_body(template)
    async for chunk in request.stream():
        body += chunk[: longest + 1 - len(body)]
        if len(body) > longest:
            break
    return bytes(body)
