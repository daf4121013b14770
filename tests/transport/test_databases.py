"""Databases elsewhere are reached over TLS 1.3, and over nothing less: real servers, both colours."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import create_engine, event, make_url, text
from sqlalchemy.exc import SQLAlchemyError

from ctsec.errors import ConfigurationError, CtsecError, StoreError
from ctsec.storage.sql import AsyncSqlStorage, SqlStorage
from ctsec.storage.sql.schema import versions
from ctsec.storage.sql.transport import demands, hold, place_before
from ctsec.transport import ConnectionReport, Transport, UnsafeTransport
from ctsec.transport.tls import system_bundle
from tests.certificates import NAME, Authority
from tests.servers import server, tls_server

KINDS = [pytest.param(kind, marks=pytest.mark.server(kind)) for kind in ("postgresql", "mariadb")]
PLACES = {"postgresql": "postgres", "mariadb": "mysql"}
Look = Callable[[str, Transport], ConnectionReport]


def look_sync(url: str, transport: Transport) -> ConnectionReport:
    """Return what the sync storage says of its database."""
    storage = SqlStorage.from_url(url, transport=transport)
    try:
        return storage.connections()[0]
    finally:
        storage.close()


def look_async(url: str, transport: Transport) -> ConnectionReport:
    """Return what the async storage says of its database."""

    async def look() -> ConnectionReport:
        storage = AsyncSqlStorage.from_url(url, transport=transport)
        try:
            return (await storage.connections())[0]
        finally:
            await storage.aclose()

    return asyncio.run(look())


@pytest.fixture(params=[look_sync, look_async], ids=["sync", "async"])
def look(request: pytest.FixtureRequest) -> Look:
    """One of the two colours."""
    return request.param


def url_of(kind: str, port: int, *, host: str = "127.0.0.1", query: str = "") -> str:
    """Return the URL of a server's own database; PostgreSQL takes any password, and no output may hold it."""
    return f"{kind}://ctsec{':s3cret-word' if kind == 'postgresql' else ''}@{host}:{port}/{PLACES[kind]}{query}"


@pytest.mark.proves("SEED-E1", "ASVS-12.1.1", "ASVS-12.3.1", "ASVS-12.3.2")
@pytest.mark.parametrize("kind", KINDS)
def test_tls13_works_and_is_told(kind: str, look: Look) -> None:
    """A server that speaks TLS 1.3 is reached by it, and the report says so, without the password."""
    running = tls_server(kind, "TLSv1.3")
    seen = look(url_of(kind, running.port), Transport(ca_file=running.ca_file, on_loopback=True))
    assert (seen.protocol, seen.problem, seen.sound) == ("TLSv1.3", "", True)
    assert seen.cipher.startswith("TLS_")
    assert seen.address == f"{kind}://127.0.0.1:{running.port}/{PLACES[kind]}"


@pytest.mark.proves("SEED-E1", "ASVS-12.1.1", "ASVS-12.3.1")
@pytest.mark.parametrize("kind", KINDS)
def test_tls12_is_refused(kind: str, look: Look) -> None:
    """A server that speaks at most TLS 1.2 is not spoken to; a server without TLS neither."""
    running = tls_server(kind, "TLSv1.2")
    seen = look(url_of(kind, running.port), Transport(ca_file=running.ca_file, on_loopback=True))
    assert (seen.problem[:17], seen.sound) == ("no TLS connection", False)
    plain = look(url_of(kind, server(kind).port), Transport(ca_file=running.ca_file, on_loopback=True))
    # PyMySQL before 1.2 goes on without TLS, and is then caught.
    assert ("no TLS" in plain.problem, plain.sound) == (True, False)
    assert "s3cret" not in repr((seen, plain))


@pytest.mark.parametrize("kind", KINDS)
def test_unsafe_transport_speaks_tls12_and_still_checks(kind: str, look: Look, tmp_path: Path) -> None:
    """With an `UnsafeTransport` TLS 1.2 is spoken to a server of the right CA only, and the report is not sound in a far place."""
    running = tls_server(kind, "TLSv1.2")
    other = Authority.make(tmp_path).file
    allowed = UnsafeTransport(reason="until March", ca_file=running.ca_file, on_loopback=True)
    seen = look(url_of(kind, running.port), allowed)
    assert (seen.protocol, seen.problem, seen.excuse) == ("TLSv1.2", "", "until March")
    assert "certificate" in look(url_of(kind, running.port), UnsafeTransport(reason="until March", ca_file=other, on_loopback=True)).problem


@pytest.mark.proves("ASVS-12.3.2", "ASVS-12.3.4")
@pytest.mark.parametrize("kind", KINDS)
def test_other_names_and_other_authorities_are_refused(kind: str, look: Look, tmp_path: Path) -> None:
    """A certificate for another name, one of an unknown CA, and one that only the system's CAs would have to vouch for are refused."""
    running = tls_server(kind, "TLSv1.3")
    other = Authority.make(tmp_path).file
    refused = (
        look(url_of(kind, running.port, host="localhost"), Transport(ca_file=running.ca_file, on_loopback=True)),
        look(url_of(kind, running.port), Transport(ca_file=other, on_loopback=True)),
        look(url_of(kind, running.port), Transport(on_loopback=True)),
    )
    assert [each.problem for each in refused if "certificate is not accepted" not in each.problem] == []


