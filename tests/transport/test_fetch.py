"""Fetches from addresses that customers name, against servers on loopback."""

from __future__ import annotations

import asyncio
import pickle
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509

from ctsec.errors import ConfigurationError, FetchError, FetchFailed, FetchRefused
from ctsec.transport import AsyncFetcher, Fetcher, HttpAnswer, HttpRequest, Reach, Transport, UnsafeTransport
from ctsec.transport.request import FetchReason
from ctsec.transport.threads import CallThreads
from tests.certificates import NAME, Authority, Pair
from tests.transport.served import Behaviour, answer, served

R = FetchReason
BODY = b'{"keys": []}'
WHOLE = HttpAnswer(status=200, media="application/json", body=BODY)
SECONDS = 30.0


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """A CA of this module's own."""
    return Authority.make(tmp_path_factory.mktemp("ca"))


@pytest.fixture(scope="module")
def pair(authority: Authority) -> Pair:
    """The certificate of a provider."""
    return authority.issue("provider")


def send(handler: BaseHTTPRequestHandler, body: bytes = BODY, **how: Any) -> None:
    """Answer in JSON, unless told otherwise."""
    answer(handler, body, **{"Content_Type": "application/json", **how})


def provider(handler: BaseHTTPRequestHandler) -> None:
    """Answer as a sound provider does."""
    send(handler, Content_Type="application/json; charset=utf-8")


def raw(text: bytes) -> Behaviour:
    """Return the behaviour of a server that writes some bytes and hangs up."""
    return lambda handler: void(handler.wfile.write(text))


def void(_: object) -> None:
    """Return nothing."""


def fetched(url: str, *, fetcher: Fetcher | None = None, reach: Reach = Reach.LOOPBACK, **how: Any) -> HttpAnswer | FetchReason:
    """Return the answer, or why there is none."""
    try:
        return (fetcher or Fetcher(seconds=SECONDS)).fetch(HttpRequest(url=url, **how), reach=reach)
    except FetchError as error:
        if "127.0.0.1" in str(error) or error.retryable is not isinstance(error, FetchFailed):
            raise AssertionError("an error without addresses, retryable if the other side failed") from error
        return FetchReason(error.reason)


def test_an_answer_over_tls_is_returned(authority: Authority, pair: Pair) -> None:
    """Over TLS 1.3 a GET and a POST bring status, type and body; the request names the host, and asks for nothing compressed."""
    fetcher = Fetcher(seconds=SECONDS, transport=Transport(ca_file=authority.file), resolve=lambda host, port: ("127.0.0.1",))
    with served(provider, pair=pair) as (url, seen):
        port = url.rpartition(":")[2]
        for host in ("127.0.0.1", NAME):
            assert fetched(f"https://{host}:{port}/keys?a=b", fetcher=fetcher) == WHOLE
            sent = {"Content-Type": "application/x-www-form-urlencoded"}
            assert fetched(f"https://{host}:{port}", fetcher=fetcher, method="POST", body=b"a=b", headers=sent) == WHOLE
    assert [path for path, _ in seen] == ["/keys?a=b", "/"] * 2
    assert seen[2][1]["Host"] == f"{NAME}:{port}"
    assert {headers["Accept-Encoding"] for _, headers in seen} == {"identity"}


def test_an_answer_tells_clock_tls_and_certificate(authority: Authority, pair: Pair) -> None:
    """The time of the other side, the version of TLS and the end of its certificate come with the answer; what is no time is none."""
    fetcher = Fetcher(seconds=SECONDS, transport=Transport(ca_file=authority.file))
    until = x509.load_pem_x509_certificate(Path(pair.certificate).read_bytes()).not_valid_after_utc
    head, rest = b"HTTP/1.1 200 OK\r\n", b"Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"
    for header, said in (
        (b"Date: Thu, 15 Jan 2026 09:30:00 GMT\r\n", datetime(2026, 1, 15, 9, 30, tzinfo=UTC)),
        (b"Date: Thu, 15 Jan 2026 10:30:00 +0100\r\n", datetime(2026, 1, 15, 9, 30, tzinfo=UTC)),
        (b"Date: Thu, 15 Jan 2026 09:30:00 -0000\r\n", None),
        (b"Date: soon\r\n", None),
        (b"Date: Thu, 15 Jan 99999999999 09:30:00 GMT\r\n", None),
        (b"", None),
    ):
        with served(raw(head + header + rest), pair=pair) as (url, _):
            found = fetched(url, fetcher=fetcher)
        assert isinstance(found, HttpAnswer)
        assert (found.said_at, found.protocol, found.certificate_until) == (said, "TLSv1.3", until), header
    with served(provider) as (url, _):
        plain = fetched(url)
    assert isinstance(plain, HttpAnswer)
    assert (plain.protocol, plain.certificate_until, plain.said_at is not None) == ("", None, True)


