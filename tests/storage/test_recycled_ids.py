"""The ids of accounts, organizations and workspaces are given once, in every store."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest

from ctsec.directory import ports
from ctsec.errors import StoreError
from ctsec.storage.memory import MemoryStorage
from ctsec.storage.ports import Storage
from ctsec.storage.sql import SqlStorage
from ctsec.testing.conformance.samples import ignore, org_id, organization, user, user_id, workspace, workspace_id
from tests.servers import Database
from tests.storage.sql.support import emptied

ROWS = ("users", "organizations", "workspaces")


@pytest.fixture
def on_memory() -> MemoryStorage:
    """An empty storage in memory."""
    return MemoryStorage()


@pytest.fixture
def on_sql(database: Database) -> Iterator[SqlStorage]:
    """An empty storage on each SQL database of this machine."""
    storage = SqlStorage.from_url(emptied(database).sync_url)
    yield storage
    storage.close()


def given_again(storage: Storage, rows: str) -> None:
    """Give an id of a kind of rows to somebody else, and find the first one there."""
    kept: dict[str, tuple[Any, Any]] = {
        "users": (user(1), replace(user(2), id=user_id(1))),
        "organizations": (organization(1), replace(organization(2), id=org_id(1))),
        "workspaces": (workspace(1, of=1), replace(workspace(2, of=2), id=workspace_id(1))),
    }
    first, second = kept[rows]

    def add(row: Any) -> Any:
        with storage.begin(after_commit=ignore) as store:
            return getattr(store, rows).add(row)

    add(first)
    with suppress(StoreError):
        assert add(second) is False
    with storage.reading() as store:
        assert getattr(store, rows).get(first.id) == first


@pytest.mark.proves("CVE-2026-55670")
@pytest.mark.parametrize("rows", ROWS)
def test_an_id_in_memory_is_not_given_again(on_memory: MemoryStorage, rows: str) -> None:
    """Another account, organization or workspace under an id that is there is refused, and the first one stays as it is."""
    given_again(on_memory, rows)


@pytest.mark.proves("CVE-2026-55670")
@pytest.mark.parametrize("rows", ROWS)
def test_an_id_in_a_database_is_not_given_again(on_sql: SqlStorage, rows: str) -> None:
    """Another account, organization or workspace under an id that is there is refused, and the first one stays as it is."""
    given_again(on_sql, rows)


@pytest.mark.proves("CVE-2026-55670")
@pytest.mark.parametrize("port", [ports.UserRecords, ports.OrganizationRecords, ports.WorkspaceRecords])
def test_an_id_that_was_given_stays_taken(port: type) -> None:
    """No port takes an account, an organization or a workspace away, so no id is free again; what erases them must leave it taken."""
    known = {"add", "get", "by_email", "replace", "lock", "gain_owner", "lose_owner", "advance_roles", "of_organization"}
    known |= {"mfa_policy", "put_mfa_policy", "requiring_mfa"}
    known |= {"pinned", "repin", "disown"}
    verbs = {name for name in vars(port) if not name.startswith("_")}
    assert "add" in verbs
    assert verbs <= known
