"""How the engines reach a database: TLS 1.3 unless it is on this machine.

Rules that this module keeps:

- what decides is what the driver is about to be given, not what a URL looks like: a socket, or hosts that are all loopback, may be plain;
- everywhere else libpq is told `sslmode=verify-full` and `ssl_min_protocol_version=TLSv1.3`, and pymysql and asyncmy get a context;
  a driver that can not be held to it is refused;
- a new connection is looked at before it is used: some drivers, and some of their versions, go on without TLS if the server has none;
- parameters that could weaken it are set or refused, never believed;
- a password that everybody knows is refused for a server elsewhere.
"""

from __future__ import annotations

import os
import ssl
from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy import URL, Engine, event, text
from sqlalchemy import Connection as SqlConnection
from sqlalchemy.engine import Dialect
from sqlalchemy.ext.asyncio import AsyncEngine

from ctsec.errors import ConfigurationError, CtsecError
from ctsec.transport.address import is_loopback
from ctsec.transport.credentials import refuse_default
from ctsec.transport.report import TLS13, ConnectionReport, Place, place_of, reason_of, spoken
from ctsec.transport.tls import Transport, client_context, system_bundle

_LIBPQ: Final = frozenset({"psycopg"})
_CONTEXT: Final = frozenset({"pymysql", "asyncmy"})
# What libpq reads from the environment if it is not told, and would connect elsewhere by.
_ELSEWHERE: Final = ("PGHOSTADDR", "PGSERVICE", "PGSERVICEFILE")
_VERSIONS: Final = {ssl.TLSVersion.TLSv1_2: "TLSv1.2", ssl.TLSVersion.TLSv1_3: TLS13}


def hold(made: Engine | AsyncEngine, transport: Transport) -> None:
    """Have every new connection of an engine made over `transport`, unless it stays on this machine.

    Raises ConfigurationError for a driver or a URL that can not be held to it.
    """
    engine = made.sync_engine if isinstance(made, AsyncEngine) else made
    if engine.dialect.name == "sqlite" or transport.may_be_plain:
        return
    driver = engine.dialect.driver
    demanded: dict[str, Any] = {}

    def look(parameters: Mapping[str, Any]) -> None:
        place = place_before(driver, parameters)
        if place == "elsewhere":
            refuse_default(str(parameters.get("password") or ""), user=str(parameters.get("user") or ""))
        if not demanded and (place == "elsewhere" or (place == "loopback" and transport.on_loopback)):
            demanded.update(demands(driver, parameters, transport))

    def on_connecting(dialect: Dialect, record: object, args: object, parameters: dict[str, Any]) -> None:
        del dialect, record, args
        # Looked at again: an event of the host may have put other parameters in.
        look(parameters)
        parameters.update(demanded)

    def on_connected(connection: Any, record: object) -> None:
        del record
        if not demanded:
            return
        protocol, _, place = seen(driver, connection)
        exempt = place == "socket" or (place == "loopback" and not transport.on_loopback)
        if not exempt and protocol not in _accepted(transport):
            # The pool closes it.
            raise ConfigurationError(
                f"expected {_VERSIONS[transport.minimum]} to the database; its connection speaks {protocol or 'no TLS'}"
            )

    look(engine.dialect.create_connect_args(engine.url)[1])
    event.listen(engine, "do_connect", on_connecting)
    event.listen(engine, "connect", on_connected)


def place_before(driver: str, parameters: Mapping[str, Any]) -> Place:
    """Return where a connection with these parameters leads, as far as that is sure before it is made."""
    if parameters.get("read_default_file") or parameters.get("sock"):
        return "elsewhere"
    if parameters.get("unix_socket"):
        return "socket"
    if driver in _CONTEXT:
        # Without a host they connect to localhost; others look into the environment.
        return "loopback" if is_loopback(str(parameters.get("host") or "localhost")) else "elsewhere"
    return _libpq_place(parameters)


def _libpq_place(parameters: Mapping[str, Any]) -> Place:
    if {"service", "servicefile"} & parameters.keys() or any(os.environ.get(name) for name in _ELSEWHERE):
        return "elsewhere"
    hosts = str(parameters.get("host") or "").split(",")
    addresses = [address for address in str(parameters.get("hostaddr") or "").split(",") if address]
    if not addresses and all(host.startswith("/") for host in hosts):
        return "socket"
    # Without a host libpq looks into its environment, and then for a socket, where it does not look at what it is told of TLS.
    here = all(host.startswith("/") or is_loopback(host) for host in hosts) and all(is_loopback(address) for address in addresses)
    return "loopback" if here else "elsewhere"


