"""JSON over HTTPS to a key service, with the standard library.

Rules that this module keeps:

- one request for each connection, so that nothing is shared between threads or with a forked child; no proxy and no redirect is followed;
- TLS 1.3 with certificate and name checked, unless an `UnsafeTransport` says otherwise; plain http to loopback only;
- an answer is a JSON object of at most 64 KiB, or no answer; each attempt has time-outs, and all of them a total;
- the token is asked for anew for each attempt, is sent in one header, and stands in no error; a known one of a development server (`root`)
  is sent nowhere else than here.
"""

from __future__ import annotations

import json
import socket
import ssl
import time
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Final, Protocol, TypeVar, cast
from urllib.parse import urlsplit

from ctsec.encryption.kms.attempts import Attempts, CallBounds
from ctsec.encryption.kms.endpoint import safe_endpoint
from ctsec.errors import ConfigurationError, CtsecError, KmsUnavailable
from ctsec.secret import SecretText
from ctsec.transport import ConnectionReport, Transport, check_url, report_https
from ctsec.transport.credentials import refuse_default
from ctsec.transport.deadline import cut_at_the_end
from ctsec.transport.tls import TRANSPORT, client_context

T = TypeVar("T")
MAX_ANSWER: Final = 64 * 1024
Refused = Callable[[int, Mapping[str, object]], CtsecError]


class AccessToken(Protocol):
    """Where the credential of a call comes from: asked before each attempt, so it can be renewed in time."""

    def __call__(self) -> SecretText:
        """Return a token that is valid now; raise KmsUnavailable if there is none."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request: method, path with query, and the JSON object that is its body, if any."""

    method: str
    path: str
    body: Mapping[str, object] | None = None


class HttpsService:
    """Asks one service. `header` and `prefix` are how it wants its token; `headers` are sent with every request.

    Raises ConfigurationError for an address without TLS elsewhere, and on loopback too where `transport` says so.
    """

    __slots__ = ("_attempts", "_bounds", "_endpoint", "_header", "_headers", "_local", "_prefix", "_tls", "_token", "_transport")

    def __init__(
        self,
        endpoint: str,
        *,
        token: AccessToken,
        header: str = "Authorization",
        prefix: str = "Bearer ",
        headers: Mapping[str, str] | None = None,
        bounds: CallBounds | None = None,
        attempts: Attempts | None = None,
        transport: Transport = TRANSPORT,
    ) -> None:
        self._endpoint = safe_endpoint(endpoint)
        self._token = token
        self._header = header
        self._prefix = prefix
        self._headers = dict(headers or {})
        self._bounds = bounds or CallBounds()
        self._attempts = attempts or Attempts(self._bounds)
        if transport.on_loopback and urlsplit(endpoint).scheme != "https":
            raise ConfigurationError("expected https: this transport holds loopback to TLS too")
        self._transport = transport
        self._local = check_url(endpoint).loopback
        self._tls = client_context(transport)

    def report(self, what: str) -> ConnectionReport:
        """Shake hands as a call would, with the same context, and return what was spoken; nothing is sent."""
        return report_https(what, check_url(self._endpoint), transport=self._transport, context=self._tls)

    def ask(self, call: Call, *, refused: Refused, judge: Callable[[Mapping[str, object]], T]) -> T:
        """Return what `judge` makes of an answer with status 200; for another status raise what `refused` makes of it."""

        def once() -> T:
            status, body = self._send(call)
            if status != 200:
                raise refused(status, body)
            return judge(body)

        return self._attempts.run(once)

    def _send(self, call: Call) -> tuple[int, Mapping[str, object]]:
        token = self._fresh_token()
        headers = {**self._headers, self._header: self._prefix + token, "Accept": "application/json", "Connection": "close"}
        payload = None if call.body is None else json.dumps(call.body).encode()
        if payload is not None:
            headers["Content-Type"] = "application/json"
        try:
            status, content = self._exchange(call, payload, headers)
        except (OSError, HTTPException, ValueError) as error:
            raise KmsUnavailable(f"the key service did not answer ({type(error).__name__})") from None
        return status, _parsed(status, content)

    def _exchange(self, call: Call, payload: bytes | None, headers: Mapping[str, str]) -> tuple[int, bytes]:
        """Return status and body; a time-out of the socket starts anew with each byte, so the whole of it has an end of its own."""
        ends = time.monotonic() + self._bounds.one
        connection = self._connection()
        with self._connected() as sock, cut_at_the_end(sock, max(0.001, ends - time.monotonic())):
            if isinstance(sock, ssl.SSLSocket):
                sock.do_handshake()
            sock.settimeout(self._bounds.read)
            connection.sock = sock
            connection.request(call.method, call.path, body=payload, headers=headers)
            response = connection.getresponse()
            content = response.read(MAX_ANSWER + 1)
        # What was cut may have given half of an answer.
        if time.monotonic() >= ends:
            raise TimeoutError
        return response.status, content

    @contextmanager
    def _connected(self) -> Generator[socket.socket, None, None]:
        location = check_url(self._endpoint)
        with socket.create_connection((location.host, location.port), timeout=self._bounds.connect) as plain:
            if location.scheme != "https":
                yield plain
                return
            with self._tls.wrap_socket(plain, server_hostname=location.host, do_handshake_on_connect=False) as secured:
                yield secured

    def _fresh_token(self) -> str:
        try:
            token = self._token().reveal()
            if not self._local:
                refuse_default(token)
            return token
        except CtsecError:
            raise
        except Exception as error:  # noqa: BLE001 - it is the host's code, and may fail as it likes
            raise KmsUnavailable(f"there is no token for the key service ({type(error).__name__})") from None

    def _connection(self) -> HTTPConnection:
        parts = urlsplit(self._endpoint)
        host, connect = parts.hostname or "", self._bounds.connect
        if parts.scheme == "https":
            return HTTPSConnection(host, parts.port, timeout=connect, context=self._tls)
        return HTTPConnection(host, parts.port, timeout=connect)


def _parsed(status: int, content: bytes) -> Mapping[str, object]:
    try:
        found = json.loads(content) if len(content) <= MAX_ANSWER else None
    except (ValueError, RecursionError):
        found = None
    if isinstance(found, dict):
        return cast("dict[str, object]", found)
    if status == 200:
        raise KmsUnavailable("the key service answered something that is no JSON object")
    return {}


def text_of(answer: Mapping[str, object], *names: str) -> str:
    """Return the text at a path of names inside an answer; raise KmsUnavailable if there is none."""
    found: object = answer
    for name in names:
        found = _member(found, name)
    if not isinstance(found, str):
        raise KmsUnavailable(f"expected {'.'.join(names)} in the answer of the key service")
    return found


def _member(found: object, name: str) -> object:
    return cast("Mapping[str, object]", found).get(name) if isinstance(found, Mapping) else None
