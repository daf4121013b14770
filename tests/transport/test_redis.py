"""Redis elsewhere is reached over TLS 1.3, and over nothing less: real servers, both colours."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from redis.asyncio import Redis as AsyncRedis
from redis.asyncio.connection import SSLConnection

from ctsec.errors import ConfigurationError
from ctsec.storage.redis import AsyncRedisFeed, RedisFeed
from ctsec.storage.redis.transport import hold
from ctsec.transport import ConnectionReport, Transport, UnsafeTransport
from tests.certificates import Authority
from tests.servers import TlsServer, tls_server

pytestmark = pytest.mark.server("redis", "redis-tls")
Look = Callable[[str, Transport], ConnectionReport]


def look_sync(url: str, transport: Transport) -> ConnectionReport:
    """Return what the sync feed says; where it connects, it reads too."""
    feed = RedisFeed.from_url(url, transport=transport)
    try:
        seen = feed.connections()[0]
        if not seen.problem:
            feed.since(None)
        return seen
    finally:
        feed.close()


def look_async(url: str, transport: Transport) -> ConnectionReport:
    """Return what the async feed says; where it connects, it reads too."""

    async def look() -> ConnectionReport:
        feed = AsyncRedisFeed.from_url(url, transport=transport)
        try:
            seen = (await feed.connections())[0]
            if not seen.problem:
                await feed.since(None)
            return seen
        finally:
            await feed.aclose()

    return asyncio.run(look())


def held(running: TlsServer, **more: Any) -> Transport:
    """Return a transport that trusts a server's CA only and has a certificate for it."""
    kind = UnsafeTransport if "reason" in more else Transport
    return kind(**{"ca_file": running.ca_file, "certificate": running.certificate, "key": running.key, **more})


@pytest.fixture(params=[look_sync, look_async], ids=["sync", "async"])
def look(request: pytest.FixtureRequest) -> Look:
    """One of the two colours."""
    return request.param


@pytest.mark.proves("SEED-E1", "ASVS-12.1.1", "ASVS-12.3.1", "ASVS-12.3.2")
def test_tls13_works_and_is_told(look: Look) -> None:
    """A rediss URL is reached by TLS 1.3, and the report says so, without the password."""
    running = tls_server("redis", "TLSv1.3")
    seen = look(f"rediss://127.0.0.1:{running.port}/0", held(running))
    assert (seen.protocol, seen.problem, seen.address) == ("TLSv1.3", "", f"rediss://127.0.0.1:{running.port}")
    assert seen.cipher.startswith("TLS_")


@pytest.mark.proves("SEED-E1", "ASVS-12.1.1", "ASVS-12.3.1")
def test_tls12_is_refused(look: Look) -> None:
    """A server that speaks at most TLS 1.2 is not spoken to, but by an `UnsafeTransport`."""
    running = tls_server("redis", "TLSv1.2")
    seen = look(f"rediss://someone:s3cret-word@127.0.0.1:{running.port}/0", held(running))
    assert (seen.problem[:17], seen.sound) == ("no TLS connection", False)
    assert "s3cret" not in repr(seen)
    allowed = look(f"rediss://127.0.0.1:{running.port}/0", held(running, reason="until March"))
    assert (allowed.protocol, allowed.excuse) == ("TLSv1.2", "until March")


@pytest.mark.proves("ASVS-12.3.2")
@pytest.mark.parametrize("query", ["", "?ssl_cert_reqs=none", "?ssl_check_hostname=false&ssl_min_version=771"])
def test_other_names_and_other_authorities_are_refused(look: Look, tmp_path: Path, query: str) -> None:
    """A certificate for another name and one of an unknown CA are refused, whatever the URL's query says."""
    running, other = tls_server("redis", "TLSv1.3"), Authority.make(tmp_path).file
    wrong_name = look(f"rediss://localhost:{running.port}/0{query}", held(running))
    assert "certificate is not accepted" in wrong_name.problem
    for transport in (held(running, ca_file=other), held(running, ca_file=None)):
        assert "certificate is not accepted" in look(f"rediss://127.0.0.1:{running.port}/0{query}", transport).problem