@pytest.mark.parametrize("kind", KINDS)
def test_loopback_is_plain_by_default(kind: str, look: Look) -> None:
    """Without a word about transport a server on loopback is reached as before, and the report says that it stays here."""
    seen = look(url_of(kind, server(kind).port), Transport())
    assert (seen.protocol, seen.local, seen.sound) == ("", True, True)


@pytest.mark.proves("ASVS-12.3.1", "ASVS-12.3.2")
@pytest.mark.server("postgresql")
@pytest.mark.parametrize("weak", ["disable", "prefer", "require"])
def test_postgresql_elsewhere_is_tls13_by_default(weak: str, look: Look) -> None:
    """A host that is not loopback is held to TLS 1.3 without any setting, whatever a weaker `sslmode` in its URL says."""
    good, old, none = tls_server("postgresql", "TLSv1.3"), tls_server("postgresql", "TLSv1.2"), server("postgresql")
    query = "?hostaddr=127.0.0.1&sslmode=" + weak + "&sslrootcert="
    seen = look(url_of("postgresql", good.port, host=NAME, query=query + good.ca_file), Transport())
    assert (seen.protocol, seen.problem) == ("TLSv1.3", "")
    for weaker in (old, none):
        refused = look(url_of("postgresql", weaker.port, host=NAME, query=query + old.ca_file), Transport())
        assert refused.problem == "no TLS connection"


@pytest.mark.proves("ASVS-12.3.5")
@pytest.mark.server("postgresql")
def test_postgresql_sees_the_client_certificate() -> None:
    """The certificate of this side reaches the server, which may then ask for it instead of a password."""
    running = tls_server("postgresql", "TLSv1.3")
    transport = Transport(ca_file=running.ca_file, certificate=running.certificate, key=running.key, on_loopback=True)
    engine = create_engine(url_of("postgresql", running.port).replace("postgresql:", "postgresql+psycopg:"))
    hold(engine, transport)
    with engine.connect() as connection:
        shown = connection.execute(text("SELECT client_dn FROM pg_stat_ssl WHERE pid = pg_backend_pid()")).scalar_one()
    engine.dispose()
    assert shown == "/CN=client"


@pytest.mark.server("postgresql")
def test_schema_functions_are_held_too() -> None:
    """Migrations and checks refuse a server below TLS 1.3 as the storage does, and take the same transport."""
    good, old = tls_server("postgresql", "TLSv1.3"), tls_server("postgresql", "TLSv1.2")
    assert versions(url_of("postgresql", good.port), transport=Transport(ca_file=good.ca_file, on_loopback=True)) == (None, None)
    with pytest.raises(StoreError):
        versions(url_of("postgresql", old.port), transport=Transport(ca_file=old.ca_file, on_loopback=True))


@pytest.mark.server("mariadb")
def test_a_driver_that_goes_on_in_plain_is_caught(tmp_path: Path) -> None:
    """A connection that came about without TLS, as older drivers let it, is not used."""
    engine = create_engine(url_of("mariadb", server("mariadb").port).replace("mariadb:", "mariadb+pymysql:"))
    hold(engine, Transport(ca_file=Authority.make(tmp_path).file, on_loopback=True))

    @event.listens_for(engine, "do_connect")
    def forget(dialect: object, record: object, args: object, parameters: dict[str, object]) -> None:
        del parameters["ssl"]

    with pytest.raises(ConfigurationError, match="speaks no TLS"):
        engine.connect()
    engine.dispose()


@pytest.mark.server("postgresql")
def test_parameters_that_an_event_puts_in_are_looked_at() -> None:
    """A host whose event points a loopback URL elsewhere is held to TLS there."""
    engine = create_engine(url_of("postgresql", server("postgresql").port).replace("postgresql:", "postgresql+psycopg:"))

    @event.listens_for(engine, "do_connect")
    def elsewhere(dialect: object, record: object, args: object, parameters: dict[str, object]) -> None:
        parameters.update(host=NAME, hostaddr="127.0.0.1")

    hold(engine, Transport())
    with pytest.raises(SQLAlchemyError, match="SSL"):
        engine.connect()
    engine.dispose()


