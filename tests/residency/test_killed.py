"""A process that is killed at any moment of a move, on SQLite and on PostgreSQL: nothing is lost, and the next one goes on."""

from __future__ import annotations

import random
import signal
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from ctsec.errors import CtsecError
from ctsec.ids import CredentialId, MoveId
from ctsec.outcome import Refusal
from ctsec.residency import MoveState
from ctsec.secret import Secret
from ctsec.security import Security
from ctsec.testing.conformance.samples import workspace_id
from ctsec.vault import VaultKind, VaultWish
from tests.residency.deployment import ORG, Places, open_security, owner, pin, prepare, raw, read, start, write
from tests.servers import available_databases, drop_database, fresh_database
from tests.victim import ROUNDS, Victim

MOVE = "tests.residency.test_killed:carry_out"
NOTES = {f"note {n:03}": f"secret {n}" for n in range(210)}
WISH = VaultWish(name="bucket", kind=VaultKind.AWS, services=None, regions=None)


@pytest.fixture(params=[kind for kind in available_databases() if kind != "mariadb"])
def pair(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Places]:
    """A home store and two regions, all on one kind of database."""
    made = [fresh_database(request.param, folder=tmp_path) for _ in range(3)]
    found = Places(made[0].sync_url, {"eu": made[1].sync_url, "us": made[2].sync_url}, tmp_path, {})
    prepare(found, workspaces={1: "eu", 2: "eu"})
    yield found
    for database in made:
        drop_database(database)


def carry_out(home: str, eu: str, us: str, folder: str) -> None:
    """Carry the one move out that is open: what the victim does."""
    with closing(open_security(Places(home, {"eu": eu, "us": us}, Path(folder), {}))) as security:
        assert security.regional.moves.run_due() == 1


@pytest.mark.slow
@pytest.mark.proves("SEED-D2")
def test_killed_at_any_moment_a_move_goes_on(pair: Places, victim: Victim) -> None:
    """A process that is killed while it moves leaves every piece readable where the pin is, and the next one ends the move."""
    arguments = (pair.home, pair.stores["eu"], pair.stores["us"], pair.folder)
    security = open_security(pair)
    write(security, 1, **NOTES)
    write(security, 2, other="stays")
    kept = keep(security)
    draw = random.Random(11)
    killed = set()
    statements: dict[str, int] = {}
    for n in range(ROUNDS + 2):
        target = ("us", "eu")[n % 2]
        begun = start(security, 1, target)
        # Most statements copy: every second time it is one of the last, where the move is switched and shredded.
        whole = statements.get(target, 0)
        last = 0 if not whole else draw.randrange(1, whole) if n % 4 < 2 else draw.randrange(whole - 40, whole)
        code, done = victim.run(MOVE, *arguments, last=last)
        # What is known already, such as another process's keys, makes one move a few steps shorter than another.
        assert code == -signal.SIGKILL or (code == 0 and (done < last or not whole))
        if not whole:
            statements[target] = done
        killed.add(security.regional.moves._read(begun.id).state)
        assert (read(security, 1), use(security, kept)) == (NOTES, b"bucket")
        assert ended(security, begun.id) is MoveState.DONE
        assert (pin(security, 1), read(security, 1), use(security, kept)) == (target, NOTES, b"bucket")
        there, gone = (pair.stores[name] for name in (target, "us" if target == "eu" else "eu"))
        assert {workspace for workspace, _, _ in raw(gone)} <= {workspace_id(2)}
        assert sum(workspace == workspace_id(1) for workspace, _, _ in raw(there)) == len(NOTES)
    assert read(security, 2) == {"other": "stays"}
    assert len(killed) > 2
    security.close()


def keep(security: Security) -> CredentialId:
    """Keep a credential of the workspace that moves."""
    with security.begin() as unit:
        kept = unit.vault.store(owner(), organization=ORG, workspace=workspace_id(1), wish=WISH, secret=Secret(b"bucket"))
    assert not isinstance(kept, Refusal)
    return kept.id


def use(security: Security, credential: CredentialId) -> bytes:
    """Return the credential's secret, without a data key that is held."""
    security.parts.memory.data_keys.forget()
    with security.begin() as unit:
        used = unit.vault.use(owner(), organization=ORG, credential=credential)
    assert not isinstance(used, Refusal)
    return bytes(used.secret.reveal())


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
