"""Four writers and two sequencers, each a process of its own, over one database, killed one after the other: run by `tests.victim`.

`run` is the parent of them all. It forks another in place of each that was killed or is done, until so many were killed, and lets the rest
end by themselves. Each kills itself at a step that was drawn for it. One may be told to kill the database's server at its step
instead: then all that are left end with the first error that they get.
"""

from __future__ import annotations

import os
import random
import signal
import traceback
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from ctsec.audit.event import DEPLOYMENT_LOG
from ctsec.errors import StoreError
from ctsec.storage.sql import EngineSettings, SqlStorage
from ctsec.testing import FixedClock
from ctsec.testing.conformance.samples import ignore
from tests.audit.kept import ONE, TWO, events, logs_of
from tests.victim import Steps, crash

WRITERS, SEQUENCERS = 4, 2
EACH = 8
LAST = {"writer": 30, "sequencer": 60}  # a writer that is not killed takes some 25 steps, a sequencer never ends before it is told to
KILLED = -signal.SIGKILL
LOST = 75  # how a process ends that met a server which is down


class _RolledBack(Exception):
    """What a host raises to have its transaction rolled back."""


class _ServerLost(Exception):
    """The server is down."""


@dataclass(frozen=True, slots=True)
class Place:
    """The files through which the processes of a round tell: what they did, that no more is written, and that the server is down."""

    folder: Path

    def says(self, what: str) -> bool:
        """Tell whether somebody said so."""
        return (self.folder / what).exists()

    def say(self, what: str) -> None:
        """Say so."""
        (self.folder / what).touch()

    def clear(self) -> None:
        """Forget what was said in the round before."""
        for said in ("written", "down"):
            (self.folder / said).unlink(missing_ok=True)

    def told(self, seed: int) -> int:
        """Return the file in which a writer tells."""
        return os.open(self.folder / f"told-{seed}", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)


def open_storage(url: str) -> SqlStorage:
    """Return the storage of a process, patient with locks."""
    patient = EngineSettings(pool_size=8, max_overflow=0, lock_timeout=20.0, pool_timeout=60.0)
    return SqlStorage.from_url(url, settings=patient, guard_settings=patient)


def write(storage: SqlStorage, place: Place, *, seed: int) -> None:
    """Write events in transactions of one to three, of which some are rolled back; tell of each before, and after its commit."""
    draw, told = random.Random(seed), place.told(seed)
    log = (ONE, TWO, DEPLOYMENT_LOG)[seed % 3]
    waiting = events(log, count=EACH, seed=seed)
    while waiting:
        batch, waiting = waiting[: (few := draw.randrange(1, 4))], waiting[few:]
        names = " ".join(each.id for each in batch)
        back, aside = draw.random() < 0.25, draw.random() < 0.2
        os.write(told, f"tried {names}\n".encode())
        try:
            if aside:
                for each in batch:
                    storage.guard.events.append(each)
            else:
                with storage.begin(after_commit=ignore) as store:
                    for each in batch:
                        store.inbox.append(each)
                    if back:
                        os.write(told, f"rolled {names}\n".encode())
                        raise _RolledBack
        except _RolledBack:
            continue
        except StoreError as error:
            _judge(error, place)
            continue
        os.write(told, f"acked {names}\n".encode())


def sequence(storage: SqlStorage, place: Place, *, seed: int) -> None:
    """Place and sign until the writers are done and nothing waits; whoever is told to try again does."""
    clock = FixedClock()
    clock.advance(timedelta(seconds=seed))
    logs = logs_of(storage, clock=clock)
    while True:
        last = place.says("written")
        clock.advance(timedelta(seconds=2))
        try:
            moved = logs.place()
            logs.sign_due()
        except StoreError as error:
            _judge(error, place)
            continue
        if last and not moved:
            return


def _judge(error: StoreError, place: Place) -> None:
    if place.says("down"):
        raise _ServerLost from error
    if not error.retryable:
        raise error


class _Crowd:
    """The processes of a round: `living` by pid, each with what it does."""

    def __init__(self, url: str, place: Place, *, seed: int, server: int) -> None:
        self._url, self._place, self._server = url, place, server
        self._draw = random.Random(seed)
        self._seed = seed * 10_000
        self.living: dict[int, str] = {}
        self._crasher = 0

    def fork(self, kind: str, *, deadly: bool, crashing: bool = False) -> None:
        """Start a process; if it is `deadly` to itself, or is `crashing` the server, at a step that is drawn."""
        self._seed += 1
        last = self._draw.randrange(1, LAST[kind]) if deadly or crashing else 0
        if (child := os.fork()) != 0:
            self.living[child] = kind
            self._crasher = child if crashing else self._crasher
            return
        code = 1
        try:
            Steps(last, end=self._crash if crashing else None)
            storage = open_storage(self._url)
            (write if kind == "writer" else sequence)(storage, self._place, seed=self._seed)
            code = 0
        except _ServerLost:
            code = LOST
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(code)

    def _crash(self) -> None:
        self._place.say("down")
        crash(self._server)

    def follow(self, ended: str, *, killed: bool, left: int) -> None:
        """Start what comes after a process that ended, with so many to be killed yet; a sequencer that ended by itself left nothing."""
        if left > 0:
            self.fork(ended, deadly=True)
        elif self._server:
            self.fork(ended, deadly=False, crashing=self._crasher not in self.living)
        elif ended == "writer":
            if "writer" not in self.living.values():
                self._place.say("written")
        elif killed:
            self.fork(ended, deadly=False)

    def wait(self) -> tuple[str, int]:
        """Return what the next process that ends did, and its exit code."""
        child, status = os.wait()
        return self.living.pop(child), os.waitstatus_to_exitcode(status)

    def end(self) -> None:
        """Kill all that are left."""
        for child in self.living:
            os.kill(child, signal.SIGKILL)


def run(url: str, folder: str, seed: str, kills: str, server: str = "0") -> None:
    """Have so many processes killed, then the process id `server` of a server if there is one; see that everything else ends well."""
    place, left = Place(Path(folder)), int(kills)
    place.clear()
    crowd = _Crowd(url, place, seed=int(seed), server=int(server))
    for number in range(WRITERS + SEQUENCERS):
        crowd.fork("writer" if number < WRITERS else "sequencer", deadly=left > 0)
    try:
        while crowd.living:
            ended, code = crowd.wait()
            if code not in ({0, KILLED, LOST} if place.says("down") else {0, KILLED}):
                raise RuntimeError(f"a {ended} ended with {code}")
            left -= code == KILLED
            if not place.says("down"):
                crowd.follow(ended, killed=code == KILLED, left=left)
    finally:
        crowd.end()


def heard(folder: Path) -> Mapping[str, set[str]]:
    """Return the ids that were tried, rolled back, and acked after their commit; half a line tells nothing."""
    found: dict[str, set[str]] = {"tried": set(), "rolled": set(), "acked": set()}
    for path in folder.glob("told-*"):
        for line in path.read_text("ascii").splitlines(keepends=True):
            if line.endswith("\n"):
                kind, *ids = line.split()
                found[kind].update(ids)
    return found