def test_the_async_colour_waits_in_a_thread() -> None:
    """Many fetches at once all come back; one that finds no place fails at once."""
    with served(provider) as (url, _):
        request = HttpRequest(url=url)

        async def many() -> list[HttpAnswer]:
            fetcher = AsyncFetcher(Fetcher(seconds=SECONDS))
            return await asyncio.gather(*(fetcher.fetch(request, reach=Reach.LOOPBACK) for _ in range(10)))

        assert asyncio.run(many()) == [WHOLE] * 10
    hold, begun = threading.Event(), threading.Event()

    def slow(host: str, port: int, /) -> tuple[str, ...]:
        begun.set()
        hold.wait(SECONDS)
        raise OSError

    async def crowd() -> None:
        threads = CallThreads("one", full=lambda: FetchFailed("full", reason=R.BUSY.value), running=1, waiting=0)
        fetcher = AsyncFetcher(Fetcher(seconds=SECONDS, resolve=slow), threads=threads)
        first = asyncio.create_task(fetcher.fetch(request))
        await asyncio.to_thread(begun.wait, SECONDS)
        with pytest.raises(FetchFailed, match="full"):
            await fetcher.fetch(request)
        hold.set()
        with pytest.raises(FetchFailed):
            await first
        threads.close()

    request = HttpRequest(url="https://provider.example/")
    asyncio.run(crowd())


def test_only_this_connections_tls_is_spoken(authority: Authority, pair: Pair) -> None:
    """A stranger's certificate, one for another host, an expired one, TLS 1.2 and no TLS at all are no answer."""
    trusting = Fetcher(seconds=SECONDS, transport=Transport(ca_file=authority.file))
    with served(provider, pair=pair) as (url, seen):
        assert fetched(url) is R.BAD_CERTIFICATE
        elsewhere = Fetcher(seconds=SECONDS, transport=Transport(ca_file=authority.file), resolve=lambda host, port: ("127.0.0.1",))
        assert fetched(url.replace("127.0.0.1", "other.example"), fetcher=elsewhere) is R.BAD_CERTIFICATE
    with served(provider, pair=authority.issue("old", expired=True)) as (url, more):
        assert fetched(url, fetcher=trusting) is R.BAD_CERTIFICATE
    with served(provider, pair=pair, version="TLSv1.2") as (url, older):
        assert fetched(url, fetcher=trusting) is R.NO_TLS
        unsafe = Fetcher(seconds=SECONDS, transport=UnsafeTransport(ca_file=authority.file, reason="an old proxy"))
        assert fetched(url, fetcher=unsafe) == WHOLE
    with speaking_plainly() as port:
        assert fetched(f"https://127.0.0.1:{port}/") is R.NO_TLS
    assert (seen, more, len(older)) == ([], [], 1)


@contextmanager
def speaking_plainly() -> Iterator[int]:
    """Run a server that answers a handshake with words; yield its port."""

    def serve() -> None:
        connection, _ = listener.accept()
        with connection, suppress(ConnectionError):
            connection.recv(1 << 16)
            connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
            while connection.recv(1 << 16):
                pass

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            thread.join()


