"""The client of a list of leaked passwords, against servers on loopback."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest

from ctsec.authn.breaches import MAX_ANSWER, query_of, times_seen
from ctsec.authn.hibp import AT_ONCE, AsyncBlockingRanges, HibpRanges
from ctsec.errors import BreachesUnavailable, ConfigurationError
from ctsec.transport import Transport, UnsafeTransport
from tests.certificates import Authority, Pair
from tests.transport.served import Behaviour, answer, served

PREFIX, SUFFIX = query_of(b"password")
ANSWER = f"{SUFFIX}:7\r\n{'0' * 35}:0\r\n".encode()


def send(handler: BaseHTTPRequestHandler, body: bytes = ANSWER, **how: Any) -> None:
    """Answer with a range, unless `body` says otherwise."""
    answer(handler, body, **how)


@contextmanager
def service(behaviour: Behaviour = send, *, pair: Pair | None = None, version: str = "TLSv1.3") -> Iterator[tuple[str, list[Any]]]:
    """Run a list of leaked passwords and yield its address and the requests that it saw."""
    with served(behaviour, pair=pair, version=version) as (url, seen):
        yield f"{url}/range", seen


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """A CA of this module's own."""
    return Authority.make(tmp_path_factory.mktemp("ca"))


@pytest.fixture(scope="module")
def pair(authority: Authority) -> Pair:
    """The certificate of the service."""
    return authority.issue("leaks")


def test_only_the_prefix_is_asked_with_padding(authority: Authority, pair: Pair) -> None:
    """Over TLS 1.3 the path ends with 5 digits, padding is asked for, and nothing else of the password is in the request."""
    with service(pair=pair) as (url, seen):
        ranges = HibpRanges(url, seconds=30, transport=Transport(ca_file=authority.file, on_loopback=True))
        assert times_seen(ranges.answer(PREFIX), SUFFIX) == 7
        (report,) = ranges.connections()
    ((path, headers),) = seen
    assert path == f"/range/{PREFIX}"
    assert headers["Add-Padding"] == "true"
    assert SUFFIX not in str(headers)
    assert (report.what, report.protocol, report.sound) == ("leaked passwords", "TLSv1.3", True)


def test_tls_below_13_and_a_strangers_certificate_are_refused(authority: Authority, pair: Pair) -> None:
    """TLS 1.2 and a CA that is not trusted are no answer; only an `UnsafeTransport` takes the older one."""
    with service(pair=pair, version="TLSv1.2") as (url, seen):
        with pytest.raises(BreachesUnavailable):
            HibpRanges(url, seconds=30, transport=Transport(ca_file=authority.file, on_loopback=True)).answer(PREFIX)
        unsafe = UnsafeTransport(ca_file=authority.file, reason="an old proxy")
        assert HibpRanges(url, seconds=30, transport=unsafe).answer(PREFIX) == ANSWER
    with service(pair=pair) as (url, strangers), pytest.raises(BreachesUnavailable):
        HibpRanges(url, seconds=30).answer(PREFIX)
    assert (len(seen), strangers) == (1, [])


@pytest.mark.parametrize(
    "behaviour",
    [
        lambda handler: send(handler, status=503),
        lambda handler: send(handler, status=429),
        lambda handler: send(handler, status=302, Location="http://127.0.0.1:1/range"),
        lambda handler: send(handler, length=len(ANSWER) + 1),
        lambda handler: send(handler, length=None),
        lambda handler: send(handler, b"0" * 35 + b":1\r\n" + b" " * MAX_ANSWER),
        lambda handler: handler.wfile.write(b"not http\r\n\r\n"),
        lambda handler: handler.wfile.write(b""),
        lambda handler: handler.wfile.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nABC"),
    ],
    ids=["503", "429", "redirect", "cut", "no length", "too long", "no http", "nothing", "cut chunk"],
)
def test_what_is_no_whole_answer_is_an_error(behaviour: Behaviour) -> None:
    """Another status, a redirect, a body that is cut, endless or too long: no answer, so that nothing passes as "not leaked"."""
    with service(behaviour) as (url, seen):
        with pytest.raises(BreachesUnavailable):
            HibpRanges(url, seconds=30).answer(PREFIX)
        assert len(seen) == 1


def test_an_answer_that_drips_is_cut_at_the_deadline() -> None:
    """A server that sends a byte again and again, or none at all, gets no more than the time of the whole call."""
    gone = threading.Event()

    def drip(handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
        try:
            while not gone.wait(0.01):
                handler.wfile.write(b"0")
        except OSError:
            gone.set()

    def silent(handler: BaseHTTPRequestHandler) -> None:
        gone.wait(60)

    for behaviour in (drip, silent):
        gone.clear()
        with service(behaviour) as (url, _):
            with pytest.raises(BreachesUnavailable):
                HibpRanges(url, seconds=0.2).answer(PREFIX)
            gone.set()


def test_nobody_there_is_an_error() -> None:
    """A port where nobody listens is no answer."""
    with service() as (url, _):
        pass
    with pytest.raises(BreachesUnavailable):
        HibpRanges(url, seconds=30).answer(PREFIX)


@pytest.mark.parametrize("url", ["http://leaks.example/range", "ftp://127.0.0.1/range", "https://user:pw@leaks.example/range"])
def test_an_address_that_is_not_safe_is_refused_at_the_start(url: str) -> None:
    """Plain http to another machine, another scheme and a password in the address are mistakes of the configuration."""
    with pytest.raises(ConfigurationError):
        HibpRanges(url)


@pytest.mark.parametrize("seconds", [0, -1, 31])
def test_an_impossible_time_is_refused(seconds: float) -> None:
    """No time and more than 30 seconds raise ValueError."""
    with pytest.raises(ValueError, match="seconds"):
        HibpRanges(seconds=seconds)


async def test_an_event_loop_waits_in_threads_and_not_without_bound() -> None:
    """The loop turns while calls wait; one more than may wait is refused at once, and places come back, also of who went away."""
    gate = threading.Event()

    class Slow:
        def answer(self, prefix: str) -> bytes:
            gate.wait(60)
            return ANSWER

    ranges = AsyncBlockingRanges(Slow())
    waiting = [asyncio.create_task(ranges.answer(PREFIX)) for _ in range(AT_ONCE)]
    await asyncio.sleep(0)  # each task has run up to its thread
    with pytest.raises(BreachesUnavailable):
        await ranges.answer(PREFIX)
    waiting[0].cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting[0]
    more = asyncio.create_task(ranges.answer(PREFIX))
    gate.set()
    assert await asyncio.gather(*waiting[1:], more) == [ANSWER] * AT_ONCE
