"""Every table and every kind of credential, walked after somebody left: nothing of theirs admits or acts any more."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, Final, TypeAlias

import pytest
from sqlalchemy import create_engine, select

from ctsec.ids import UserId
from ctsec.outcome import Refusal
from ctsec.principal import CredentialKind
from ctsec.storage.sql.tables import Tables
from tests.fresh import ROOT, script
from tests.servers import available_databases
from tests.services._sync_world import REQUEST, World
from tests.services.cascade_killed import LONG, laden
from tests.services.probing import DATABASE

SLOW: Final = [pytest.mark.slow] if os.environ.get("CTSEC_SOAK") else []
PERSON: Final = re.compile(r"(user|owner|subject|actor)_id|heir|users|subject|.*_by|claimed_by|identity|email|email_key|key|scope|person")
Row: TypeAlias = dict[str, Any]
# What a removal does to each table that can name a person. `ended`: no row of theirs in the organization is in force, as its condition
# says. `record`: it says who did something once, and nobody who lets in asks it. `account`: it is of the account, which other organizations
# may know. `judged`: it is asked again, with the membership, whenever it would count.
ENDED: Final[dict[str, Callable[[Row], bool]]] = {
    "membership": lambda row: True,
    "workspace_role": lambda row: True,
    "elevation": lambda row: row["state"] in {"open", "active"},
    "break_glass": lambda row: True,
    "glass_code_set": lambda row: True,
    "presence": lambda row: True,
    "api_key": lambda row: row["revoked_at"] is None,
    "invitation": lambda row: row["revoked_at"] is None and row["accepted_at"] is None,
    "session": lambda row: row["revoked_at"] is None and row["connection_id"] is not None,
    "app_connection": lambda row: row["ended_at"] is None and row["user_id"] is not None,
    "scim_token": lambda row: row["expires_at"] == row["created_at"] + LONG,
}
DECLARED: Final[dict[str, str]] = {
    **dict.fromkeys(ENDED, "ended"),
    "departure": "record: it is the tombstone",
    "parked_role": "judged: a role wakes only as one that is given, by who lets the person in",
    "lifecycle_policy": "judged: an heir inherits only as an active member",
    "credential": "judged: a list of users counts for members alone",
    "recovery": "judged: who decides, and for whom, is asked again when it is carried out",
    "sso_grant": "judged: it counts as long as its session does, and the worker gives its token back",
    "sso_identity": "record: it is the tombstone's link of the identity at the provider",
    "api_key_secret": "judged: it counts as its key does, and of a service account's key it ends if the leaver may know it (asked below)",
    "scim_user": "record: what the provider told of them; it makes a member of nobody whom an administrator removed",
    "scim_connection": "record: who made it, and which owner let it give owners roles",
    "key_policy": "record", "service_account": "record: who made it; it is the organization's",
    "workload_rule": "judged: a key of it may nothing that its maker may not, who is nobody there any more",
    "custom_role": "record", "customer_key": "record", "domain": "record", "domain_claim": "record", "sso_connection": "record",
    "workspace_move": "record", "recovery_terms": "record", "region_primary": "record", "erasure": "record",
    "audit_event": "record", "audit_inbox": "record", "region_audit_event": "record", "region_audit_inbox": "record",
    "aside_event": "record", "audit_hold": "record", "audit_retention": "record",
    "alert": "record", "alert_mute": "record",
    "user": "account", "password": "account", "passkey": "account", "authenticator": "account", "backup_code_set": "account",
    "device": "account", "trail": "account", "subject_key": "account", "proof": "account", "attempt": "account", "allowance": "account",
    "epoch": "judged: a counter for caches", "dek": "record: a scope is an organization", "reencryption": "record: as dek",
    "content": "record: a key of the host's content",
}  # fmt: skip
# A session of the account stays: other organizations know it, and here it is asked for the membership.
CREDENTIALS: Final = {
    CredentialKind.SESSION: "judged",
    CredentialKind.SSO_SESSION: "ended",
    CredentialKind.API_KEY: "ended",
    CredentialKind.INTERNAL: "judged: ctsec's own acts in somebody's name",
    CredentialKind.TICKET: "judged",
    CredentialKind.NONE: "nobody",
}


def every() -> dict[str, list[str]]:
    """Return the columns of every table that can refer to a person, by the table's name without its prefix."""
    tables = Tables()
    found = [table for metadata in (tables.main, tables.guard, tables.region) for table in metadata.tables.values()]
    named = {table.name.removeprefix("ctsec_"): [c.name for c in table.columns if PERSON.fullmatch(c.name)] for table in found}
    named["user"].append("id")
    return {table: columns for table, columns in named.items() if columns}