CHUNKED = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
HOSTILE: dict[str, tuple[FetchReason, Behaviour]] = {
    "redirect": (R.REDIRECTED, lambda handler: send(handler, status=302, Location="/elsewhere")),
    "redirect without a place": (R.REDIRECTED, lambda handler: send(handler, status=307)),
    "redirect to another host": (R.REDIRECTED, lambda handler: send(handler, status=301, Location="https://evil.example/")),
    "redirect to another scheme": (R.REDIRECTED, lambda handler: send(handler, status=308, Location="file:///etc/passwd")),
    "redirect inside": (R.REDIRECTED, lambda handler: send(handler, status=302, Location="http://169.254.169.254/latest/")),
    "wrong type": (R.WRONG_TYPE, lambda handler: send(handler, Content_Type="text/html")),
    "no type": (R.WRONG_TYPE, lambda handler: answer(handler, BODY)),
    "type that only begins so": (R.WRONG_TYPE, lambda handler: send(handler, Content_Type="application/json-seq")),
    "compressed": (R.WRONG_TYPE, lambda handler: send(handler, Content_Encoding="gzip")),
    "huge by its own word": (R.TOO_LARGE, lambda handler: send(handler, length=1 << 40)),
    "huge in chunks": (R.TOO_LARGE, lambda handler: endless(handler, b"4000\r\n" + b"x" * 0x4000 + b"\r\n")),
    "huge header": (R.BAD_ANSWER, lambda handler: send(handler, X_Pad="x" * 70_000)),
    "endless headers": (R.BAD_ANSWER, lambda handler: endless(handler, b"X: y\r\n", after=b"HTTP/1.1 200 OK\r\n")),
    "no length": (R.BAD_ANSWER, lambda handler: send(handler, length=None)),
    "500": (R.BAD_ANSWER, lambda handler: send(handler, status=500)),
    "304": (R.BAD_ANSWER, lambda handler: send(handler, b"", status=304)),
    "not HTTP": (R.BAD_ANSWER, raw(b"220 mail.example ESMTP\r\n")),
    "closed at once": (R.BAD_ANSWER, raw(b"")),
    "closed early": (R.ENDED_EARLY, lambda handler: send(handler, length=len(BODY) + 1)),
    "closed in a chunk": (R.ENDED_EARLY, raw(CHUNKED + b"9\r\nab")),
}  # fmt: skip


def endless(handler: BaseHTTPRequestHandler, piece: bytes, *, after: bytes = b"") -> None:
    """Write without end, until the client goes away."""
    handler.wfile.write(after or CHUNKED)
    while True:
        handler.wfile.write(piece)


@pytest.mark.proves("CVE-2026-102267")
@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_answers_are_refused_for_their_reason(name: str) -> None:
    """Each hostile answer is refused for the reason in the table, after one request."""
    reason, behaviour = HOSTILE[name]
    with served(behaviour) as (url, seen):
        assert fetched(url) is reason
    assert len(seen) == 1


@pytest.mark.parametrize("name", ["no byte", "a byte now and then", "header now and then"])
def test_one_time_for_everything(name: str) -> None:
    """A server that does not answer, or a byte at a time without end, is too slow when the time is over."""
    over = threading.Event()

    def slow(handler: BaseHTTPRequestHandler) -> None:
        if name == "a byte now and then":
            handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 9999\r\n\r\n")
        while not over.wait(0.02):
            handler.wfile.write({"no byte": b"", "a byte now and then": b" "}.get(name, b"H"))

    with served(slow) as (url, _):
        assert fetched(url, fetcher=Fetcher(seconds=0.2)) is R.TOO_SLOW
        over.set()


def test_resolving_takes_of_the_same_time() -> None:
    """A resolver that does not answer makes the fetch too slow; one that knows no name, a name that is not known."""
    over = threading.Event()

    def stuck(host: str, port: int, /) -> tuple[str, ...]:
        over.wait(SECONDS)
        return ()

    def unknown(host: str, port: int, /) -> tuple[str, ...]:
        raise socket.gaierror

    assert fetched("https://provider.example/", fetcher=Fetcher(seconds=0.2, resolve=stuck)) is R.TOO_SLOW
    over.set()
    assert fetched("https://provider.example/", fetcher=Fetcher(seconds=SECONDS, resolve=unknown)) is R.UNKNOWN_NAME


