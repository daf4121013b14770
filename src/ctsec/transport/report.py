"""What a connection speaks, as its own client sees it, for `ctsec doctor`."""

from __future__ import annotations

import socket
import ssl
from dataclasses import dataclass
from typing import Any, Final, Literal, Protocol, TypeAlias, runtime_checkable

from ctsec.transport.address import Location, is_loopback
from ctsec.transport.tls import TRANSPORT, Transport, client_context

TLS13: Final = "TLSv1.3"
SECONDS: Final = 5.0
Place: TypeAlias = Literal["socket", "loopback", "elsewhere"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionReport:
    """One connection: `what` it is for, the `address` without credentials, and what was seen.

    `protocol` is such as `TLSv1.3`, empty without TLS; `local` says that it does not leave this machine; `problem` why there is nothing to
    tell; `excuse` the reason of an `UnsafeTransport`.
    """

    what: str
    address: str
    protocol: str = ""
    cipher: str = ""
    local: bool = False
    problem: str = ""
    excuse: str = ""

    @property
    def sound(self) -> bool:
        """Whether it was made, and is TLS 1.3 or stays on this machine."""
        return not self.problem and (self.local or self.protocol == TLS13)


@runtime_checkable
class ReportsConnections(Protocol):
    """A part that can say what its connections speak; a connection that fails is a report with a problem, not an error."""

    def connections(self) -> tuple[ConnectionReport, ...]:
        """Connect, and return what was seen."""
        ...


@runtime_checkable
class AsyncReportsConnections(Protocol):
    """The same in the async colour."""

    async def connections(self) -> tuple[ConnectionReport, ...]:
        """Connect, and return what was seen."""
        ...


def spoken(tls: ssl.SSLSocket | ssl.SSLObject | Any) -> tuple[str, str]:
    """Return version and cipher of a TLS connection of Python's own; two empty texts for anything else."""
    if not isinstance(tls, (ssl.SSLSocket, ssl.SSLObject)):
        return "", ""
    cipher = tls.cipher()
    return tls.version() or "", cipher[0] if cipher else ""


def place_of(peer: object) -> Place:
    """Return where the address is that a socket names as its peer."""
    if isinstance(peer, tuple) and peer:
        host: object = peer[0]  # pyright: ignore[reportUnknownVariableType]
        return "loopback" if is_loopback(str(host)) else "elsewhere"  # pyright: ignore[reportUnknownArgumentType]
    return "socket" if isinstance(peer, (str, bytes)) else "elsewhere"


def report_https(
    what: str, location: Location, *, transport: Transport = TRANSPORT, context: ssl.SSLContext | None = None
) -> ConnectionReport:
    """Connect to an https address (a key service, an identity provider), shake hands, and return what was seen; nothing is sent.

    `context` is the client's own, if it has one: its handshake is then the one that is told of (None: one of `transport`).
    """
    address, local, excuse = str(location), location.loopback, transport.excuse
    if location.scheme != "https":
        return ConnectionReport(what=what, address=address, local=local)
    try:
        with (
            socket.create_connection((location.host, location.port), timeout=SECONDS) as plain,
            (context or client_context(transport)).wrap_socket(plain, server_hostname=location.host) as tls,
        ):
            protocol, cipher = spoken(tls)
    except OSError as error:
        return ConnectionReport(what=what, address=address, local=local, problem=reason_of(error), excuse=excuse)
    return ConnectionReport(what=what, address=address, protocol=protocol, cipher=cipher, local=local, excuse=excuse)


def reason_of(error: BaseException) -> str:
    """Return why a connection failed, in words without addresses and credentials."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"the certificate is not accepted ({error.verify_message})"
    if isinstance(error, ssl.SSLError):
        return f"no TLS connection ({getattr(error, 'reason', None) or type(error).__name__})"
    return f"no connection ({type(error).__name__})"
