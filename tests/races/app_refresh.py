"""Refreshes of one connected app by several processes, and by one that is killed: run by `tests.victim`, against a service on loopback."""

from __future__ import annotations

import os
import threading
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
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
from ctsec.transport.reach import Reach
from ctsec.transport.request import HttpRequest
from tests.races.crowd import keys_in, storage_at
from tests.services._sync_world import World

PROCESSES: Final = 4
CALLS: Final = 50
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


def world_at(url: str, guard_url: str, folder: str, *, simulator: AppSimulator, port: int) -> World:
    """Return a world over a database, which can connect the simulator."""
    options = EmbeddedOptions(apps=AppPolicy(providers=(provider_at(simulator, port),)))
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


def storm(url: str, guard_url: str, folder: str, port: str, moment: str, organization: str, app: str) -> None:
    """Ask for a token in four processes, fifty times at once in each; raise unless all have the same one."""
    told, tells = os.pipe()
    children: list[int] = []
    for _ in range(PROCESSES):
        child = os.fork()
        if child == 0:
            code = 1
            try:
                world = _opened(url, guard_url, folder, port, moment)
                start = threading.Barrier(CALLS)

                def ask(world: World = world, start: threading.Barrier = start) -> str:
                    start.wait()
                    return token_of(world, organization, app)

                with ThreadPoolExecutor(CALLS) as pool:
                    found = {future.result() for future in [pool.submit(ask) for _ in range(CALLS)]}
                os.write(tells, f"{' '.join(sorted(found))}\n".encode())
                code = 0
            finally:
                os._exit(code)
        children.append(child)
    os.close(tells)
    codes = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]
    with open(told, encoding="ascii") as answers:
        lines = answers.read().splitlines()
    if codes != [0] * PROCESSES or len(set(lines)) != 1 or " " in lines[0] or len(lines[0]) < 30:
        raise AssertionError(f"{codes} {lines}")


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