@pytest.mark.parametrize(
    "url",
    [
        "postgresql+psycopg2://db.example.test/app",
        "postgresql+asyncpg://db.example.test/app",
        "mysql+mysqldb://db.example.test/app",
        "mariadb+pymysql://db.example.test/app?ssl_verify_cert=false",
        "mariadb+pymysql://db.example.test/app?ssl_disabled=true",
        "mariadb+pymysql://localhost/app?read_default_file=/etc/my.cnf",
    ],
)
def test_what_can_not_be_held_is_refused(url: str) -> None:
    """A driver that can not be held to TLS 1.3, or parameters that would take it back, stop the start."""
    made = make_url(url)
    if "pymysql" in url:
        with pytest.raises(ConfigurationError, match="without ssl parameters"):
            SqlStorage.from_url(url)
    else:
        # These drivers are not installed here, so SQLAlchemy would not get as far as the question.
        with pytest.raises(ConfigurationError, match="can not be held"):
            demands(made.get_driver_name(), {"host": made.host}, Transport())


@pytest.mark.parametrize(
    ("driver", "parameters", "place"),
    [
        ("psycopg", {"host": "/run/postgresql"}, "socket"),
        ("psycopg", {"host": "localhost"}, "loopback"),
        ("psycopg", {"host": "127.0.0.1,::1"}, "loopback"),
        ("psycopg", {"host": "127.0.0.1,db.example.test"}, "elsewhere"),
        ("psycopg", {"host": "localhost", "hostaddr": "203.0.113.5"}, "elsewhere"),
        ("psycopg", {"host": "/run/postgresql", "hostaddr": "203.0.113.5"}, "elsewhere"),
        ("psycopg", {"host": "localhost", "service": "far"}, "elsewhere"),
        ("psycopg", {}, "elsewhere"),
        ("pymysql", {}, "loopback"),
        ("pymysql", {"host": "LOCALHOST"}, "loopback"),
        ("pymysql", {"host": "localhost.example.test"}, "elsewhere"),
        ("pymysql", {"unix_socket": "/run/mysqld.sock", "host": "db.example.test"}, "socket"),
        ("asyncmy", {"host": "localhost", "read_default_file": "/etc/my.cnf"}, "elsewhere"),
        ("asyncmy", {"host": "127.0.0.2"}, "loopback"),
        ("asyncmy", {"host": "10.0.0.1"}, "elsewhere"),
        ("asyncpg", {"host": "localhost"}, "loopback"),
        ("asyncpg", {}, "elsewhere"),
        ("mysqldb", {"unix_socket": "/run/mysqld.sock"}, "socket"),
    ],
)
def test_place_of_parameters(driver: str, parameters: dict[str, str], place: str) -> None:
    """Only what surely stays on this machine counts as loopback or socket."""
    assert place_before(driver, parameters) == place


def test_parameters_of_libpq() -> None:
    """The parameters of libpq say version, checks, CA, certificate, and no Kerberos encryption instead; the URL's CA file is kept."""
    pair = Transport(ca_file="ca.pem", certificate="me.crt", key="me.key")
    held = {"sslmode": "verify-full", "ssl_min_protocol_version": "TLSv1.3", "gssencmode": "disable"}
    certificate = {"sslcert": "me.crt", "sslkey": "me.key"}
    assert demands("psycopg", {"sslrootcert": "url.pem"}, pair) == held | {"sslrootcert": "ca.pem"} | certificate
    assert demands("psycopg", {"sslrootcert": "url.pem"}, Transport()) == held | {"sslrootcert": "url.pem"}
    assert demands("psycopg", {}, Transport())["sslrootcert"] == (system_bundle() or "system")


@pytest.mark.parametrize("name", ["PGHOSTADDR", "PGSERVICE"])
def test_environment_of_libpq_counts(name: str) -> None:
    """A variable by which libpq would connect elsewhere takes a loopback host its exception."""
    code = "from ctsec.storage.sql.transport import place_before; print(place_before('psycopg', {'host': 'localhost'}))"
    done = subprocess.run([sys.executable, "-c", code], env={**os.environ, name: "203.0.113.5"}, capture_output=True, text=True, check=True)
    assert done.stdout == "elsewhere\n"


@pytest.mark.server("postgresql")
def test_unsafe_plain_leaves_the_url_alone(look: Look) -> None:
    """With `plain` the URL decides; the report of a far place names the reason and is not sound."""
    url = url_of("postgresql", server("postgresql").port, host=NAME, query="?hostaddr=127.0.0.1")
    seen = look(url, UnsafeTransport(reason="a lab", plain=True))
    assert (seen.protocol, seen.problem, seen.excuse) == ("", "", "a lab")


def test_failures_are_reports_without_secrets(look: Look) -> None:
    """A database that is not there is a report with a problem, which holds neither password nor a driver's message."""
    seen = look("postgresql://ctsec:s3cret-word@127.0.0.1:1/nothing", Transport())
    assert seen.problem
    assert "s3cret" not in repr(seen)
    assert not isinstance(seen, CtsecError)


def test_sqlite_stays_here(tmp_path: Path, look: Look) -> None:
    """A file is on this machine."""
    seen = look(f"sqlite:///{tmp_path / 'app.db'}", Transport(on_loopback=True))
    assert (seen.local, seen.sound, seen.protocol) == (True, True, "")
