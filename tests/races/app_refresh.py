"""A refresh of one connected app by a process that is killed: run by `tests.victim`, against a service on loopback.

What is asked of the service is a step before, and a step after it has answered.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Generator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Final

from ctsec.connections import AccessToken, AppPolicy, AppProvider
from ctsec.errors import FetchError, StoreBusy
from ctsec.ids import AppId, OrganizationId
from ctsec.principal import system
from ctsec.security.parts import EmbeddedOptions
from ctsec.testing.apps import HOST, AppSimulator
from ctsec.transport.fetch import Fetcher
from ctsec.transport.reach import Reach
from ctsec.transport.request import HttpAnswer, HttpRequest
from tests.races.crowd import keys_in, storage_at
from tests.services._sync_world import World

JOB: Final = system("a job")


def provider_at(simulator: AppSimulator, port: int) -> AppProvider:
    """Return the simulator as it listens on a port."""
    at = f"http://127.0.0.1:{port}"
    return simulator.provider(token_endpoint=f"{at}/token", revocation_endpoint=f"{at}/revoke", reach=Reach.LOOPBACK)


@contextmanager
def listening(simulator: AppSimulator) -> Generator[int, None, None]:
    """Have a simulator listen on loopback, and yield the port."""

    class Answers(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            try:
                answer = simulator.fetch(HttpRequest(url=f"https://{HOST}{self.path}", method="POST", body=body))
                status, told = answer.status, answer.body
            except FetchError:
                status, told = 503, b"{}"
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(told)))
            self.end_headers()
            self.wfile.write(told)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name that it has
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class Counted:
    """Asks as a host does; before it asks and after it was answered it writes a byte to nobody, which `tests.victim` counts as a step."""

    def fetch(self, request: HttpRequest, *, reach: Reach = Reach.PUBLIC, hosts: frozenset[str] | None = None) -> HttpAnswer:
        """Return the answer of a `Fetcher`."""
        with open(os.devnull, "wb") as nobody:
            os.write(nobody.fileno(), b"-")
            answer = Fetcher().fetch(request, reach=reach, hosts=hosts)
            os.write(nobody.fileno(), b"-")
        return answer


def world_at(url: str, guard_url: str, folder: str, *, simulator: AppSimulator, port: int) -> World:
    """Return a world over a database, which can connect the simulator."""
    options = EmbeddedOptions(apps=AppPolicy(providers=(provider_at(simulator, port),), fetcher=Counted()))
    return World(storage_at(url, guard_url), keys=keys_in(Path(folder)), options=options)


def token_of(world: World, organization: str, app: str) -> str:
    """Return a token, or in one word why there is none; a store that is busy is asked again."""
    while True:
        try:
            found = world.security.apps.get_token(JOB, AppId(app), organization=OrganizationId(organization))
        except StoreBusy:
            continue
        return found.secret.reveal() if isinstance(found, AccessToken) else found.reason.value


def refresh(url: str, guard_url: str, folder: str, port: str, moment: str, organization: str, app: str) -> None:
    """Ask for a token once, as an order of `tests.victim`."""
    world = _opened(url, guard_url, folder, port, moment)
    token_of(world, organization, app)


def _opened(url: str, guard_url: str, folder: str, port: str, moment: str) -> World:
    simulator = AppSimulator(_STILL)
    world = world_at(url, guard_url, folder, simulator=simulator, port=int(port))
    world.clock.set(datetime.fromisoformat(moment))
    return world


class _Still:
    """A clock for a simulator that is only asked how it is known."""

    def now(self) -> datetime:
        """Return no time of use."""
        return datetime.max.replace(tzinfo=UTC)

    def monotonic(self) -> float:
        """Return no time of use."""
        return 0.0


_STILL: Final = _Still()
