"""The range service of Have I Been Pwned, or another that answers like it, over https: the edge of `ctsec.authn.breaches`.

Rules that this module keeps:

- TLS 1.3, certificate and name checked, unless an `UnsafeTransport` says otherwise; plain http goes to loopback only;
- the request says `Add-Padding: true` and nothing of the person; a redirect is no answer;
- once connected, the whole call has one deadline; no more than the largest answer is read, and one that ends early is no answer;
- with an event loop at most `AT_ONCE` calls wait, in threads; one more is refused at once.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPException
from typing import Final
from urllib.parse import urlsplit

from ctsec.authn._sync_ports import BreachRanges
from ctsec.authn.breaches import MAX_ANSWER
from ctsec.errors import BreachesUnavailable, ConfigurationError
from ctsec.transport.address import check_url
from ctsec.transport.deadline import cut_at_the_end
from ctsec.transport.report import ConnectionReport, report_https
from ctsec.transport.tls import TRANSPORT, Transport, client_context

PUBLIC: Final = "https://api.pwnedpasswords.com/range"
AT_ONCE: Final = 16
_CHUNK: Final = 16 * 1024


class HibpRanges:
    """Asks `url` for ranges; `seconds` is how long one call may take in all (2 by default, at most 30)."""

    __slots__ = ("_context", "_location", "_path", "_seconds", "_transport")

    def __init__(self, url: str = PUBLIC, *, seconds: float = 2.0, transport: Transport = TRANSPORT) -> None:
        """Raise ConfigurationError for an address that is not https (http on loopback), ValueError for another time."""
        if not 0 < seconds <= 30:
            raise ValueError("expected a time of up to 30 seconds")
        try:
            self._location = check_url(url)
        except ValueError as error:
            raise ConfigurationError(str(error)) from None
        self._path = urlsplit(url).path.rstrip("/")
        self._seconds = seconds
        self._transport = transport
        self._context = client_context(transport) if self._location.scheme == "https" else None

    def __repr__(self) -> str:
        return f"HibpRanges({self._location})"

    def answer(self, prefix: str) -> bytes:
        """Return the range of a prefix of 5 hex digits; raise BreachesUnavailable if there is none in time."""
        ends = time.monotonic() + self._seconds
        try:
            with self._connected() as sock, cut_at_the_end(sock, self._seconds):
                body = self._ask(sock, prefix)
        except (OSError, HTTPException, ValueError) as error:
            raise BreachesUnavailable(f"the list of leaked passwords could not be asked ({type(error).__name__})") from None
        if time.monotonic() >= ends:
            # The connection was cut: what came before may be half of an answer.
            raise BreachesUnavailable("the list of leaked passwords did not answer in time")
        return body

    def connections(self) -> tuple[ConnectionReport, ...]:
        """Connect to the service, and return what the connection speaks."""
        return (report_https("leaked passwords", self._location, transport=self._transport),)

    @contextmanager
    def _connected(self) -> Generator[socket.socket, None, None]:
        host = self._location.host
        with socket.create_connection((host, self._location.port), timeout=self._seconds) as plain:
            if self._context is None:
                yield plain
                return
            with self._context.wrap_socket(plain, server_hostname=host, do_handshake_on_connect=False) as secured:
                yield secured

    def _ask(self, sock: socket.socket, prefix: str) -> bytes:
        if isinstance(sock, ssl.SSLSocket):
            sock.do_handshake()
        connection = HTTPConnection(self._location.host, self._location.port)
        connection.sock = sock
        connection.request("GET", f"{self._path}/{prefix}", headers={"Add-Padding": "true", "User-Agent": "ctsec", "Connection": "close"})
        response = connection.getresponse()
        if response.status != 200:
            raise BreachesUnavailable(f"the list of leaked passwords answered {response.status}")
        if response.length is None and not response.chunked:
            raise BreachesUnavailable("expected an answer that says how long it is")
        body = bytearray()
        while chunk := response.read1(_CHUNK):
            body += chunk
            if len(body) > MAX_ANSWER:
                raise BreachesUnavailable(f"the list of leaked passwords answered more than {MAX_ANSWER} bytes")
        if response.length:
            raise BreachesUnavailable("the answer of the list of leaked passwords ended early")
        return bytes(body)


class AsyncBlockingRanges:
    """Ranges that are asked by blocking, for an event loop: each call waits in a thread, at most `AT_ONCE` of them."""

    __slots__ = ("_places", "_ranges")

    def __init__(self, ranges: BreachRanges) -> None:
        self._ranges = ranges
        self._places = threading.BoundedSemaphore(AT_ONCE)

    async def answer(self, prefix: str) -> bytes:
        """Return the range of a prefix; raise BreachesUnavailable if there is none, or if too many calls wait."""
        if not self._places.acquire(blocking=False):
            raise BreachesUnavailable("too many calls of this process wait for the list of leaked passwords")
        try:
            return await asyncio.to_thread(self._ranges.answer, prefix)
        finally:
            self._places.release()
