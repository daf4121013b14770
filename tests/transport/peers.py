"""Peers on loopback that the tests write themselves: TLS contexts of a chosen version, a mail server, an https service."""

from __future__ import annotations

import asyncio
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final

from aiosmtpd.smtp import SMTP, Envelope, Session

from tests.certificates import Pair

VERSIONS: Final = {"TLSv1.2": ssl.TLSVersion.TLSv1_2, "TLSv1.3": ssl.TLSVersion.TLSv1_3}
DESCRIBED: Final = b'{"KeyMetadata": {"KeyId": "k", "Arn": "arn:aws:kms:eu-west-1:111122223333:key/k"}}'


def listening(pair: Pair, version: str, *, clients: str | None = None) -> ssl.SSLContext:
    """Return a listener's context that speaks this version only; `clients` is the CA that clients must have a certificate of."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = context.maximum_version = VERSIONS[version]
    context.load_cert_chain(pair.certificate, pair.key)
    if clients is not None:
        context.load_verify_locations(clients)
        context.verify_mode = ssl.CERT_REQUIRED
    return context


class Service(ThreadingHTTPServer):
    """An https service; `versions` is what its connections spoke, and `answered` how many requests it answered."""

    daemon_threads = True
    request_queue_size = 16

    def __init__(self, context: ssl.SSLContext | None) -> None:
        super().__init__(("127.0.0.1", 0), _Answer)
        self.context = context
        self.answered = 0
        self._begun = 0
        self._spoken: list[str | None] = []
        self._changed = threading.Condition()

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self.server_address[1])

    @property
    def versions(self) -> list[str | None]:
        """What the connections spoke that were accepted by now; a client may know the end of a handshake before this side does."""
        with self._changed:
            assert self._changed.wait_for(lambda: len(self._spoken) == self._begun, 60)
            return list(self._spoken)

    def process_request(self, request: Any, client_address: Any) -> None:
        """Count a connection before its thread begins."""
        with self._changed:
            self._begun += 1
        super().process_request(request, client_address)

    def _note(self, version: str | None) -> None:
        with self._changed:
            self._spoken.append(version)
            self._changed.notify_all()

    def finish_request(self, request: Any, client_address: Any) -> None:
        """Shake hands in the connection's own thread, then answer."""
        if self.context is None:
            self._note(None)
            super().finish_request(request, client_address)
            return
        spoken = None
        try:
            with self.context.wrap_socket(request, server_side=True) as tls:
                spoken = tls.version()
                self._note(spoken)
                super().finish_request(tls, client_address)
        except OSError:
            if spoken is None:
                self._note("refused")

    def shutdown_request(self, request: Any) -> None:
        """The socket is closed by the handshake's own block; there is nothing more to shut down."""
        request.close()


class _Answer(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        """Answer any call with the description of a key."""
        if isinstance(self.server, Service):
            self.server.answered += 1
        self.rfile.read(int(self.headers.get("content-length") or 0))
        self.send_response(200)
        self.send_header("content-type", "application/x-amz-json-1.1")
        self.send_header("content-length", str(len(DESCRIBED)))
        self.end_headers()
        self.wfile.write(DESCRIBED)

    do_GET = do_POST  # noqa: N815 - the name is the standard library's

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 - idem
        """Say nothing."""


@contextmanager
def service(context: ssl.SSLContext | None) -> Iterator[Service]:
    """Run an https service; without a context it is plain http."""
    made = Service(context)
    thread = threading.Thread(target=made.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield made
    finally:
        made.shutdown()
        made.server_close()
        thread.join(5)


class Receiver:
    """What aiosmtpd calls for each mail; `spoken` is the version of each mail's connection, `mails` their texts."""

    def __init__(self) -> None:
        self.spoken: list[str | None] = []
        self.mails: list[bytes] = []

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's name
        """Keep a mail."""
        tls = server.transport.get_extra_info("ssl_object") if server.transport else None
        self.spoken.append(tls.version() if tls else None)
        self.mails.append(envelope.original_content or b"")
        return "250 kept"


@contextmanager
def mail_server(context: ssl.SSLContext | None, *, implicit: bool) -> Iterator[tuple[int, Receiver]]:
    """Run a mail server with implicit TLS or STARTTLS; yield its port and what it receives."""
    receiver = Receiver()
    loop = asyncio.new_event_loop()
    loop.set_exception_handler(lambda *_: None)
    start_tls = None if implicit else context

    def speak() -> SMTP:
        return SMTP(receiver, hostname="mail.example.test", tls_context=start_tls, loop=loop)

    server = loop.run_until_complete(loop.create_server(speak, "127.0.0.1", 0, ssl=context if implicit else None))
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        yield int(server.sockets[0].getsockname()[1]), receiver
    finally:
        asyncio.run_coroutine_threadsafe(_leave(server), loop).result(5)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(5)
        loop.close()


async def _leave(server: asyncio.Server) -> None:
    server.close()
    others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
