# Generated from tests/services/_async_rows.py by tools/twin.py; edit that file.
"""Every row of a world's stores, to see what a step wrote (async source of the twin)."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from ctsec.storage.memory import MemoryStorage
from tests.services._sync_world import World
from tests.services.probing import DATABASE

_GUARD = ("proofs", "steps", "attempts", "allowances", "seals", "events", "subjects")


def rows_of(world: World, folder: Path | None) -> dict[str, list[str]]:
    """Return the rows of each table, main and guard, as texts: of SQLite in `folder`, of memory without one."""
    if isinstance(world.storage, MemoryStorage):
        state = world.storage.state
        told: dict[str, Any] = {**state.newest.tables, **{f"guard {name}": getattr(state.guard, name) for name in _GUARD}}
        return {name: sorted(f"{key!r} {record!r}" for key, record in rows.items()) for name, rows in told.items()}
    assert folder is not None
    found: dict[str, list[str]] = {}
    for file in (DATABASE, f"{DATABASE}-guard"):
        with closing(sqlite3.connect(folder / file)) as database:
            names = [name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
            for name in names:
                found[f"{file} {name}"] = sorted(repr(row) for row in database.execute(f'SELECT * FROM "{name}"'))
    return found


def changed(before: dict[str, list[str]], after: dict[str, list[str]]) -> set[str]:
    """Return the tables whose rows are not what they were."""
    return {
        name.removeprefix(f"{DATABASE}-guard ").removeprefix(f"{DATABASE} ")
        for name in before | after
        if before.get(name) != after.get(name)
    }
