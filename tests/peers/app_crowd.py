"""Four processes of one deployment, fifty calls in each, that ask at once for the token of one connected app.

`python -m tests.peers.app_crowd` forks them from one that has imported; they live as long as the test. Two work with threads, two with
tasks of an event loop. Each line of the input is one round: the time, and the app. Each answer is one line: for each process, what its
calls were given, and how many of them.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import threading
import traceback
from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO, Final

import ctsec
from ctsec.connections import AccessToken, AppPolicy, AppProvider
from ctsec.errors import StoreBusy
from ctsec.ids import AppId, OrganizationId
from ctsec.jose.client_proof import SecretPost
from ctsec.outcome import Outcome, Refusal
from ctsec.principal import system
from ctsec.secret import SecretText
from ctsec.security.parts import EmbeddedOptions
from ctsec.storage.sql._async import AsyncSqlStorage
from ctsec.transport.reach import Reach
from tests.peers.scene import SECRET
from tests.races.crowd import keys_in, storage_at
from tests.servers import Database
from tests.services._async_world import AsyncWorld
from tests.services._sync_world import World

PROCESSES: Final = 4
CALLS: Final = 50
CLIENT: Final = "a-connected-app"
JOB: Final = system("a job")
ROOT: Final = Path(__file__).resolve().parents[2]


def peer_at(issuer: str) -> AppProvider:
    """Return oidc-provider as a deployment knows it."""
    return AppProvider(
        name="peer",
        issuer=issuer,
        authorization_endpoint=f"{issuer}/auth",
        token_endpoint=f"{issuer}/token",
        revocation_endpoint=f"{issuer}/token/revocation",
        client_id=CLIENT,
        proof=SecretPost(SecretText(SECRET)),
        scopes=("openid", "offline_access"),
        extra={"prompt": "consent"},
        reach=Reach.LOOPBACK,
    )


def options_at(issuer: str) -> EmbeddedOptions:
    """Return the options of a deployment that can connect it."""
    return EmbeddedOptions(apps=AppPolicy(providers=(peer_at(issuer),)))


def world_over(database: Database, folder: Path, issuer: str) -> World:
    """Return a deployment over a database."""
    return World(storage_at(database.sync_url, database.guard_sync_url), keys=keys_in(folder), options=options_at(issuer))


@dataclass(frozen=True, slots=True)
class Asked:
    """One round, as a line has it."""

    now: datetime
    organization: OrganizationId
    app: AppId

    @classmethod
    def read(cls, line: str) -> Asked:
        """Return the round in a line."""
        now, organization, app = json.loads(line)
        return cls(datetime.fromisoformat(now), OrganizationId(organization), AppId(app))


class AppCrowd:
    """The processes, for a test."""

    def __init__(self, database: Database, folder: Path, issuer: str) -> None:
        path = os.pathsep.join([os.path.dirname(os.path.dirname(ctsec.__file__)), str(ROOT)])
        urls = (database.sync_url, database.guard_sync_url, database.async_url, database.guard_async_url)
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.peers.app_crowd", *urls, str(folder), issuer],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": path},
        )

    def ask(self, now: datetime, organization: str, app: str) -> list[dict[str, int]]:
        """Have every process ask in all of its calls at once; return what each was given, and how often."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps([now.isoformat(), organization, app]) + "\n")
        self._process.stdin.flush()
        told: list[dict[str, int]] = json.loads(self._process.stdout.readline())
        return told

    def close(self) -> None:
        """End the processes."""
        self._process.communicate()
        assert self._process.returncode == 0


def _word(found: Outcome[AccessToken]) -> str:
    return found.reason.value if isinstance(found, Refusal) else found.secret.reveal()


def threads(orders: IO[str], answers: int, world: World) -> None:
    """Ask in threads, one for each call; a store that is busy is asked again."""
    start = threading.Barrier(CALLS)

    def call(asked: Asked) -> str:
        start.wait()
        while True:
            try:
                return _word(world.security.apps.get_token(JOB, asked.app, organization=asked.organization))
            except StoreBusy:
                continue

    with ThreadPoolExecutor(CALLS) as pool:
        for line in orders:
            asked = Asked.read(line)
            world.clock.set(asked.now)
            _tell(answers, pool.map(call, [asked] * CALLS))


async def tasks(orders: IO[str], answers: int, world: AsyncWorld) -> None:
    """Ask in tasks of one event loop, one for each call."""

    async def call(asked: Asked) -> str:
        while True:
            try:
                return _word(await world.security.apps.get_token(JOB, asked.app, organization=asked.organization))
            except StoreBusy:
                continue

    for line in orders:
        asked = Asked.read(line)
        world.clock.set(asked.now)
        _tell(answers, await asyncio.gather(*(call(asked) for _ in range(CALLS))))


def _tell(answers: int, words: Iterable[str]) -> None:
    os.write(answers, (json.dumps(Counter(words)) + "\n").encode())


def main(sync_url: str, guard_url: str, async_url: str, async_guard_url: str, folder: Path, issuer: str) -> None:
    """Fork the processes and pass rounds on."""

    def with_threads(orders: IO[str], answers: int) -> None:
        threads(orders, answers, World(storage_at(sync_url, guard_url), keys=keys_in(folder), options=options_at(issuer)))

    def with_tasks(orders: IO[str], answers: int) -> None:
        storage = AsyncSqlStorage.from_url(async_url, guard=async_guard_url)
        asyncio.run(tasks(orders, answers, AsyncWorld(storage, keys=keys_in(folder), options=options_at(issuer))))

    members = [_forked(with_threads if n % 2 == 0 else with_tasks) for n in range(PROCESSES)]
    for line in sys.stdin:
        for _, orders, _ in members:
            orders.write(line)
        print(json.dumps([json.loads(answers.readline()) for _, _, answers in members]), flush=True)
    for _, orders, _ in members:
        orders.close()
    for child, _, _ in reversed(members):  # each holds the pipes of those before it
        os.waitpid(child, 0)


def _forked(work: Callable[[IO[str], int], None]) -> tuple[int, IO[str], IO[str]]:
    (orders, ordering), (told, tells) = os.pipe(), os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.close(ordering)
            with open(orders, encoding="utf-8") as own:
                work(own, tells)
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(0)
    os.close(orders)
    os.close(tells)
    return child, open(ordering, "w", encoding="utf-8", buffering=1), open(told, encoding="utf-8")


if __name__ == "__main__":
    _, main_url, guard, async_main_url, async_guard, place, at = sys.argv
    main(main_url, guard, async_main_url, async_guard, Path(place), at)
