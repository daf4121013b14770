"""The list of workspaces as a condition on a host's own table, on every database."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Column, Integer, LargeBinary, MetaData, NullPool, String, Table, Uuid, create_engine, func, insert, not_, select
from sqlalchemy.dialects import mysql
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, aliased, mapped_column

from ctsec.rbac.listing import reach
from ctsec.rbac.preset import POLICY
from ctsec.storage.sql import SqlStorage, Tables, schema, within_reach
from ctsec.storage.sql.types import Ident
from ctsec.testing.conformance.samples import NOW, assignment, ignore, membership, org_id, organization, user_id, workspace, workspace_id
from tests.servers import Database, drop_database, fresh_database


class Base(DeclarativeBase):
    pass


class Report(Base):
    """A host's model with a workspace column of its own type."""

    __tablename__ = "host_report"
    id: Mapped[int] = mapped_column(primary_key=True)
    space: Mapped[str | None] = mapped_column(String(64))


def tables_of(kind: str) -> dict[str, Table]:
    """Return host tables whose workspace columns compare in different ways: some fold case, where the database can."""
    folding: dict[str, Any] = {
        "sqlite": String(64, collation="NOCASE"),
        "mariadb": mysql.VARCHAR(64, charset="utf8mb4", collation="utf8mb4_general_ci"),
        "postgresql": String(64, collation="C"),
    }
    types: dict[str, Any] = {"plain": String(64), "ours": Ident(64), "folding": folding[kind]}
    metadata = MetaData()
    return {
        name: Table(f"host_{name}", metadata, Column("id", Integer, primary_key=True), Column("space", type_, nullable=True))
        for name, type_ in types.items()
    }


@pytest.fixture
def made(database: Database, tmp_path: Path) -> Iterator[Database]:
    """Two organizations; user 1 owns the first, user 2 is a member with one role there, and the host keeps rows of every kind."""
    fresh = fresh_database(database.kind, folder=tmp_path)
    schema.create(fresh.sync_url)
    storage = SqlStorage.from_url(fresh.sync_url)
    with storage.begin(after_commit=ignore) as store:
        for of in (1, 2):
            store.organizations.add(organization(of))
            for space in (1, 2, 3):
                store.workspaces.add(workspace(10 * of + space, of=of))
        store.memberships.add(membership(1, of=1, role="owner"))
        store.memberships.add(membership(2, of=1))
        store.assignments.put(assignment(2, of=1, workspace=12))
    storage.close()
    engine = create_engine(fresh.sync_url, poolclass=NullPool)
    Base.metadata.create_all(engine)
    kept = tables_of(fresh.kind)
    next(iter(kept.values())).metadata.create_all(engine)
    with engine.begin() as connection:
        for table in (*kept.values(), Base.metadata.tables["host_report"]):
            rows = [{"id": number, "space": place} for number, place in enumerate(spaces(), start=1)]
            connection.execute(insert(table), rows)
    engine.dispose()
    yield fresh
    drop_database(fresh)


def spaces() -> list[str | None]:
    """Return what the host's rows hold: workspaces of both organizations, spellings of one, nothing, and none at all."""
    one = workspace_id(12)
    return [workspace_id(11), one, one, workspace_id(21), one.upper(), f"{one} ", one[:-1], "", None]


def found(database: Database, query: Any) -> list[int]:
    engine = create_engine(database.sync_url, poolclass=NullPool)
    with engine.connect() as connection:
        rows = [row[0] for row in connection.execute(query)]
    engine.dispose()
    return rows


def asked(person: int, permission: str = "dashboards:view", **narrowed: Any) -> Any:
    return reach(POLICY, permission, organization=org_id(1), user=user_id(person), now=NOW, **narrowed)


@pytest.mark.parametrize("kind", ["plain", "ours", "folding"])
def test_a_hosts_rows_are_those_of_the_list(made: Database, kind: str) -> None:
    """Law 13: found are the rows with the exact id of a workspace in the list, and no other; the negation is exactly the rest."""
    table = tables_of(made.kind)[kind]
    for person, permission, wanted in (
        (1, "agents:run", [1, 2, 3]),
        (2, "dashboards:view", [2, 3]),
        (2, "agents:run", []),
        (3, "agents:run", []),
    ):
        condition = within_reach(table.c.space, asked(person, permission))
        assert found(made, select(table.c.id).where(condition).order_by(table.c.id)) == wanted
        assert found(made, select(func.count()).select_from(table).where(condition)) == [len(wanted)]
        rest = [number for number, place in enumerate(spaces(), start=1) if number not in wanted]
        assert found(made, select(table.c.id).where(not_(condition)).order_by(table.c.id)) == rest


def test_pages_of_rows_are_made_by_the_database(made: Database) -> None:
    """Filtered pages of a host's rows are full pages: the condition is part of the statement that counts and limits."""
    table = tables_of(made.kind)["plain"]
    query = select(table.c.id).where(within_reach(table.c.space, asked(1))).order_by(table.c.id).limit(2)
    assert found(made, query) == [1, 2]
    assert found(made, query.where(table.c.id > 2)) == [3]


def test_a_key_narrows_the_rows(made: Database) -> None:
    """With a key that is narrowed to a workspace only its rows are found, and without the scope none."""
    table = tables_of(made.kind)["plain"]
    pinned = within_reach(table.c.space, asked(1, workspaces=frozenset({workspace_id(11), workspace_id(21)})))
    assert found(made, select(table.c.id).where(pinned)) == [1]
    assert found(made, select(table.c.id).where(within_reach(table.c.space, asked(1, scopes=frozenset({"agents:run"}))))) == []


def test_the_condition_stands_in_models_aliases_and_joins(made: Database) -> None:
    """A mapped attribute, an alias of it, and a query that joins our workspace table itself, all give the same rows."""
    mine = asked(2)
    ours = Tables().workspace
    joined = select(Report.id).join(ours, ours.c.id == Report.space).where(within_reach(Report.space, mine)).order_by(Report.id)
    other = aliased(Report)
    engine = create_engine(made.sync_url, poolclass=NullPool)
    with Session(engine) as session:
        assert session.scalars(select(Report.id).where(within_reach(Report.space, mine)).order_by(Report.id)).all() == [2, 3]
        assert session.scalars(select(other.id).where(within_reach(other.space, mine)).order_by(other.id)).all() == [2, 3]
        assert session.scalars(joined).all() == [2, 3]
    engine.dispose()


@pytest.mark.parametrize("kind", [Integer(), LargeBinary(), Uuid()])
def test_a_column_that_holds_no_ids_is_refused(kind: Any) -> None:
    """Law 13: what can not be put as a condition raises, instead of widening or narrowing the list."""
    with pytest.raises(ValueError, match="column of text"):
        within_reach(Table("t", MetaData(), Column("space", kind)).c.space, asked(1))


@pytest.mark.parametrize("permission", ["billing:manage", "members:manage"])
def test_a_permission_of_the_organization_has_no_list(permission: str) -> None:
    """Asking where in workspaces a permission of the organization is held is a mistake, not an empty list."""
    with pytest.raises(ValueError, match="held in workspaces"):
        asked(1, permission)
