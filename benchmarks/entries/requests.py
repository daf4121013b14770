"""What a guard costs a request of the example applications: requests per second with and without it, in process, in wall time.

The dashboards of a workspace are read from SQLite behind the example's own guard, and by the same handler without it. The application is
called as a server would call it, through ASGI and through WSGI, one request at a time; no client and no socket is in the numbers.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any, TypeAlias

from werkzeug.test import EnvironBuilder, run_wsgi_app

from benchmarks.example import BASE, Example, fastapi_example, flask_example
from benchmarks.measure import Contestant, Race
from ctsec.web.site import Site

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication
    from starlette.types import ASGIApp, Message

REQUESTS = 25
COMMON = {"Host": "localhost:8000", "User-Agent": "benchmark", "Accept": "application/json"}
Headers: TypeAlias = dict[str, str]
Answer: TypeAlias = tuple[int, bytes]


def credentials(example: Example[Any]) -> tuple[tuple[str, Headers], ...]:
    """Return what the guarded route is asked with, by name: a browser's cookie, and an API key."""
    cookie = Site.of(BASE).cookie_name
    return (
        ("session cookie", {"Cookie": f"{cookie}={example.people.session}"}),
        ("API key", {"Authorization": f"Bearer {example.people.key}"}),
    )


async def asgi(app: ASGIApp, path: str, headers: Headers) -> Answer:
    """Call an ASGI application with the scope of a GET, and return status and body."""
    scope: dict[str, Any] = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "server": ("127.0.0.1", 8000),
        "client": ("127.0.0.1", 50000),
        "scheme": "http",
        "method": "GET",
        "root_path": "",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": [(name.lower().encode(), value.encode()) for name, value in (COMMON | headers).items()],
        "state": {},
    }
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        sent.append(message)

    await app(scope, receive, send)
    return int(sent[0]["status"]), b"".join(message.get("body", b"") for message in sent[1:])


def wsgi(app: WSGIApplication, path: str, headers: Headers) -> Callable[[], Answer]:
    """Return a call of a WSGI application with the environ of a GET; it returns status and body."""
    given = list((COMMON | headers).items())
    environ = EnvironBuilder(path, base_url=BASE, headers=given, environ_base={"REMOTE_ADDR": "127.0.0.1"}).get_environ()

    def call() -> Answer:
        body, status, _ = run_wsgi_app(app, environ)
        return int(status.split()[0]), b"".join(body)

    return call


def _fastapi(runner: asyncio.Runner, example: Example[Any]) -> Race:
    def contestant(name: str, path: str, headers: Headers) -> Contestant:
        async def ask() -> float:
            start = time.perf_counter()
            for _ in range(REQUESTS):
                _expect_ok(await asgi(example.app, path, headers))
            return (time.perf_counter() - start) / REQUESTS

        return Contestant(name=name, slice=lambda: runner.run(ask()))

    return _race("FastAPI", contestant, example)


def _flask(example: Example[Any]) -> Race:
    def contestant(name: str, path: str, headers: Headers) -> Contestant:
        call = wsgi(example.app, path, headers)

        def ask() -> float:
            start = time.perf_counter()
            for _ in range(REQUESTS):
                _expect_ok(call())
            return (time.perf_counter() - start) / REQUESTS

        return Contestant(name=name, slice=ask)

    return _race("Flask", contestant, example)


def _expect_ok(answer: Answer) -> None:
    if answer[0] != 200:
        raise RuntimeError(f"expected status 200, got {answer[0]}")


def _race(host: str, contestant: Callable[[str, str, Headers], Contestant], example: Example[Any]) -> Race:
    return Race(
        title=f"the example's dashboards, requests in process: {host}",
        floor=contestant(f"{host}, no guard", example.unguarded, {}),
        contestants=tuple(contestant(f"{host}, {name}", example.guarded, headers) for name, headers in credentials(example)),
        rate_unit="req/s",
        rounds=21,
    )


def entry() -> Iterable[Race]:
    """Return a race for each host; each must be run before the next is asked for."""
    with asyncio.Runner() as runner:
        stack = AsyncExitStack()
        asynchronous = runner.run(stack.enter_async_context(fastapi_example()))
        try:
            yield _fastapi(runner, asynchronous)
        finally:
            runner.run(stack.aclose())
    with flask_example() as synchronous:
        yield _flask(synchronous)
