"""Four writers and two sequencers over one database, to be killed at any step: run by `tests.victim`."""

from __future__ import annotations

import os
import random
import threading
from collections.abc import Callable
from datetime import timedelta
from functools import partial

from ctsec.audit.event import DEPLOYMENT_LOG
from ctsec.errors import StoreError
from ctsec.storage.sql import EngineSettings, SqlStorage
from ctsec.testing import FixedClock
from ctsec.testing.conformance.samples import ignore
from tests.audit.kept import ONE, TWO, events, logs_of

WRITERS, SEQUENCERS = 4, 2
EACH = 8


class _RolledBack(Exception):
    """What a host raises to have its transaction rolled back."""


def open_storage(url: str) -> SqlStorage:
    """Return the storage of a process, patient with locks."""
    patient = EngineSettings(pool_size=8, max_overflow=0, lock_timeout=20.0, pool_timeout=60.0)
    return SqlStorage.from_url(url, settings=patient, guard_settings=patient)


def write(storage: SqlStorage, told: int, *, seed: int) -> None:
    """Write events in transactions of one to three, of which some are rolled back; tell of each before, and after its commit."""
    draw = random.Random(seed)
    log = (ONE, TWO, DEPLOYMENT_LOG)[seed % 3]
    waiting = events(log, count=EACH, seed=seed)
    while waiting:
        batch, waiting = waiting[: (few := draw.randrange(1, 4))], waiting[few:]
        names = " ".join(each.id for each in batch)
        back = draw.random() < 0.25
        if draw.random() < 0.2:
            for each in batch:
                storage.guard.events.append(each)
            os.write(told, f"acked {names}\n".encode())
            continue
        try:
            with storage.begin(after_commit=ignore) as store:
                for each in batch:
                    store.inbox.append(each)
                if back:
                    os.write(told, f"rolled {names}\n".encode())
                    raise _RolledBack
        except _RolledBack:
            continue
        except StoreError:
            continue
        os.write(told, f"acked {names}\n".encode())


def sequence(storage: SqlStorage, ended: threading.Event) -> None:
    """Place and sign until the writers are done and nothing waits; whoever is told to try again does."""
    clock = FixedClock()
    logs = logs_of(storage, clock=clock)
    while True:
        last = ended.is_set()
        clock.advance(timedelta(seconds=2))
        try:
            moved = logs.place()
            logs.sign_due()
        except StoreError as error:
            if not error.retryable:
                raise
            continue
        if last and not moved:
            return


def run(url: str, folder: str, seed: str) -> None:
    """Let all of them run in threads of this process."""
    storage = open_storage(url)
    told = os.open(os.path.join(folder, seed), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    ended = threading.Event()
    failed: list[BaseException] = []

    def guarded(work: Callable[[], None]) -> threading.Thread:
        def go() -> None:
            try:
                work()
            except BaseException as error:
                failed.append(error)
                raise

        return threading.Thread(target=go)

    first = int(seed) * WRITERS
    writers = [guarded(partial(write, storage, told, seed=first + n)) for n in range(WRITERS)]
    sequencers = [guarded(partial(sequence, storage, ended)) for _ in range(SEQUENCERS)]
    for thread in (*writers, *sequencers):
        thread.start()
    for thread in writers:
        thread.join()
    ended.set()
    for thread in sequencers:
        thread.join()
    storage.close()
    if failed:
        raise failed[0]


def heard(folder: str) -> tuple[set[str], set[str]]:
    """Return the ids whose commit was told, and those that were rolled back; half a line tells nothing."""
    acked, rolled = set[str](), set[str]()
    for name in os.listdir(folder):
        with open(os.path.join(folder, name), encoding="ascii") as file:
            for line in file:
                kind, *ids = line.split()
                if line.endswith("\n"):
                    (acked if kind == "acked" else rolled).update(ids)
    return acked, rolled
