"""The first question to a database: are its tables of the version that this package writes?"""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import Select, Table, Update, false, select, update

from ctsec.errors import SchemaMismatch

MAIN_VERSION: Final = "0040"
GUARD_VERSION: Final = "0009"
RESTORING: Final = "restoring"  # stands in the place of a version while a backup is restored into the tables
REGION_VERSION: Final = "0003"


class Gate:
    """Opens once, when the version was read and is right; until then every transaction asks."""

    __slots__ = ("_table", "_wanted", "open")

    def __init__(self, table: Table, *, wanted: str) -> None:
        self._table = table
        self._wanted = wanted
        self.open = False

    def statement(self) -> Select[Any]:
        """Return the statement that reads the version."""
        return select(self._table.c.version_num)

    def lock(self) -> Update:
        """Return the statement that changes nothing, and begins to write on SQLite: a lock of the file."""
        return update(self._table).where(false()).values(version_num=self._table.c.version_num)

    def judge(self, found: str | None) -> None:
        """Open, or raise SchemaMismatch that says what to do."""
        judge_version(found, wanted=self._wanted, table=self._table.name)
        self.open = True


def judge_version(found: str | None, *, wanted: str, table: str) -> None:
    """Raise SchemaMismatch unless the version in `table` is the wanted one."""
    if found == RESTORING:
        raise SchemaMismatch("a backup is being restored into these tables, or that was interrupted; run `ctsec restore` again")
    command = "ctsec residency prepare" if table.endswith("region_alembic_version") else "ctsec db upgrade"
    if found is None:
        raise SchemaMismatch(f"{table} is empty: no tables of ctsec are here; run `{command}`")
    if found > wanted:
        raise SchemaMismatch(f"{table} is at version {found}, newer than {wanted}, which this package knows; install a newer ctsec")
    if found < wanted:
        raise SchemaMismatch(f"{table} is at version {found}, older than {wanted}; run `{command}`")
