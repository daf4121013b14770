"""How a simulated directory reaches a host: a callable, over WSGI, over ASGI, or of your own."""

from __future__ import annotations

import io
import json
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping, MutableMapping
from dataclasses import dataclass, field
from typing import Any, Protocol
from urllib.parse import unquote, urlsplit


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a host answered; names of headers are in lower case."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    body: bytes = b""

    @property
    def json(self) -> Any:
        """The body as JSON, None without one."""
        return json.loads(self.body) if self.body else None


class Sends(Protocol):
    """Sends one request to a host: `target` is a path with its query."""

    def __call__(self, method: str, target: str, *, headers: Mapping[str, str], body: bytes) -> Answer:
        """Return what the host answered."""
        ...


def over_wsgi(app: Callable[..., Iterable[bytes]], *, host: str = "app.example", address: str = "198.51.100.7") -> Sends:
    """Send to a WSGI application, below `https://` and the name `host`, from `address`."""

    def send(method: str, target: str, *, headers: Mapping[str, str], body: bytes) -> Answer:
        where = urlsplit(target)
        environ: dict[str, Any] = {
            "REQUEST_METHOD": method,
            "SCRIPT_NAME": "",
            "PATH_INFO": unquote(where.path, encoding="latin-1"),
            "QUERY_STRING": where.query,
            "SERVER_NAME": host,
            "SERVER_PORT": "443",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "REMOTE_ADDR": address,
            "CONTENT_LENGTH": str(len(body)),
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": "https",
            "wsgi.input": io.BytesIO(body),
            "wsgi.errors": io.StringIO(),
            "wsgi.multithread": False,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
            "HTTP_HOST": host,
        }
        for name, value in headers.items():
            key = name.upper().replace("-", "_")
            environ[key if key == "CONTENT_TYPE" else f"HTTP_{key}"] = value
        told: list[Any] = []

        def start(status: str, sent: list[tuple[str, str]], _: object = None) -> None:
            told.extend((status, sent))

        content = b"".join(app(environ, start))
        return Answer(status=int(told[0][:3]), headers={name.lower(): value for name, value in told[1]}, body=content)

    return send


def over_asgi(
    app: Callable[..., Awaitable[None]],
    *,
    run: Callable[[Coroutine[Any, Any, None]], None],
    host: str = "app.example",
    address: str = "198.51.100.7",
) -> Sends:
    """Send to an ASGI application; `run` runs a coroutine on the loop that the application lives on, as `asyncio.Runner().run` does."""

    def send(method: str, target: str, *, headers: Mapping[str, str], body: bytes) -> Answer:
        where = urlsplit(target)
        sent = {"host": host, "content-length": str(len(body)), **headers}
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": method,
            "scheme": "https",
            "path": unquote(where.path),
            "raw_path": where.path.encode(),
            "root_path": "",
            "query_string": where.query.encode(),
            "headers": [(name.lower().encode(), value.encode("latin-1")) for name, value in sent.items()],
            "client": (address, 40_000),
            "server": (host, 443),
        }
        told: list[MutableMapping[str, Any]] = []

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": body, "more_body": False}

        async def tell(message: MutableMapping[str, Any]) -> None:
            told.append(message)

        async def asked() -> None:
            await app(scope, receive, tell)

        run(asked())
        found = {name.decode().lower(): value.decode("latin-1") for name, value in told[0].get("headers", ())}
        return Answer(status=told[0]["status"], headers=found, body=b"".join(each.get("body", b"") for each in told[1:]))

    return send
