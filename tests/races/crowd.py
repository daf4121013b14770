"""Eight processes that present the same thing at the same moment: `python -m tests.races.crowd MAIN_URL GUARD_URL FOLDER`.

It carries the first orders out itself, so that every statement is compiled before it forks its members, which live as long as the test.
After that it reads one order a line from its input, one for each member: the time, and what to call. A member that is about to spend a
one-time thing waits until every other is about to do so too, or has been refused; then all are let go at once. SQLite has one writer, so
there they wait before they begin. The answers are one line for each, how its call ended.

Each member comes from an address and on a known device of its own: what they meet at is the one-time thing, and no counter before it.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import IO, Any

from sqlalchemy import event

import ctsec
from ctsec.encryption.kms.local import LocalKms
from ctsec.errors import StoreBusy
from ctsec.guard import AllowancePolicy, ThrottlePolicy
from ctsec.guard.proof import Purpose
from ctsec.outcome import Refusal
from ctsec.principal import Factor
from ctsec.secret import SecretText
from ctsec.security import EmbeddedOptions
from ctsec.storage.sql import SqlStorage
from tests.services._sync_world import REQUEST, World
from tests.services.probing import Keys

MEMBERS = 8
SPENDING = frozenset({"guard.steps.advance", "guard.proofs.consume"})
KINDS = {"factor": Factor, "purpose": Purpose}
PLENTY = AllowancePolicy(burst=10_000, every=timedelta(milliseconds=1))
PATIENT = EmbeddedOptions(throttle=ThrottlePolicy(first_backoff_at=100, device_limit=100, addresses=PLENTY, mails=PLENTY))
ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True)
class Order:
    """What one member calls: a path of attributes of a unit, the session token of a principal (or ""), its arguments, and its device."""

    method: str
    token: str
    arguments: dict[str, Any]
    device: str

    def line(self, now: datetime) -> str:
        """Return the order as a line."""
        return json.dumps([now.isoformat(), self.method, self.token, self.arguments, self.device])


def keys_in(folder: Path) -> Keys:
    """Return the keys of a deployment, made when they are asked for first."""
    files = (folder / "kms", folder / "customer")
    return Keys(*(LocalKms.load(file) if file.exists() else LocalKms.create(file) for file in files))


def storage_at(url: str, guard_url: str) -> SqlStorage:
    """Return a storage that waits for no disk and asks no connection whether it lives: nobody pulls a plug here."""
    storage = SqlStorage.from_url(url, guard=guard_url)
    for engine in storage._engines:
        engine.pool._pre_ping = False
        if engine.dialect.name == "sqlite":
            event.listen(engine, "connect", _wait_for_no_disk)
    return storage


def _wait_for_no_disk(connection: Any, _: object) -> None:
    connection.execute("PRAGMA synchronous=OFF")


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

    def warm(self, now: datetime, order: Order) -> str:
        """Have an order carried out before there are members; return how it ended."""
        self._tell([order.line(now)])
        return self._told(1)[0]

    def begin(self) -> None:
        """Have the members forked."""
        self._tell([""])

    def call(self, now: datetime, *orders: Order) -> list[str]:
        """Have the members carry out an order each at once; return how each call ended."""
        assert len(orders) == MEMBERS
        self._tell(each.line(now) for each in orders)
        return self._told(MEMBERS)

    def close(self) -> None:
        """End the processes."""
        self._process.communicate()
        assert self._process.returncode == 0

    def _tell(self, lines: Iterable[str]) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write("".join(f"{line}\n" for line in lines))
        self._process.stdin.flush()

    def _told(self, count: int) -> list[str]:
        assert self._process.stdout is not None
        return [self._process.stdout.readline().strip() for _ in range(count)]


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


def carry_out(world: World, line: str, *, address: str, gate: Gate | None = None) -> str:
    """Carry an order out and return how it ended."""
    moment, method, token, arguments, device = json.loads(line)
    world.clock.set(datetime.fromisoformat(moment))
    named = {name: KINDS[name](value) if name in KINDS else value for name, value in arguments.items()}
    service, _, verb = method.partition(".")
    try:
        given = [world.known(token).principal] if token else []
        if gate is not None and gate.early:
            gate.wait()  # whose session it is was asked before: the winner replaces its token
        with world.security.begin(replace(REQUEST, address=address, device=SecretText(device))) as unit:
            answer = getattr(getattr(unit, service), verb)(*given, **named)
    except StoreBusy:
        return "busy"
    except Exception as error:  # told as an answer, or the test would wait for one for ever
        return repr(error).replace("\n", " ")
    return answer.reason.value if isinstance(answer, Refusal) else "won"


def member(orders: IO[str], gate: Gate, answers: int, storage: SqlStorage, folder: Path, *, address: str) -> None:
    """Carry out orders until there are none, with connections of its own."""
    world = World(storage, keys=keys_in(folder), options=PATIENT)
    for line in orders:
        with world.tap.to(gate):
            told = carry_out(world, line, address=address, gate=gate)
        gate.ended()
        os.write(answers, f"{told}\n".encode())
    world.security.close()


def main(url: str, guard_url: str, folder: Path) -> None:
    """Warm up, fork the members and pass orders on."""
    storage = storage_at(url, guard_url)
    warm = World(storage, keys=keys_in(folder), options=PATIENT)
    while order := sys.stdin.readline().strip():
        print(carry_out(warm, order, address="192.0.2.1"), flush=True)
    for engine in storage._engines:
        engine.dispose()  # no connection goes through a fork, and SQLite's must not; what was compiled stays
    (told, tells), (opened, opens), (answers, answering) = os.pipe(), os.pipe(), os.pipe()
    members: list[tuple[int, IO[str]]] = []
    for n in range(MEMBERS):
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
                    member(own, gate, answering, storage, folder, address=f"198.51.100.{n + 1}")
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
    warm.security.close()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], Path(sys.argv[3]))
