"""Many guess at once: of the attempts that are let through there are exactly as many as the policy says, and each is counted.

Eight threads on every database, and processes of their own; a hundred times as many attempts and every database for both with CTSEC_SOAK.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest

import ctsec
from ctsec.ambient import Ambient, Request
from ctsec.errors import StoreBusy
from ctsec.guard import AllowancePolicy, Charge, Throttle, ThrottlePolicy
from ctsec.guard.counters import device_counter
from ctsec.ids import DeviceId
from ctsec.outcome import Refusal
from ctsec.storage.sql import EngineSettings, SqlStorage
from ctsec.testing import FixedClock
from tests.servers import Database, available_databases, drop_database, fresh_database
from tests.storage.sql.support import emptied

SOAK = bool(os.environ.get("CTSEC_SOAK"))
ROUNDS, THREADS, PROCESSES = (100 if SOAK else 1), 8, (8 if SOAK else 2)
LIMIT, ATTEMPTS = 16, 24
DEVICE = DeviceId("dvc_00000000000000000000000001")
POLICY = ThrottlePolicy(
    first_backoff_at=LIMIT, disable_at=LIMIT, device_limit=4, addresses=AllowancePolicy(burst=10, every=timedelta(seconds=30))
)
ENGINE = EngineSettings(pool_size=10, max_overflow=0, lock_timeout=10.0, pool_timeout=30.0)
PROCESS = """
import sys
from tests.storage.sql.test_guessing import guess, open_storage, throttle
storage = open_storage(sys.argv[1])
print(*[guess(lambda: throttle(storage, "").charge("pwd:a")) for _ in range(int(sys.argv[2]))])
storage.close()
"""


class Unheard:
    """Writes no events."""

    def note(self, name: str, **told: Any) -> None:
        """Do nothing."""

    note_aside = note


def open_storage(url: str) -> SqlStorage:
    return SqlStorage.from_url(url, settings=ENGINE, guard_settings=ENGINE)


def throttle(storage: SqlStorage, address: str) -> Throttle:
    ambient = Ambient(clock=FixedClock(), request=Request(address=address))
    return Throttle(storage.guard, policy=POLICY, audit=Unheard(), ambient=ambient)


def guess(attempt: Callable[[], Charge | Refusal]) -> str:
    """Make an attempt, again where the store was busy, and say how it ended."""
    while True:
        try:
            outcome = attempt()
        except StoreBusy:
            continue
        return outcome.reason.value if isinstance(outcome, Refusal) else "charged"


def at_once(attempt: Callable[[], Charge | Refusal]) -> Counter[str]:
    with ThreadPoolExecutor(THREADS) as pool:
        return Counter(pool.map(lambda _: guess(attempt), range(ATTEMPTS)))


@pytest.mark.proves("CVE-2019-5421", "NIST-3.2.2")
def test_strangers_at_once_get_exactly_so_many_guesses(database: Database) -> None:
    """Eight threads that guess at one account are let through as often as the limit says, to the one; the count says so too, and lasts."""
    storage = open_storage(emptied(database).sync_url)
    for n in range(ROUNDS):
        key = f"pwd:{n}"
        assert at_once(partial(throttle(storage, "").charge, key)) == {"charged": LIMIT, "locked": ATTEMPTS - LIMIT}
    storage.close()
    again = open_storage(database.sync_url)
    counted = again.guard.attempts.get("pwd:0")
    again.close()
    assert counted is not None
    assert (counted.failures, counted.disabled_at is not None) == (LIMIT, True)


@pytest.mark.proves("ASVS-2.4.1", "ASVS-6.3.1")
def test_a_block_at_once_gets_exactly_its_allowance(database: Database) -> None:
    """Eight threads from one block, at different accounts, are let through as often as its burst says; no account counts more."""
    storage = open_storage(emptied(database).sync_url)
    for n in range(ROUNDS):
        keys = iter(f"pwd:{n}:{m}" for m in range(ATTEMPTS))
        charge = throttle(storage, f"192.0.2.{n}").charge
        with ThreadPoolExecutor(THREADS) as pool:
            ended = Counter(pool.map(guess, (partial(charge, key) for key in keys)))
        assert ended == {"charged": 10, "throttled": ATTEMPTS - 10}
    storage.close()


def test_a_device_at_once_is_charged_apart(database: Database) -> None:
    """Threads with one device's token use up its own limit, and go on as strangers; the sum is exact."""
    storage = open_storage(emptied(database).sync_url)
    for n in range(ROUNDS):
        key = f"pwd:{n}"
        ended = at_once(partial(throttle(storage, "").charge, key, device=DEVICE))
        assert ended == {"charged": LIMIT + 4, "locked": ATTEMPTS - LIMIT - 4}
        own = storage.guard.attempts.get(device_counter(key, DEVICE))
        assert own is not None
        assert own.failures == 4
    storage.close()


@pytest.mark.parametrize("kind", available_databases() if SOAK else ["sqlite"])
def test_processes_at_once_share_the_count(kind: str, tmp_path: Path) -> None:
    """Processes that guess at one account are let through as often as the limit says, together."""
    made = fresh_database(kind, folder=tmp_path)
    url = emptied(made).sync_url
    root = Path(__file__).resolve().parents[3]
    found = os.pathsep.join([str(Path(ctsec.__file__).parents[1]), str(root)])
    command = [sys.executable, "-c", PROCESS, url, str(ATTEMPTS // PROCESSES)]
    running = [
        subprocess.Popen(command, cwd=root, env={**os.environ, "PYTHONPATH": found}, stdout=subprocess.PIPE, text=True)
        for _ in range(PROCESSES)
    ]
    said = [process.communicate()[0].split() for process in running]
    assert [process.returncode for process in running] == [0] * PROCESSES
    assert Counter(word for words in said for word in words) == {"charged": LIMIT, "locked": ATTEMPTS - LIMIT}
    drop_database(made)