@pytest.mark.proves("ASVS-12.3.4")
def test_a_given_ca_is_the_only_one(look: Look, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An authority that the system trusts is not trusted beside a given file, of the transport or of the URL, and is without one."""
    running, other = tls_server("redis", "TLSv1.3"), Authority.make(tmp_path).file
    monkeypatch.setenv("SSL_CERT_FILE", running.ca_file)
    url = f"rediss://127.0.0.1:{running.port}/0"
    for named, transport in ((url, held(running, ca_file=other)), (f"{url}?ssl_ca_certs={other}", held(running, ca_file=None))):
        assert "certificate is not accepted" in look(named, transport).problem
    assert look(url, held(running, ca_file=None)).sound
    assert look(f"{url}?ssl_ca_certs={other}", held(running)).sound


def test_files_of_the_url_are_read_at_the_start(tmp_path: Path) -> None:
    """A CA file that can not be read stops the start, and a redis-py that is not built as expected does too."""
    for kind in (RedisFeed, AsyncRedisFeed):
        with pytest.raises(ConfigurationError, match="readable PEM files"):
            kind.from_url(f"rediss://cache.example.test/0?ssl_ca_certs={tmp_path}/none.pem")


class _Elsewhere(SSLConnection):
    """A connection of a redis-py that makes its context somewhere else."""

    def __getattribute__(self, name: str) -> Any:
        if name == "ssl_context":
            return object()
        return super().__getattribute__(name)


def test_another_redis_py_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where redis-py has no place for a context of ours, nothing is connected: not with one of its own."""
    client: Any = AsyncRedis.from_url("rediss://cache.example.test/0")
    client.connection_pool.connection_class = _Elsewhere
    hold(client, Transport())
    with pytest.raises(ConfigurationError, match="not built as expected"):
        client.connection_pool.make_connection()
    monkeypatch.delattr("redis.connection.SSLConnection._wrap_socket_with_ssl")
    with pytest.raises(ConfigurationError, match="not built as expected"):
        RedisFeed.from_url("rediss://cache.example.test/0")


def test_parameters_of_the_url_do_not_weaken(tmp_path: Path) -> None:
    """Of what a URL's query says of TLS, only its files are kept; version and checks are ours."""
    ca = Authority.make(tmp_path).file
    query = f"?ssl_cert_reqs=none&ssl_check_hostname=no&ssl_min_version=771&ssl_ciphers=ALL&ssl_ca_path=/tmp&ssl_ca_certs={ca}"
    for kind in (RedisFeed, AsyncRedisFeed):
        feed: Any = kind.from_url(f"rediss://cache.example.test/0{query}")
        for client in (feed._client, feed._announcer._client):
            held = {name: value for name, value in client.connection_pool.connection_kwargs.items() if name.startswith("ssl_")}
            assert held == {
                "ssl_cert_reqs": "required",
                "ssl_check_hostname": True,
                "ssl_min_version": ssl.TLSVersion.TLSv1_3,
                "ssl_ca_certs": ca,
            }


@pytest.mark.proves("ASVS-12.3.5")
def test_client_certificates(look: Look, tmp_path: Path) -> None:
    """A server that asks for certificates is reached with one of its CA, and not without one or with another's."""
    running, stranger = tls_server("redis", "TLSv1.3"), Authority.make(tmp_path).issue("client", hosts=("client",))
    url = f"rediss://127.0.0.1:{running.port}/0"
    assert look(url, held(running)).sound
    for other in (held(running, certificate=None, key=None), held(running, certificate=stranger.certificate, key=stranger.key)):
        assert not look(url, other).sound


@pytest.mark.proves("ASVS-12.3.1")
@pytest.mark.parametrize(
    "url", ["redis://:s3cret-word@cache.example.test/0", "redis:///0?host=cache.example.test", "redis://%63ache.example.test"]
)
def test_plain_goes_to_loopback_only(url: str) -> None:
    """A redis URL to another machine stops the start, in whatever part of it the machine is named."""
    for kind in (RedisFeed, AsyncRedisFeed):
        with pytest.raises(ConfigurationError, match="expected a rediss URL") as caught:
            kind.from_url(url)
        assert "s3cret" not in str(caught.value)
        kind.from_url(url, transport=UnsafeTransport(reason="a lab", plain=True))
        kind.from_url("redis://localhost/0")
        kind.from_url("unix:///run/redis.sock")
        with pytest.raises(ConfigurationError):
            kind.from_url("redis://localhost/0", transport=Transport(on_loopback=True))
