"""A process that is killed at any moment of a move, on SQLite and on PostgreSQL: nothing is lost, and the next one goes on."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

import ctsec
from ctsec.errors import CtsecError
from ctsec.ids import MoveId
from ctsec.residency import MoveState
from ctsec.security import Security
from ctsec.testing.conformance.samples import workspace_id
from tests.residency.deployment import Places, open_security, pin, prepare, raw, read, start, write
from tests.servers import available_databases, drop_database, fresh_database

SOAK = bool(os.environ.get("CTSEC_SOAK"))
ROUNDS = 100 if SOAK else 10
NOTES = {f"note {n:03}": f"secret {n}" for n in range(210)}
VICTIM = """
import os, signal, sys
from pathlib import Path
from sqlalchemy import Engine, event
from tests.residency.deployment import Places, open_security
home, eu, us, folder, last = sys.argv[1:]
security = open_security(Places(home, {"eu": eu, "us": us}, Path(folder), {}))
made = 0
@event.listens_for(Engine, "before_cursor_execute")
def count(*_):
    global made
    made += 1
    if made == int(last):
        os.kill(os.getpid(), signal.SIGKILL)
assert security.regional.moves.run_due() == 1
print(made)
"""


@pytest.fixture(params=[kind for kind in available_databases() if kind != "mariadb"])
def pair(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Places]:
    """A home store and two regions, all on one kind of database."""
    made = [fresh_database(request.param, folder=tmp_path) for _ in range(3)]
    found = Places(made[0].sync_url, {"eu": made[1].sync_url, "us": made[2].sync_url}, tmp_path, {})
    prepare(found, workspaces={1: "eu", 2: "eu"})
    yield found
    for database in made:
        drop_database(database)


@pytest.mark.proves("SEED-D2")
def test_killed_at_any_moment_a_move_goes_on(pair: Places) -> None:
    """A process that is killed while it moves leaves every piece readable where the pin is, and the next one ends the move."""
    security = open_security(pair)
    write(security, 1, **NOTES)
    write(security, 2, other="stays")
    draw = random.Random(11)
    killed = set()
    statements: dict[str, int] = {}
    for n in range(ROUNDS + 2):
        target = ("us", "eu")[n % 2]
        begun = start(security, 1, target)
        # Most statements copy: every second time it is one of the last, where the move is switched and shredded.
        whole = statements.get(target, 0)
        last = 0 if not whole else draw.randrange(1, whole) if n % 4 < 2 else draw.randrange(whole - 40, whole)
        done = victim(pair, last)
        assert done.returncode == (-signal.SIGKILL if whole else 0), done.stderr
        if not whole:
            statements[target] = int(done.stdout)
        killed.add(security.regional.moves._read(begun.id).state)
        assert read(security, 1) == NOTES
        assert ended(security, begun.id) is MoveState.DONE
        assert (pin(security, 1), read(security, 1)) == (target, NOTES)
        there, gone = (pair.stores[name] for name in (target, "us" if target == "eu" else "eu"))
        assert {workspace for workspace, _, _ in raw(gone)} <= {workspace_id(2)}
        assert sum(workspace == workspace_id(1) for workspace, _, _ in raw(there)) == len(NOTES)
    assert read(security, 2) == {"other": "stays"}
    assert len(killed) > 2
    security.close()


def victim(places: Places, last: int) -> subprocess.CompletedProcess[str]:
    """Run a process that carries the move out, and kills itself before its statement number `last` (0: never)."""
    path = os.pathsep.join([os.path.dirname(os.path.dirname(ctsec.__file__)), str(Path(__file__).parents[2])])
    command = [sys.executable, "-c", VICTIM, places.home, places.stores["eu"], places.stores["us"], str(places.folder), str(last)]
    return subprocess.run(command, capture_output=True, text=True, env={**os.environ, "PYTHONPATH": path}, check=False)


def ended(security: Security, move_id: MoveId) -> MoveState:
    """Carry a move out; a server may take a moment to see that a killed client is gone."""
    for _ in range(40):
        try:
            return security.regional.moves.run(move_id).state
        except CtsecError as error:
            if not error.retryable:
                raise
            time.sleep(0.25)
    raise AssertionError("the move never ended")
