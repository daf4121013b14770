"""A stream into syslog, over TLS (RFC 5425), or TCP on this machine.

Rules that this module keeps:

- syslog has no answer, so a batch has a connection of its own: it counts once the other side, having been told that nothing more comes,
  has ended the connection in order. One that it resets, or leaves open, did not take the batch;
- plain TCP goes to loopback only, unless an `UnsafeTransport` says otherwise;
- everything, connecting too, is over after `seconds`.
"""

from __future__ import annotations

import socket
import ssl
import time
from typing import Final
from urllib.parse import urlsplit

from ctsec.audit.export.request import OcsfVersion
from ctsec.audit.streams.batch import StreamBatch
from ctsec.audit.streams.framing import frames_of
from ctsec.errors import DeliveryFailed
from ctsec.transport.address import is_loopback
from ctsec.transport.deadline import cut_at_the_end
from ctsec.transport.report import ConnectionReport, place_of, reason_of, spoken
from ctsec.transport.tls import TRANSPORT, Transport, client_context

SECONDS: Final = 10.0
_PORTS: Final = {"syslog": 601, "syslog+tls": 6514}
_CHUNK: Final = 4096


class SyslogSender:
    """Sends bytes to `syslog+tls://host:6514`, or to `syslog://localhost:601`. Raises ValueError for another address.

    `ends_silently` says that the other side ends TLS without saying so (no close_notify): then its end counts all the same.
    """

    __slots__ = ("_context", "_host", "_port", "_seconds", "_silent", "_tls", "_transport")

    def __init__(self, url: str, *, transport: Transport = TRANSPORT, seconds: float = SECONDS, ends_silently: bool = False) -> None:
        address = urlsplit(url)
        if address.scheme not in _PORTS or not address.hostname or address.path or address.query or address.username is not None:
            raise ValueError("expected an address such as syslog+tls://host:6514 or syslog://localhost:601")
        self._tls = address.scheme == "syslog+tls"
        if not self._tls and not transport.may_be_plain and not (is_loopback(address.hostname) and not transport.on_loopback):
            raise ValueError("expected syslog+tls: plain syslog is for localhost only")
        self._host = address.hostname
        self._port = address.port or _PORTS[address.scheme]
        self._transport = transport
        self._context = client_context(transport) if self._tls else None
        self._seconds = seconds
        self._silent = ends_silently

    def __repr__(self) -> str:
        return f"SyslogSender({self._host}:{self._port})"

    def send(self, frames: bytes) -> None:
        """Send frames over a connection and wait until the other side has ended it; raise DeliveryFailed if that did not happen."""
        ends = time.monotonic() + self._seconds
        try:
            with socket.create_connection((self._host, self._port), timeout=self._seconds) as plain:
                if self._context is None:
                    with cut_at_the_end(plain, _left(ends)):
                        _send(plain, frames)
                else:
                    with (
                        self._context.wrap_socket(plain, server_hostname=self._host, do_handshake_on_connect=False) as tls,
                        cut_at_the_end(tls, _left(ends)),
                    ):
                        tls.do_handshake()
                        self._send_secured(tls, frames)
        except (OSError, ValueError) as error:
            if time.monotonic() >= ends:
                raise DeliveryFailed("the syslog server did not end the connection in time") from None
            raise DeliveryFailed(f"the syslog server is not known to have taken everything ({type(error).__name__})") from None
        if time.monotonic() >= ends:
            raise DeliveryFailed("the syslog server did not end the connection in time")

    def report(self) -> ConnectionReport:
        """Connect, and return what is spoken."""
        address = f"{'syslog+tls' if self._tls else 'syslog'}://{self._host}:{self._port}"
        try:
            with socket.create_connection((self._host, self._port), timeout=self._seconds) as plain:
                local = place_of(plain.getpeername()) == "loopback"
                if self._context is None:
                    return ConnectionReport(what="syslog", address=address, local=local, excuse=self._transport.excuse)
                with self._context.wrap_socket(plain, server_hostname=self._host) as tls:
                    protocol, cipher = spoken(tls)
        except OSError as error:
            return ConnectionReport(what="syslog", address=address, problem=reason_of(error), excuse=self._transport.excuse)
        return ConnectionReport(
            what="syslog", address=address, protocol=protocol, cipher=cipher, local=local, excuse=self._transport.excuse
        )

    def _send_secured(self, tls: ssl.SSLSocket, frames: bytes) -> None:
        tls.sendall(frames)
        try:
            tls.unwrap()
        except ssl.SSLError:
            if not self._silent:
                raise
        except OSError as error:
            # An end of the connection without a word is an OSError with the number 0.
            if not self._silent or error.errno:
                raise


class SyslogReceiver:
    """Sends batches through `SyslogSender`, a connection each; `ocsf` is a version of OCSF to write instead of the stored bytes."""

    __slots__ = ("_ocsf", "_sender")

    def __init__(
        self,
        url: str,
        *,
        ocsf: OcsfVersion | None = None,
        transport: Transport = TRANSPORT,
        seconds: float = SECONDS,
        ends_silently: bool = False,
    ) -> None:
        self._sender = SyslogSender(url, transport=transport, seconds=seconds, ends_silently=ends_silently)
        self._ocsf = ocsf

    def deliver(self, batch: StreamBatch) -> None:
        """Send a batch; raise DeliveryFailed unless the server has ended the connection behind it."""
        self._sender.send(frames_of(batch, ocsf=self._ocsf))

    def connections(self) -> tuple[ConnectionReport, ...]:
        """Connect, and return what is spoken."""
        return (self._sender.report(),)


def _send(plain: socket.socket, frames: bytes) -> None:
    plain.sendall(frames)
    plain.shutdown(socket.SHUT_WR)
    while plain.recv(_CHUNK):
        pass


def _left(ends: float) -> float:
    return max(0.001, ends - time.monotonic())
