"""Fetches over https from addresses that customers name: an identity provider's, for instance.

Rules that this module keeps:

- https only (http with `Reach.LOOPBACK` and on loopback only), TLS of the `transport`, certificate and name checked; no proxy;
- every address that a name resolves to must be one that may be connected to, and the connection is made to one of exactly these: a name
  that resolves otherwise a moment later (DNS rebinding) changes nothing;
- one time for everything, resolving included; one size for the answer, which says how long it is, comes whole and is not compressed;
- a redirect is refused unless the request allows some, and then it stays at the same scheme, host and port;
- with `hosts` nothing else is asked, whoever names it;
- an error says none of: address, header, body.
"""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Generator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http.client import HTTPConnection, HTTPException, HTTPResponse, IncompleteRead
from typing import Final, Protocol
from urllib.parse import urljoin, urlsplit

from ctsec.errors import FetchError, FetchFailed, FetchRefused
from ctsec.network import Address, parse_address
from ctsec.transport.address import Location, check_url
from ctsec.transport.deadline import cut_at_the_end
from ctsec.transport.reach import Reach, may_connect
from ctsec.transport.request import FetchReason, HttpAnswer, HttpRequest
from ctsec.transport.threads import CallThreads
from ctsec.transport.tls import TRANSPORT, Transport, client_context

FETCH_SECONDS: Final = 5.0
_CHUNK: Final = 16 * 1024
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})


class Resolver(Protocol):
    """How a name becomes addresses."""

    def __call__(self, host: str, port: int, /) -> tuple[str, ...]:
        """Return the addresses of a host; raise OSError if there are none."""
        ...


def system_addresses(host: str, port: int, /) -> tuple[str, ...]:
    """Return the addresses of a host as the system resolves it."""
    return tuple(str(entry[4][0]) for entry in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))


class BlockingFetcher(Protocol):
    """What fetches by blocking: `Fetcher`, or what stands for it in a test."""

    def fetch(self, request: HttpRequest, *, reach: Reach = Reach.PUBLIC, hosts: frozenset[str] | None = None) -> HttpAnswer:
        """Return the answer; raise as `Fetcher.fetch` does."""
        ...


class Fetcher:
    """Fetches by blocking; `seconds` (at most 60) is how long one fetch takes in all, `resolve` how names become addresses."""

    __slots__ = ("_context", "_resolve", "_seconds", "_transport")

    def __init__(self, *, seconds: float = FETCH_SECONDS, transport: Transport = TRANSPORT, resolve: Resolver = system_addresses) -> None:
        if not 0 < seconds <= 60:
            raise ValueError("expected a time of up to 60 seconds")
        self._seconds = seconds
        self._resolve = resolve
        self._transport = transport
        # The system's certificates take a while to read, and many a bundle never fetches; a deployment's own are judged at once.
        self._context = None if transport == TRANSPORT else client_context(transport)

    def fetch(self, request: HttpRequest, *, reach: Reach = Reach.PUBLIC, hosts: frozenset[str] | None = None) -> HttpAnswer:
        """Return the answer, whatever its status below 500; `hosts`, if given, are the only names that may be asked.

        Raises FetchRefused for what may not be fetched, FetchFailed if there is no answer, or one with 500 and above.
        """
        ends = time.monotonic() + self._seconds
        url, left = request.url, request.redirects
        while True:
            location = _checked(url, reach=reach, hosts=hosts)
            found = self._once(request, url, location, reach=reach, ends=ends)
            if isinstance(found, HttpAnswer):
                return found
            following = urljoin(url, found)
            if not left or _origin(following) != _origin(url):
                raise _refused(FetchReason.REDIRECTED, "expected an answer and no redirect")
            url, left = following, left - 1

    def _once(self, request: HttpRequest, url: str, location: Location, *, reach: Reach, ends: float) -> HttpAnswer | str:
        addresses = self._addresses(location, reach=reach, ends=ends)
        try:
            with self._connected(location, addresses, ends=ends) as sock, cut_at_the_end(sock, _left(ends)):
                if isinstance(sock, ssl.SSLSocket):
                    sock.do_handshake()
                # Before the exchange: who has read the whole answer has closed the connection.
                protocol, until = _spoken(sock)
                found = _exchange(sock, request, url, location)
        except FetchError:
            _in_time(ends)
            raise
        except (OSError, HTTPException, ValueError) as error:
            _in_time(ends)
            raise _failure(error) from None
        # A connection that was cut may have given half of an answer.
        _in_time(ends)
        return replace(found, protocol=protocol, certificate_until=until) if isinstance(found, HttpAnswer) else found

    def _secured(self) -> ssl.SSLContext:
        if self._context is None:
            self._context = client_context(self._transport)
        return self._context

    def _addresses(self, location: Location, *, reach: Reach, ends: float) -> tuple[Address, ...]:
        try:
            texts = _within(self._resolve, location, ends)
        except TimeoutError:
            raise _failed(FetchReason.TOO_SLOW, "the name was not resolved in time") from None
        except (OSError, UnicodeError):
            raise _failed(FetchReason.UNKNOWN_NAME, "the name could not be resolved") from None
        found = [parse_address(text) for text in texts]
        # All of them: a name that leads to an inner address too is not one to choose from.
        allowed = tuple(address for address in found if address is not None and may_connect(address, reach))
        if location.scheme != "https":
            allowed = tuple(address for address in allowed if address.is_loopback)
        if not found or len(allowed) != len(found):
            raise _refused(FetchReason.ADDRESS_NOT_ALLOWED, "expected a name that leads to public addresses only")
        return allowed

    @contextmanager
    def _connected(self, location: Location, addresses: tuple[Address, ...], *, ends: float) -> Generator[socket.socket, None, None]:
        with _first(addresses, location.port, ends=ends) as plain:
            if location.scheme != "https":
                yield plain
                return
            with self._secured().wrap_socket(plain, server_hostname=location.host, do_handshake_on_connect=False) as secured:
                yield secured