def demands(driver: str, parameters: Mapping[str, Any], transport: Transport) -> dict[str, Any]:
    """Return the parameters that hold a driver to `transport`; raise ConfigurationError if it can not be."""
    if driver in _LIBPQ:
        return _libpq(parameters, transport)
    if driver not in _CONTEXT:
        raise ConfigurationError(f"expected psycopg, pymysql or asyncmy for a database elsewhere; {driver} can not be held to TLS 1.3")
    if any(name.startswith("ssl") for name in parameters) or parameters.get("read_default_file"):
        raise ConfigurationError("expected a database URL without ssl parameters and option files; name the CA in Transport(ca_file=…)")
    return {"ssl": client_context(transport)}


def _libpq(parameters: Mapping[str, Any], transport: Transport) -> dict[str, Any]:
    """Return libpq's parameters (PostgreSQL, 34.1.2); on a Unix socket libpq itself does not look at them."""
    bundle = transport.ca_file or parameters.get("sslrootcert") or os.environ.get("PGSSLROOTCERT") or system_bundle() or "system"
    made = {
        "sslmode": "verify-full",
        "ssl_min_protocol_version": _VERSIONS[transport.minimum],
        "sslrootcert": bundle,
        # Otherwise libpq takes Kerberos' encryption first, where it finds credentials.
        "gssencmode": "disable",
    }
    return made | ({"sslcert": transport.certificate, "sslkey": transport.key} if transport.certificate else {})


def seen(driver: str, connection: Any) -> tuple[str, str, Place]:
    """Return version, cipher (empty if the client does not tell) and the place that a driver's connection leads to.

    A version that the client does not tell is the lowest that it was allowed.
    """
    raw = getattr(connection, "driver_connection", connection)
    if driver in _LIBPQ:
        link = raw.pgconn
        host, address = (link.host or b"").decode("utf-8", "replace"), (link.hostaddr or b"").decode("ascii", "replace")
        place: Place = "socket" if host.startswith("/") else "loopback" if is_loopback(address or host) else "elsewhere"
        return (_lowest(raw) if link.ssl_in_use else ""), "", place
    if driver == "pymysql":
        return *spoken(raw._sock), place_of(raw._sock.getpeername())  # noqa: SLF001 - the only place where it is
    if driver == "asyncmy":
        link = getattr(raw, "_transport", None) or raw._writer  # noqa: SLF001 - the second before asyncmy 0.2.11
        ask = link.get_extra_info
        return *spoken(ask("ssl_object")), place_of(ask("peername"))
    return "", "", "elsewhere"


def _lowest(raw: Any) -> str:
    """Return the lowest version that libpq was allowed; what it negotiated it does not tell psycopg."""
    options = {option.keyword: option.val for option in raw.pgconn.info}
    return (options.get(b"ssl_min_protocol_version") or b"TLSv1.2").decode("ascii", "replace")


def _accepted(transport: Transport) -> frozenset[str]:
    return frozenset({TLS13} if transport.minimum is ssl.TLSVersion.TLSv1_3 else {"TLSv1.2", TLS13})


def address_of(url: URL) -> str:
    """Return where a database is, without credentials and parameters."""
    if url.get_backend_name() == "sqlite":
        return f"sqlite:///{url.database or ''}"
    host = url.host or str(url.query.get("host") or url.query.get("unix_socket") or "")
    place = f"[{host}]" if ":" in host else host
    return f"{url.get_backend_name()}://{place}{f':{url.port}' if url.port else ''}/{url.database or ''}"


def report(connection: SqlConnection, *, what: str, transport: Transport) -> ConnectionReport:
    """Return what a connection of an engine speaks; the server is asked only for what the client can not tell."""
    engine = connection.engine
    address = address_of(engine.url)
    if engine.dialect.name == "sqlite":
        return ConnectionReport(what=what, address=address, local=True)
    if engine.dialect.driver not in _LIBPQ | _CONTEXT:
        return ConnectionReport(what=what, address=address, problem=f"{engine.dialect.driver} does not tell what it speaks")
    protocol, cipher, place = seen(engine.dialect.driver, connection.connection.dbapi_connection)
    if engine.dialect.driver in _LIBPQ and protocol:
        row = connection.execute(text("SELECT version, cipher FROM pg_stat_ssl WHERE pid = pg_backend_pid() AND ssl")).first()
        # A pooler between would answer for its own connection: the server is believed only where it says no less than the client knows.
        if row is not None and row[0] >= protocol:
            protocol, cipher = row
    return ConnectionReport(
        what=what, address=address, protocol=protocol, cipher=cipher, local=place != "elsewhere", excuse=transport.excuse
    )


def problem(error: Exception) -> str:
    """Return why a database could not be asked, without what a driver's message may hold."""
    if isinstance(error, CtsecError):
        return str(error)
    cause: BaseException = getattr(error, "orig", None) or error
    told = getattr(cause, "original_exception", None) or cause.__cause__ or cause
    # libpq and MariaDB's drivers tell in words only; a few of them are looked for, and none is repeated.
    words = str(cause)
    if isinstance(told, OSError):
        return reason_of(told)
    if "certificate" in words:
        return "the certificate is not accepted"
    return "no TLS connection" if "SSL" in words or "TLS" in words else reason_of(cause)