@contextmanager
def watched() -> Iterator[list[str]]:
    """Yield the addresses that anything connects to meanwhile."""
    seen: list[str] = []
    plain = socket.socket.connect

    class Watched(socket.socket):
        def connect(self, address: Any, /) -> None:
            seen.append(str(address[0]))
            plain(self, address)

    patch = pytest.MonkeyPatch()
    patch.setattr("ctsec.transport.fetch.socket.socket", Watched)
    try:
        yield seen
    finally:
        patch.undo()


INSIDE = [
    ("127.0.0.1",), ("10.0.0.1",), ("169.254.169.254",), ("::1",), ("::ffff:127.0.0.1",), ("64:ff9b::7f00:1",), ("fe80::1%eth0",), (),
    ("1.1.1.1", "127.0.0.1"), ("127.0.0.1", "1.1.1.1"), ("garbage",),
]  # fmt: skip


@pytest.mark.parametrize("addresses", INSIDE, ids=str)
def test_a_name_that_leads_inside_is_not_connected_to(addresses: tuple[str, ...]) -> None:
    """A name with one address that is not public is refused before anything connects, whatever its other addresses are."""
    with watched() as seen:
        fetcher = Fetcher(seconds=SECONDS, resolve=lambda host, port: addresses)
        assert fetched("https://provider.example/", fetcher=fetcher, reach=Reach.PUBLIC) is R.ADDRESS_NOT_ALLOWED
    assert seen == []


def test_the_address_that_was_checked_is_the_one_that_is_connected_to() -> None:
    """A name is resolved once: a resolver that says something else the second time (DNS rebinding) is not asked again."""
    answers = iter([("127.0.0.1",), ("10.0.0.1",)])
    with served(provider) as (url, seen), watched() as connected:
        fetcher = Fetcher(seconds=SECONDS, resolve=lambda host, port: next(answers))
        assert fetched(url.replace("127.0.0.1", "localhost"), fetcher=fetcher) == WHOLE
    assert connected == ["127.0.0.1"]
    assert next(answers) == ("10.0.0.1",)
    assert len(seen) == 1


def test_the_next_address_is_tried_where_one_does_not_answer() -> None:
    """Of several addresses that are allowed the first that takes the connection is used."""
    with served(provider) as (url, _), watched() as connected:
        fetcher = Fetcher(seconds=SECONDS, resolve=lambda host, port: ("127.0.0.2", "127.0.0.1"))
        assert fetched(url, fetcher=fetcher) == WHOLE
    assert connected == ["127.0.0.2", "127.0.0.1"]
    with served(provider) as (url, _):
        pass
    assert fetched(url) is R.NO_CONNECTION


def test_the_switches_are_for_one_fetch() -> None:
    """Loopback and plain http are reached with their switch only, and the switch for private networks is another one."""
    with served(provider) as (url, seen):
        for reach in (Reach.PUBLIC, Reach.ON_PREMISE):
            assert fetched(url, reach=reach) is R.BAD_ADDRESS
            assert fetched(url.replace("http:", "https:"), reach=reach) is R.ADDRESS_NOT_ALLOWED
        assert fetched(url) == WHOLE
    assert len(seen) == 1
    astray = Fetcher(seconds=SECONDS, resolve=lambda host, port: ("1.1.1.1",))
    assert fetched("http://localhost/", fetcher=astray) is R.ADDRESS_NOT_ALLOWED


NOT_HTTPS = [
    "http://provider.example/", "ftp://provider.example/", "file:///etc/passwd", "https://user:word@provider.example/", "https:///x",
    "https://0x7f000001/", "https://2130706433/", "https://provider.example\\@evil.example/", "https://[::1%25lo]/", "//x", "", "x" * 9000,
]  # fmt: skip


@pytest.mark.parametrize("url", NOT_HTTPS, ids=lambda url: url[:40])
def test_what_is_no_https_address_is_refused(url: str) -> None:
    """Another scheme, a user name, a number for an address, what parsers read differently: refused, with nothing resolved."""
    asked: list[str] = []

    def resolve(host: str, port: int, /) -> tuple[str, ...]:
        asked.append(host)
        return ("1.1.1.1",)

    assert fetched(url, fetcher=Fetcher(seconds=SECONDS, resolve=resolve), reach=Reach.PUBLIC) is R.BAD_ADDRESS
    assert asked == []