class AsyncFetcher:
    """The same for an event loop: each fetch waits in a thread."""

    __slots__ = ("_fetcher", "_threads")

    def __init__(self, fetcher: BlockingFetcher, *, threads: CallThreads | None = None) -> None:
        self._fetcher = fetcher
        self._threads = threads or CallThreads("ctsec-fetch", full=_full)

    async def fetch(self, request: HttpRequest, *, reach: Reach = Reach.PUBLIC, hosts: frozenset[str] | None = None) -> HttpAnswer:
        """Return the answer; raise as `Fetcher.fetch` does, and FetchFailed if too many fetches wait already."""
        return await self._threads.run(lambda: self._fetcher.fetch(request, reach=reach, hosts=hosts))


def _full() -> FetchError:
    return _failed(FetchReason.BUSY, "too many fetches of this process wait already")


def _checked(url: str, *, reach: Reach, hosts: frozenset[str] | None) -> Location:
    try:
        location = check_url(url)
    except ValueError as error:
        raise _refused(FetchReason.BAD_ADDRESS, str(error)) from None
    if location.scheme != "https" and reach is not Reach.LOOPBACK:
        raise _refused(FetchReason.BAD_ADDRESS, "expected an https address")
    if hosts is not None and location.host not in hosts:
        raise _refused(FetchReason.HOST_NOT_ALLOWED, "expected an address at a host of this connection")
    return location


def _origin(url: str) -> Location | None:
    try:
        return check_url(url)
    except ValueError:
        return None


def _within(resolve: Resolver, location: Location, ends: float) -> tuple[str, ...]:
    """Resolve in a thread of its own: a resolver has its own idea of how long it takes."""
    future: Future[tuple[str, ...]] = Future()

    def look() -> None:
        try:
            future.set_result(resolve(location.host, location.port))
        except Exception as error:  # noqa: BLE001 - it is raised where the result is taken
            future.set_exception(error)

    threading.Thread(target=look, name="ctsec-resolve", daemon=True).start()
    return future.result(max(0.0, _left(ends)))


def _first(addresses: tuple[Address, ...], port: int, *, ends: float) -> socket.socket:
    failure: OSError = OSError("no address")
    for address in addresses:
        sock = socket.socket(socket.AF_INET if address.version == 4 else socket.AF_INET6, socket.SOCK_STREAM)
        try:
            sock.settimeout(_left(ends))
            sock.connect((str(address), port))
        except OSError as error:
            sock.close()
            failure = error
        else:
            return sock
    raise failure


