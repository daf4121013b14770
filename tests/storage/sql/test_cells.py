"""Every cell of the built-in roles, over stored memberships on every database: checks, batches, the gate, lists and a host's own rows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Column, Engine, Integer, MetaData, NullPool, String, Table, create_engine, insert, select

from ctsec.ids import OrganizationId, UserId, WorkspaceId
from ctsec.principal import Credential, CredentialKind, Principal, PrincipalKind
from ctsec.rbac import Ask
from ctsec.security.parts import EmbeddedOptions
from ctsec.storage.sql import SqlStorage, schema, within_reach
from ctsec.testing.conformance.samples import assignment, ignore, membership, org_id, organization, user_id, workspace, workspace_id
from tests.cells import CELLS, ORGANIZATION, PAIRS, PERMISSIONS, WORKSPACE, Answers, wrong
from tests.servers import Database, drop_database, fresh_database
from tests.services._sync_world import World

HOME: OrganizationId = org_id(1)
PLACE: WorkspaceId = workspace_id(11)


@dataclass(frozen=True)
class Stored:
    """A deployment over a database, and a table of the host's with a row for each workspace."""

    world: World
    engine: Engine
    rows: Table


@pytest.fixture
def stored(database: Database, tmp_path: Path) -> Iterator[Stored]:
    """An organization with a person for each pair of roles, in the order of `PAIRS`, a workspace where nobody has one, and a stranger's."""
    made = fresh_database(database.kind, folder=tmp_path)
    schema.create(made.sync_url)
    storage = SqlStorage.from_url(made.sync_url)
    with storage.begin(after_commit=ignore) as store:
        for of in (1, 2):
            store.organizations.add(organization(of))
            for space in (1, 2):
                store.workspaces.add(workspace(10 * of + space, of=of))
        for number, (role, held) in enumerate(PAIRS):
            store.memberships.add(membership(number, of=1, role=role))
            if held != "none":
                store.assignments.put(assignment(number, of=1, workspace=11, role=held))
    engine = create_engine(made.sync_url, poolclass=NullPool)
    rows = Table("host_row", MetaData(), Column("id", Integer, primary_key=True), Column("space", String(64)))
    rows.create(engine)
    with engine.begin() as connection:
        connection.execute(insert(rows), [{"id": number, "space": workspace_id(number)} for number in (11, 12, 21, 22)])
    with World.over(storage) as opened:
        opened.clock.advance(membership(0, of=1).created_at - opened.clock.now())
        yield Stored(opened, engine, rows)
    engine.dispose()
    drop_database(made)


def person(number: int) -> Principal:
    credential = Credential(kind=CredentialKind.SESSION, id="ses_00000000000000000000000000")
    return Principal(id=user_id(number), kind=PrincipalKind.USER, credential=credential)


def place(permission: str) -> dict[str, Any]:
    return {"organization": HOME, "workspace": None if permission in ORGANIZATION else PLACE}


def checked(stored: Stored) -> Answers:
    """Ask the service for one permission at a time."""
    with stored.world.security.reading() as unit:
        return {
            (*pair, permission): unit.roles.check(person(number), permission, **place(permission)).allowed
            for number, pair in enumerate(PAIRS)
            for permission in PERMISSIONS
        }


def in_a_batch(stored: Stored) -> Answers:
    """Ask the service for all permissions of a person at once."""
    answers: dict[tuple[str, str, str], bool] = {}
    with stored.world.security.reading() as unit:
        for number, pair in enumerate(PAIRS):
            decisions = unit.roles.check_many(person(number), [Ask(each, **place(each)) for each in PERMISSIONS])
            answers |= {(*pair, each): decision.allowed for each, decision in zip(PERMISSIONS, decisions, strict=True)}
    return answers


def through_the_gate(stored: Stored) -> Answers:
    """Ask what the process remembers, twice, so that the second answer is remembered."""
    for _ in range(2):
        answers = {
            (*pair, each): stored.world.may(person(number), each, HOME, place(each)["workspace"])
            for number, pair in enumerate(PAIRS)
            for each in PERMISSIONS
        }
    return answers


def from_memory(stored: Stored) -> Answers:
    """Ask a process that holds the roles of whole organizations in memory, and make sure that it does."""
    with World.over(stored.world.storage, keys=stored.world.keys, options=EmbeddedOptions(roles_in_memory=True)) as world:
        world.clock.advance(stored.world.clock.now() - world.clock.now())
        answers = {
            (*pair, each): world.may(person(number), each, HOME, place(each)["workspace"])
            for number, pair in enumerate(PAIRS)
            for each in PERMISSIONS
        }
        assert world.gate.roles(HOME, user_id(0)) is not None
    return answers


def listed(stored: Stored) -> Answers:
    """List workspaces; what is held in the organization has no list and is checked."""
    answers: dict[tuple[str, str, str], bool] = {cell: allowed for cell, allowed in checked(stored).items() if cell[2] in ORGANIZATION}
    with stored.world.security.reading() as unit:
        for number, pair in enumerate(PAIRS):
            for each in WORKSPACE:
                page = unit.lists.workspaces(person(number), each, organization=HOME)
                answers[(*pair, each)] = PLACE in page.workspaces
    return answers


def of_host_rows(stored: Stored) -> Answers:
    """Filter a host's own table by the list."""
    answers: dict[tuple[str, str, str], bool] = {cell: allowed for cell, allowed in checked(stored).items() if cell[2] in ORGANIZATION}
    with stored.world.security.reading() as unit, stored.engine.connect() as connection:
        for number, pair in enumerate(PAIRS):
            for each in WORKSPACE:
                mine = unit.lists.reach(person(number), each, organization=HOME)
                answers[(*pair, each)] = (
                    11 in connection.scalars(select(stored.rows.c.id).where(within_reach(stored.rows.c.space, mine))).all()
                )
    return answers


PATHS = (checked, in_a_batch, through_the_gate, from_memory, listed, of_host_rows)


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.__name__)
def test_every_cell_over_a_database(stored: Stored, path: Any) -> None:
    """Law 1: a stored member with exactly these two roles gets exactly the answer of the table, on each path and each database."""
    assert wrong(path(stored)) == []


def test_a_stranger_gets_nothing(stored: Stored) -> None:
    """Law 2: somebody without a membership is allowed none of the cells on any database, and lists nothing."""
    stranger = Principal(id=UserId("usr_zzzzzzzzzzzzzzzzzzzzzzzzzz"), kind=PrincipalKind.USER, credential=person(0).credential)
    with stored.world.security.reading() as unit:
        assert not any(unit.roles.check(stranger, cell[2], **place(cell[2])) for cell in CELLS)
        assert [unit.lists.count(stranger, each, organization=HOME) for each in WORKSPACE] == [0] * len(WORKSPACE)
