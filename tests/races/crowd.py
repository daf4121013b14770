"""Eight processes that present the same thing at the same moment: `python -m tests.races.crowd MAIN_URL GUARD_URL FOLDER`.

It forks its members, each with a store and a bundle of its own, and reads one order a line from its input, one for each: the time, and
what to call. A member that is about to spend a one-time thing waits until every other is about to do so too, or has been refused; then all
are let go at once. SQLite has one writer, so there they wait before they begin. The answers are one line for each, how its call ended.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO, Any

import ctsec
from ctsec.encryption.kms.local import LocalKms
from ctsec.errors import StoreBusy
from ctsec.guard import ThrottlePolicy
from ctsec.outcome import Refusal
from ctsec.principal import Factor
from ctsec.security import EmbeddedOptions
from ctsec.storage.sql import SqlStorage
from tests.services._sync_world import World
from tests.services.probing import Keys

MEMBERS = 8
SPENDING = frozenset({"guard.steps.advance", "guard.proofs.consume"})
PATIENT = EmbeddedOptions(throttle=ThrottlePolicy(first_backoff_at=100))
ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True)
class Order:
    """What one member calls: a path of attributes of a unit, the session token of a principal (or ""), and its arguments."""

    method: str
    token: str
    arguments: dict[str, Any]


def keys_in(folder: Path) -> Keys:
    """Return the keys of a deployment, made when they are asked for first."""
    files = (folder / "kms", folder / "customer")
    return Keys(*(LocalKms.load(file) if file.exists() else LocalKms.create(file) for file in files))


class Crowd:
    """The processes, for a test."""

    def __init__(self, url: str, guard_url: str, folder: Path) -> None:
        keys_in(folder)
        path = os.pathsep.join([os.path.dirname(os.path.dirname(ctsec.__file__)), str(ROOT)])
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.races.crowd", url, guard_url, str(folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": path},
        )

    def call(self, now: datetime, *orders: Order) -> list[str]:
        """Have the members carry the orders out at once (the first member the first, and so on in turn); return how each call ended."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        given = [orders[n % len(orders)] for n in range(MEMBERS)]
        lines = [json.dumps([now.isoformat(), each.method, each.token, each.arguments]) for each in given]
        self._process.stdin.write("\n".join(lines) + "\n")
        self._process.stdin.flush()
        return [self._process.stdout.readline().strip() for _ in range(MEMBERS)]

    def close(self) -> None:
        """End the processes."""
        self._process.communicate()
        assert self._process.returncode == 0


class Gate:
    """Where a member waits once in each order: before it begins (`early`), or before it spends."""

    def __init__(self, told: int, opened: int, *, early: bool) -> None:
        self.early = early
        self._told = told
        self._opened = opened
        self._passed = False

    def before(self, call: str) -> None:
        """Wait, if something is about to be spent for the first time in this order."""
        if call in SPENDING and not self._passed:
            self.wait()

    def wait(self) -> None:
        """Wait for the others."""
        self._passed = True
        os.write(self._told, b"w")
        os.read(self._opened, 1)

    def after(self, call: str, result: object) -> None:
        """Have nothing to say of it."""

    def ended(self) -> None:
        """Tell that the order ended, if it never came to spending, and be ready for the next one."""
        if not self._passed:
            os.write(self._told, b"e")
        self._passed = False


def member(orders: IO[str], gate: Gate, answers: int, url: str, guard_url: str, folder: Path) -> None:
    """Carry out orders until there are none."""
    storage = SqlStorage.from_url(url, guard=guard_url)
    world = World(storage, keys=keys_in(folder), options=PATIENT)
    for line in orders:
        moment, method, token, arguments = json.loads(line)
        world.clock.set(datetime.fromisoformat(moment))
        given = [world.known(token).principal] if token else []
        named = {name: Factor(value) if name == "factor" else value for name, value in arguments.items()}
        if gate.early:
            gate.wait()
        try:
            with world.tap.to(gate):
                answer = world.call(method, *given, **named)
            told = answer.reason.value if isinstance(answer, Refusal) else "won"
        except StoreBusy:
            told = "busy"
        gate.ended()
        os.write(answers, f"{told}\n".encode())
    world.security.close()


def main(url: str, guard_url: str, folder: Path) -> None:
    """Fork the members and pass orders on."""
    (told, tells), (opened, opens), (answers, answering) = os.pipe(), os.pipe(), os.pipe()
    members: list[tuple[int, IO[str]]] = []
    for _ in range(MEMBERS):
        orders, to_member = os.pipe()
        child = os.fork()
        if child == 0:
            code = 1
            try:
                os.close(to_member)
                for _, other in members:
                    other.close()
                gate = Gate(tells, opened, early=url.startswith("sqlite"))
                with open(orders, encoding="utf-8") as own:
                    member(own, gate, answering, url, guard_url, folder)
                code = 0
            finally:
                os._exit(code)
        os.close(orders)
        members.append((child, open(to_member, "w", encoding="utf-8", buffering=1)))  # noqa: SIM115
    ended = open(answers, encoding="utf-8")  # noqa: SIM115
    while line := sys.stdin.readline():
        for n, (_, orders_of) in enumerate(members):
            orders_of.write(line if n == 0 else sys.stdin.readline())
        waiting = sum(os.read(told, 1) == b"w" for _ in members)
        os.write(opens, b"o" * waiting)
        for _ in members:
            print(ended.readline().strip())
        sys.stdout.flush()
    for child, orders_of in members:
        orders_of.close()
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], Path(sys.argv[3]))