def test_nothing_is_asked_outside_of_the_hosts() -> None:
    """With hosts given, another host is refused before its name is resolved."""
    asked: list[str] = []

    def resolve(host: str, port: int, /) -> tuple[str, ...]:
        asked.append(host)
        return ("127.0.0.1",)

    fetcher = Fetcher(seconds=SECONDS, resolve=resolve)
    with served(provider) as (url, _):
        request = HttpRequest(url=url.replace("127.0.0.1", "localhost"))
        assert fetcher.fetch(request, reach=Reach.LOOPBACK, hosts=frozenset({"localhost"})) == WHOLE
        for hosts in (frozenset({"other"}), frozenset[str](), frozenset({"ocalhost"})):
            with pytest.raises(FetchRefused) as refused:
                fetcher.fetch(request, reach=Reach.LOOPBACK, hosts=hosts)
            assert refused.value.reason == R.HOST_NOT_ALLOWED
    assert asked == ["localhost"]


@pytest.mark.proves("CVE-2026-54603", "CVE-2026-54605")
def test_redirects_stay_at_one_place_and_carry_no_credentials_on() -> None:
    """Where a GET allows redirects they are followed at the same scheme, host and port, as often as it says; a POST follows none."""

    def hop(handler: BaseHTTPRequestHandler) -> None:
        if handler.path == "/end":
            return provider(handler)
        port = handler.headers["Host"].rpartition(":")[2]
        places = {"/1": "/end", "/2": "1", "/away": f"http://localhost:{port}/end", "/slash": "//evil.example/"}
        return send(handler, status=302, Location=places[handler.path])

    with served(hop) as (url, seen):
        assert fetched(f"{url}/2", redirects=2) == WHOLE
        assert fetched(f"{url}/2", redirects=1) is R.REDIRECTED
        for path in ("/away", "/slash"):
            assert fetched(url + path, redirects=5) is R.REDIRECTED
        assert fetched(f"{url}/1", method="POST", body=b"secret") is R.REDIRECTED
    assert [path for path, _ in seen] == ["/2", "/1", "/end", "/2", "/1", "/away", "/slash", "/1"]
    with pytest.raises(ValueError, match="no redirect of a POST"):
        HttpRequest(url=url, method="POST", body=b"", redirects=1)


def test_an_error_of_the_other_side_is_an_answer_without_a_strange_body() -> None:
    """A status from 400 to 499 is returned, with its body if it has the type that was asked for and without it otherwise."""
    with served(lambda handler: send(handler, b'{"error": "invalid_grant"}', status=400)) as (url, _):
        assert fetched(url) == HttpAnswer(status=400, media="application/json", body=b'{"error": "invalid_grant"}')
    with served(lambda handler: send(handler, status=404, Content_Type="text/html")) as (url, _):
        assert fetched(url) == HttpAnswer(status=404, media="text/html")


def test_nothing_secret_is_told() -> None:
    """Requests and answers do not show headers and bodies, and an error survives pickling with its reason."""
    shown = repr(HttpRequest(url="https://p.example/", method="POST", headers={"Authorization": "word"}, body=b"word"))
    assert "word" not in shown + repr(HttpAnswer(status=200, body=b"word"))
    error = pickle.loads(pickle.dumps(FetchRefused("expected", reason="redirected")))
    assert (type(error), str(error), error.reason) == (FetchRefused, "expected", "redirected")


def test_what_makes_no_sense_is_refused_when_it_is_made() -> None:
    """A time of nothing or of minutes, a body with GET and none with POST are mistakes; a CA file that is not there too."""
    for seconds in (0.0, -1.0, 61.0, float("nan")):
        with pytest.raises(ValueError, match="60 seconds"):
            Fetcher(seconds=seconds)
    for how in ({"body": b""}, {"method": "POST"}):
        with pytest.raises(ValueError, match="body"):
            HttpRequest(url="https://p.example/", **how)
    with pytest.raises(ConfigurationError):
        Fetcher(transport=Transport(ca_file="/nowhere"))
