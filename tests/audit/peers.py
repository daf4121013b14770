"""Receivers on loopback that take a batch, answer 500, take it and never say so, reset in the middle, hang, or are dead."""

from __future__ import annotations

import socket
import ssl
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

MODES = ("take", "500", "lost", "reset", "hang")


@dataclass(slots=True)
class Said:
    """What a peer took: path, headers in lower case, and body."""

    path: str
    headers: dict[str, str]
    body: bytes


@dataclass(slots=True)
class Script:
    """How the next requests end, the rest of them as `always`; what was `taken`, and the answer to it."""

    modes: list[str] = field(default_factory=list[str])
    always: str = "take"
    taken: list[Said] = field(default_factory=list[Said])
    answer: bytes = b"{}"
    media: str = "application/json"
    released: threading.Event = field(default_factory=threading.Event)

    def next(self) -> str:
        """Return how this one ends."""
        return self.modes.pop(0) if self.modes else self.always


def reset(sock: socket.socket) -> None:
    """Let the connection end with a reset."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()


class _HttpServer(ThreadingHTTPServer):
    daemon_threads = True
    allow_reuse_address = True
    script: Script

    def shutdown_request(self, request: Any) -> None:
        with suppress(OSError):
            super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A connection that was reset is what was asked for."""


class _Answers(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        """End as the script says."""
        assert isinstance(self.server, _HttpServer)
        script, mode = self.server.script, self.server.script.next()
        length = int(self.headers.get("content-length") or 0)
        if mode == "reset":
            self.rfile.read(min(10, length))
            reset(self.connection)
            return
        body = self.rfile.read(length)
        if mode == "hang":
            script.released.wait(60)
            return
        if mode in {"take", "lost"}:
            script.taken.append(Said(self.path, {name.lower(): value for name, value in self.headers.items()}, body))
        if mode == "lost":
            reset(self.connection)
            return
        self.send_response(200 if mode == "take" else int(mode))
        self.send_header("Content-Type", script.media)
        self.send_header("Content-Length", str(len(script.answer)))
        self.end_headers()
        self.wfile.write(script.answer)

    do_PUT = do_POST  # noqa: N815 - the name is the standard library's

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 - idem
        """Say nothing."""


@contextmanager
def http_peer(script: Script, *, port: int = 0) -> Iterator[int]:
    """Run an http service that ends requests as the script says; yield its port."""
    server = _HttpServer(("127.0.0.1", port), _Answers)
    server.script = script
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield int(server.server_address[1])
    finally:
        script.released.set()
        server.shutdown()
        server.server_close()
        thread.join(10)
        script.released.clear()


@contextmanager
def syslog_peer(script: Script, *, context: ssl.SSLContext | None = None, port: int = 0) -> Iterator[int]:
    """Run a syslog server that ends connections as the script says, in TLS with a context; yield its port."""
    listener = socket.create_server(("127.0.0.1", port), backlog=16)
    over = threading.Event()

    def quietly(accepted: socket.socket) -> None:
        with suppress(OSError), accepted if context is None else context.wrap_socket(accepted, server_side=True) as sock:
            _end(sock, script)

    def serve() -> None:
        while not over.is_set():
            try:
                accepted, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=quietly, args=(accepted,), daemon=True).start()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield int(listener.getsockname()[1])
    finally:
        over.set()
        script.released.set()
        with suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(10)
        script.released.clear()


def _end(sock: socket.socket, script: Script) -> None:
    mode = script.next()
    if mode == "500":  # syslog has no answer: what comes nearest is a server that lets go at once
        reset(sock)
        return
    if mode == "reset":
        sock.recv(10)
        reset(sock)
        return
    if mode == "hang":
        script.released.wait(60)
        return
    body = b""
    while chunk := sock.recv(65536):
        body += chunk
    script.taken.append(Said("", {}, body))
    if mode == "lost":
        reset(sock)
        return
    if isinstance(sock, ssl.SSLSocket) and mode != "silent":
        sock.unwrap()


def frames(body: bytes) -> list[bytes]:
    """Return the messages of counted frames (RFC 6587, 3.4.1)."""
    found: list[bytes] = []
    while body:
        length, _, rest = body.partition(b" ")
        found.append(rest[: int(length)])
        body = rest[int(length) :]
    return found
