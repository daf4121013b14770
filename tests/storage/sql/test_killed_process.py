"""A process that is killed in the middle of a transaction leaves nothing half-written."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import ctsec
from ctsec.errors import StoreBusy
from ctsec.storage.sql import SqlStorage
from ctsec.testing.conformance.samples import NOW, ignore, proof, user, user_id
from tests.storage.sql.support import Place

VICTIM = """
import sys, time
from sqlalchemy import create_engine
from sqlalchemy.orm import Session
from ctsec.storage.sql import SqlStorage
from ctsec.testing.conformance.samples import NOW, event, ignore, proof, user
url, how = sys.argv[1:]
storage = SqlStorage.from_url(url)
storage.guard.proofs.issue((proof("a"),))
def work(store):
    store.users.add(user(1))
    store.inbox.append(event(1))
    storage.guard.proofs.consume(proof("a").purpose, proof("a").digest, now=NOW)
    print("inside", flush=True)
    time.sleep(60)
if how == "begin":
    with storage.begin(after_commit=ignore) as store:
        work(store)
else:
    work(storage.join(Session(create_engine(url)), after_commit=ignore))
"""


def kill_in_the_middle(url: str, how: str) -> None:
    """Start the victim, wait until it has written, and kill it."""
    source = os.path.dirname(os.path.dirname(ctsec.__file__))
    process = subprocess.Popen(
        [sys.executable, "-c", VICTIM, url, how], stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": source}
    )
    assert process.stdout is not None
    with process.stdout as lines:
        assert lines.readline() == "inside\n"
        process.send_signal(signal.SIGKILL)
        process.wait()


def check(place: Place, how: str) -> None:
    kill_in_the_middle(place.database.sync_url, how)
    storage = SqlStorage.from_url(place.database.sync_url)
    with storage.reading() as store:
        assert store.users.get(user_id(1)) is None
        assert store.inbox.pending(limit=9) == ()
    deadline = time.monotonic() + 10
    while True:  # a server may take a moment to notice that its client is gone
        try:
            with storage.begin(after_commit=ignore) as store:
                assert store.users.add(user(1))
        except StoreBusy:
            assert time.monotonic() < deadline
        else:
            break
    once = proof("a")
    assert not storage.guard.proofs.consume(once.purpose, once.digest, now=NOW)
    storage.close()


def test_a_process_killed_in_our_transaction_leaves_nothing(place: Place) -> None:
    """Killed inside `begin()`: no row, no event, no lock stays; the proof that it used stays used."""
    check(place, "begin")


def test_a_process_killed_in_the_hosts_transaction_leaves_nothing(place: Place) -> None:
    """Killed while riding in the host's session: no row, no event, no lock stays; the proof that it used stays used."""
    check(place, "join")