def _exchange(sock: socket.socket, request: HttpRequest, url: str, location: Location) -> HttpAnswer | str:
    """Return the answer, or where it redirects to."""
    connection = HTTPConnection(location.host, location.port)
    connection.sock = sock
    parts = urlsplit(url)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    own = {"Accept": ", ".join(sorted(request.media)), "Accept-Encoding": "identity", "User-Agent": "ctsec", "Connection": "close"}
    default = {"https": 443, "http": 80}[location.scheme]
    named = f"[{location.host}]" if ":" in location.host else location.host
    host = named if location.port == default else f"{named}:{location.port}"
    connection.request(request.method, target, body=request.body, headers={"Host": host, **own, **request.headers})
    response = connection.getresponse()
    if response.status in _REDIRECTS:
        return response.getheader("Location") or ""
    if response.status >= 500 or response.status < 200 or 300 <= response.status < 400:
        raise _failed(FetchReason.BAD_ANSWER, f"the other side answered {response.status}")
    said_at = _moment(response.getheader("Date"))
    media = (response.getheader("Content-Type") or "").partition(";")[0].strip().lower()
    if media not in request.media or (response.getheader("Content-Encoding") or "identity").strip().lower() != "identity":
        if response.status >= 400:
            return HttpAnswer(status=response.status, media=media, said_at=said_at)
        raise _refused(FetchReason.WRONG_TYPE, "expected an answer of the type that was asked for, not compressed")
    return HttpAnswer(status=response.status, media=media, body=_body(response, request.limit), said_at=said_at)


def _moment(header: str | None) -> datetime | None:
    """Return the time in a header `Date`, None for none (RFC 9110, 6.6.1)."""
    try:
        found = parsedate_to_datetime(header or "")
        return None if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _spoken(sock: socket.socket) -> tuple[str, datetime | None]:
    """Return the version of TLS, and when the certificate of the other side ends; nothing of a plain connection."""
    if not isinstance(sock, ssl.SSLSocket):
        return "", None
    until = (sock.getpeercert() or {}).get("notAfter")
    return sock.version() or "", datetime.fromtimestamp(ssl.cert_time_to_seconds(until), UTC) if isinstance(until, str) else None


def _body(response: HTTPResponse, limit: int) -> bytes:
    if response.length is None and not response.chunked:
        raise _refused(FetchReason.BAD_ANSWER, "expected an answer that says how long it is")
    if (response.length or 0) > limit:
        raise _refused(FetchReason.TOO_LARGE, f"expected an answer of at most {limit} bytes")
    body = bytearray()
    while chunk := response.read1(_CHUNK):
        body += chunk
        if len(body) > limit:
            raise _refused(FetchReason.TOO_LARGE, f"expected an answer of at most {limit} bytes")
    if response.length:
        raise _failed(FetchReason.ENDED_EARLY, "the answer ended early")
    return bytes(body)


def _left(ends: float) -> float:
    return max(0.001, ends - time.monotonic())


def _in_time(ends: float) -> None:
    if time.monotonic() >= ends:
        raise _failed(FetchReason.TOO_SLOW, "the other side did not answer in time") from None


def _failure(error: Exception) -> FetchError:
    if isinstance(error, ssl.SSLCertVerificationError):
        return _refused(FetchReason.BAD_CERTIFICATE, "expected a certificate that is trusted and names this host")
    if isinstance(error, ssl.SSLError):
        return _failed(FetchReason.NO_TLS, "no TLS connection could be made")
    if isinstance(error, TimeoutError):
        return _failed(FetchReason.TOO_SLOW, "the other side did not answer in time")
    if isinstance(error, IncompleteRead):
        return _failed(FetchReason.ENDED_EARLY, "the answer ended early")
    if isinstance(error, OSError) and not isinstance(error, HTTPException):
        return _failed(FetchReason.NO_CONNECTION, f"there was no connection ({type(error).__name__})")
    return _failed(FetchReason.BAD_ANSWER, f"the answer could not be read ({type(error).__name__})")


def _refused(reason: FetchReason, message: str) -> FetchRefused:
    return FetchRefused(message, reason=reason.value)


def _failed(reason: FetchReason, message: str) -> FetchFailed:
    return FetchFailed(message, reason=reason.value)
