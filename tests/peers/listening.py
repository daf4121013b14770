"""A host of the tests that really listens on loopback, for what a provider sends by itself."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from typing import TypeVar

import uvicorn
from werkzeug.serving import make_server

from tests.hosts.harness import FastapiHost, FlaskHost, Host

T = TypeVar("T")


class Listener:
    """Where a host listens; `during` lets it answer while something is done."""

    def __init__(self, url: str, during: Callable[[Callable[[], object]], object]) -> None:
        self.url = url
        self._during = during

    def during(self, act: Callable[[], object]) -> object:
        """Do something, and answer meanwhile whoever asks the host."""
        return self._during(act)


@contextmanager
def listening(host: Host) -> Iterator[Listener]:
    """Have a host listen, each framework with a server of its kind."""
    assert isinstance(host, FastapiHost | FlaskHost)
    with _by_uvicorn(host) if isinstance(host, FastapiHost) else _by_werkzeug(host) as listener:
        yield listener


class _Server(uvicorn.Server):
    def capture_signals(self) -> nullcontext[None]:  # type: ignore[override]
        """Leave the signals of the tests' process alone."""
        return nullcontext()


@contextmanager
def _by_uvicorn(host: FastapiHost) -> Iterator[Listener]:
    """Serve in the loop of the host, where its bundle belongs: it turns only while `during` lasts."""
    server = _Server(uvicorn.Config(host.app, lifespan="off", log_config=None, server_header=False))
    with socket.create_server(("127.0.0.1", 0)) as place:

        async def start() -> asyncio.Task[None]:
            task = asyncio.create_task(server.serve(sockets=[place]))
            while not server.started:
                assert not task.done(), "the server ended"
                await asyncio.sleep(0)
            return task

        async def end() -> None:
            server.should_exit = True
            await task

        port = place.getsockname()[1]
        task = host.runner.run(start())
        try:
            yield Listener(f"http://127.0.0.1:{port}", lambda act: host.runner.run(asyncio.to_thread(act)))
        finally:
            host.runner.run(end())


@contextmanager
def _by_werkzeug(host: FlaskHost) -> Iterator[Listener]:
    """Serve in a thread."""
    server = make_server("127.0.0.1", 0, host.app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield Listener(f"http://127.0.0.1:{server.server_port}", lambda act: act())
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
