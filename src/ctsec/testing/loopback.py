"""A server on loopback for the providers of tests: a request comes as a value, and its answer is one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from ctsec.clock import Clock


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A request: `target` is the address as it arrived, `query` its query undecoded, `form` the body as fields."""

    method: str
    target: str
    headers: Mapping[str, str]
    form: Mapping[str, str]

    @property
    def path(self) -> str:
        """The path alone."""
        return urlsplit(self.target).path

    @property
    def query(self) -> str:
        """The query, without `?`."""
        return urlsplit(self.target).query


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """An answer."""

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    body: bytes = b""


class Loopback:
    """Listens on a free port between `start` and `stop`, and tells the time of its clock in `Date`."""

    def __init__(self, answer: Callable[[Asked], Answered], *, clock: Callable[[], Clock]) -> None:
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _answering(answer, clock))
        self._thread = Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def start(self) -> None:
        """Begin to listen."""
        self._thread.start()

    def stop(self) -> None:
        """Stop."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def _answering(answer: Callable[[Asked], Answered], clock: Callable[[], Clock]) -> type[BaseHTTPRequestHandler]:
    class Answering(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            """Answer without a form."""
            self._answer("")

        def do_POST(self) -> None:
            """Answer with a form."""
            self._answer(self.rfile.read(int(self.headers.get("content-length", "0"))).decode("ascii"))

        def date_time_string(self, timestamp: float | None = None) -> str:
            """Return the time by the provider's clock, as its header `Date` tells it."""
            return formatdate(clock().now().timestamp() if timestamp is None else timestamp, usegmt=True)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the signature of http.server
            """Say nothing."""

        def _answer(self, body: str) -> None:
            headers = {name.lower(): value for name, value in self.headers.items()}
            made = answer(Asked(method=self.command, target=self.path, headers=headers, form=dict(parse_qsl(body))))
            self.send_response(made.status)
            for name, value in {**made.headers, "content-length": str(len(made.body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(made.body)

    return Answering
