"""How the clients reach Redis: TLS 1.3 unless it is on this machine.

Rules that this module keeps:

- what decides is what the client has made of the URL: its kind of connection and its parameters, of which the URL's query wins in redis-py;
- a TLS connection checks certificate and name, whatever the URL says of it; a plain one goes to loopback or a Unix socket only;
- with a CA file nothing but that file is trusted: redis-py would trust the system's authorities beside it, so its connections get a context
  of ours where they would make their own. A redis-py without that place is refused.
"""

from __future__ import annotations

import ssl
from dataclasses import replace
from typing import Any

import redis.asyncio.connection as other
from redis.connection import SSLConnection, UnixDomainSocketConnection

from ctsec.errors import ConfigurationError
from ctsec.transport.address import is_loopback
from ctsec.transport.credentials import refuse_default
from ctsec.transport.report import ConnectionReport, place_of, spoken
from ctsec.transport.tls import Transport, client_context

_TLS = (SSLConnection, other.SSLConnection)
_SOCKET = (UnixDomainSocketConnection, other.UnixDomainSocketConnection)


def hold(client: Any, transport: Transport) -> None:
    """Have every connection of a new client made over `transport`; raise ConfigurationError for a plain one to elsewhere."""
    pool = client.connection_pool
    if transport.may_be_plain or issubclass(pool.connection_class, _SOCKET):
        return
    parameters: dict[str, Any] = pool.connection_kwargs
    if not is_loopback(str(parameters.get("host") or "localhost")):
        refuse_default(str(parameters.get("password") or ""), user=str(parameters.get("username") or ""))
    if not issubclass(pool.connection_class, _TLS):
        if transport.on_loopback or not is_loopback(str(parameters.get("host") or "localhost")):
            raise ConfigurationError("expected a rediss URL: plain redis is for loopback and Unix sockets only")
        return
    for name in [name for name in parameters if name.startswith("ssl_") and name not in {"ssl_ca_certs", "ssl_certfile", "ssl_keyfile"}]:
        del parameters[name]
    parameters.update(ssl_cert_reqs="required", ssl_check_hostname=True, ssl_min_version=transport.minimum)
    trusted = replace(transport, ca_file=transport.ca_file or parameters.get("ssl_ca_certs"))
    if trusted.certificate is None:
        trusted = replace(trusted, certificate=parameters.get("ssl_certfile"), key=parameters.get("ssl_keyfile"))
    pool.connection_class = _with_context(pool.connection_class, client_context(trusted))


def _with_context(kind: Any, context: ssl.SSLContext) -> Any:
    """Return a kind of TLS connection that uses `context` where redis-py (5.1 to 8.1) makes one of its own."""
    if issubclass(kind, other.SSLConnection):

        class AsyncHeld(kind):  # type: ignore[misc]
            def __init__(self, **parameters: Any) -> None:
                super().__init__(**parameters)  # pyright: ignore[reportUnknownMemberType] - redis-py's are not all annotated
                made: Any = self.ssl_context
                if not hasattr(made, "context"):
                    raise _unexpected()
                made.context = context

        return AsyncHeld
    if not hasattr(kind, "_wrap_socket_with_ssl"):
        raise _unexpected()

    class Held(kind):  # type: ignore[misc]
        def _wrap_socket_with_ssl(self, sock: Any) -> Any:
            return context.wrap_socket(sock, server_hostname=self.host)

    return Held


def _unexpected() -> ConfigurationError:
    return ConfigurationError("this redis-py is not built as expected, so its TLS can not be held to one authority; take another version")


def address_of(client: Any) -> str:
    """Return where a client connects, without credentials."""
    pool, parameters = client.connection_pool, client.connection_pool.connection_kwargs
    if issubclass(pool.connection_class, _SOCKET):
        return f"unix://{parameters.get('path', '')}"
    host = str(parameters.get("host") or "localhost")
    scheme = "rediss" if issubclass(pool.connection_class, _TLS) else "redis"
    return f"{scheme}://{f'[{host}]' if ':' in host else host}:{parameters.get('port') or 6379}"


def report(client: Any, connection: Any, *, transport: Transport, what: str) -> ConnectionReport:
    """Return what an open connection of a client, of either colour, speaks; `what` says what it is for."""
    writer = getattr(connection, "_writer", None)
    tls = connection._sock if writer is None else writer.get_extra_info("ssl_object")  # noqa: SLF001 - redis-py has no public way
    peer = connection._sock.getpeername() if writer is None else writer.get_extra_info("peername")  # noqa: SLF001 - idem
    protocol, cipher = spoken(tls)
    local = place_of(peer) != "elsewhere"
    excuse = transport.excuse
    return ConnectionReport(what=what, address=address_of(client), protocol=protocol, cipher=cipher, local=local, excuse=excuse)