def rows(folder: Path, user: UserId) -> dict[str, list[Row]]:
    """Return the rows of each table that hold a person's id in any column, by the table's name without its prefix."""
    tables, found = Tables(), dict[str, list[Row]]()
    for metadata, name in ((tables.main, DATABASE), (tables.guard, f"{DATABASE}-guard")):
        engine = create_engine(f"sqlite:///{folder / name}")
        with engine.connect() as connection:
            for table in metadata.tables.values():
                told = [dict(row) for row in connection.execute(select(table)).mappings()]
                held = [row for row in told if any(user in _text(value) for value in row.values())]
                if held:
                    found[table.name.removeprefix("ctsec_")] = held
        engine.dispose()
    return found


def _text(value: object) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def test_every_table_that_can_name_a_person_says_what_a_removal_does_to_it() -> None:
    """A table with a column that can refer to a person fails here until it is declared, and none is declared that is not there."""
    assert set(every()) == set(DECLARED)
    assert set(CREDENTIALS) == set(CredentialKind)


@pytest.mark.proves("SEED-S14")
def test_nothing_that_is_left_of_somebody_admits_or_acts(tmp_path: Path) -> None:
    """What still holds their id is of a declared kind; what is declared ended has no row in force; no credential of theirs acts."""
    with World.open("sqlite", folder=tmp_path) as world:
        scene = laden(world)
        bob = UserId(scene.bob.id)
        before = rows(tmp_path, bob)
        held = {table for table, live in ENDED.items() if any(live(row) for row in before.get(table, ()))}
        assert held == set(ENDED)
        minted, robots = world.key(scene.bob, scene.acme), scene.robot.token.reveal()
        assert not isinstance(world.gate.api_key(robots, REQUEST), Refusal)
        assert world.may(scene.bob, "members:manage", scene.acme)
        world.call("members.remove", scene.ann, organization=scene.acme, user=bob)
        world.drain()
        after = rows(tmp_path, bob)
        assert set(after) <= set(DECLARED)
        assert [table for table, live in ENDED.items() if any(live(row) for row in after.get(table, ()))] == []
        assert {"departure", "audit_event", "user", "password"} <= set(after)
        assert isinstance(world.gate.api_key(minted.token.reveal(), REQUEST), Refusal)
        assert isinstance(world.gate.api_key(robots, REQUEST), Refusal)
        for kind in CredentialKind:
            shown = replace(scene.bob, organization=scene.acme, credential=replace(scene.bob.credential, kind=kind))
            assert not world.may(shown, "members:manage", scene.acme)
            assert not world.may(shown, "dashboards:view", scene.acme, scene.prod)
            done = world.call("members.invite", shown, organization=scene.acme, email="mal@acme.example")
            assert isinstance(done, Refusal)


def unhurried(program: str, *, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a program that takes minutes."""
    return subprocess.run(
        [sys.executable, program],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("kind", [pytest.param(each, marks=SLOW) for each in available_databases() if each != "mariadb"])
def test_killed_at_any_statement_a_removal_is_all_or_nothing(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A process that is killed before a statement or a commit of a removal leaves the person whole, or gone with everything."""
    monkeypatch.setenv("CTSEC_KILLED_ON", kind)
    program = str(ROOT / "tests" / "services" / "cascade_killed.py")
    done = unhurried(program, folder=tmp_path) if SLOW else script(program, folder=tmp_path)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    if SLOW:
        with capsys.disabled():
            print(f"\n{kind}: killed {len(told) - 1} times, {told.count('whole')} whole")
    assert told[-1] == "gone"
    assert len(told) > (4 if kind == "sqlite" else 2)
    assert set(told) == {"whole", "gone"}
    assert told == sorted(told, reverse=True)
