"""The manifest of a backup, and the check of everything before it.

Rules that this module keeps:

- what a manifest says is compared with what was read: tables in their order, columns, counts, digests; nothing stands behind it;
- it names no row and holds no secret.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any, Final

from ctsec.ids import DekId
from ctsec.storage.backup.failures import BackupChanged, BackupTooNew
from ctsec.storage.backup.records import Record, Tag, Value, row_values, table_names

FORMAT: Final = 1
COUNT_BYTES: Final = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class TableSummary:
    """A table of a backup: `main.` or `guard.` and its name without prefix, its columns, its rows, and the SHA-256 of their bodies."""

    name: str
    columns: tuple[str, ...]
    rows: int
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What a backup holds. `id` names it; `database` is the kind of its source, whose own name was `incarnation`."""

    id: DekId
    created_at: datetime
    ctsec: str
    database: str
    incarnation: str
    main_version: str
    guard_version: str
    tables: tuple[TableSummary, ...]

    @property
    def rows(self) -> int:
        """The rows of all tables."""
        return sum(table.rows for table in self.tables)


class TableDigest:
    """The count and the digest of a table's rows, as they pass."""

    __slots__ = ("_digest", "columns", "name", "rows")

    def __init__(self, name: str, columns: tuple[str, ...]) -> None:
        self.name = name
        self.columns = columns
        self.rows = 0
        self._digest = hashlib.sha256()

    def add(self, body: bytes) -> None:
        """Count a row."""
        self.rows += 1
        self._digest.update(len(body).to_bytes(4, "big") + body)

    def end(self) -> bytes:
        """Return the body of the record that ends the table."""
        return self.rows.to_bytes(COUNT_BYTES, "big") + self._digest.digest()

    def summary(self) -> TableSummary:
        """Return what the manifest says of the table."""
        return TableSummary(name=self.name, columns=self.columns, rows=self.rows, sha256=self._digest.hexdigest())


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the table that was named last."""

    values: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Begin:
    """The beginning of a table."""

    name: str
    columns: tuple[str, ...]


def manifest_body(manifest: Manifest) -> bytes:
    """Return the manifest as JSON with sorted keys and without spaces."""
    members = asdict(manifest) | {"format": FORMAT, "created_at": manifest.created_at.astimezone(UTC).isoformat(timespec="microseconds")}
    return json.dumps(members, separators=(",", ":"), sort_keys=True).encode()


def manifest_of(body: bytes) -> Manifest:
    """Return the manifest; raise BackupTooNew for a later form, BackupChanged for what is none."""
    try:
        members: dict[str, Any] = json.loads(body)
        form = members.pop("format")
        if isinstance(form, int) and form > FORMAT:
            raise BackupTooNew(f"the backup's manifest has form {form}, newer than {FORMAT}; install a newer ctsec")
        tables = tuple(_table_of(each) for each in members.pop("tables"))
        found: dict[str, Any] = {**members, "created_at": datetime.fromisoformat(members["created_at"]), "tables": tables}
        return Manifest(**found)
    except (AttributeError, KeyError, TypeError, ValueError):
        raise BackupChanged("the backup's manifest does not decode") from None


def _table_of(members: Any) -> TableSummary:
    found: dict[str, Any] = {**members, "columns": tuple(members["columns"])}
    return TableSummary(**found)


def checked(records: Iterable[Record]) -> Iterator[Begin | Row | Manifest]:
    """Yield beginnings and rows of tables, and last the manifest, once everything was compared; raise BackupChanged if anything differs."""
    table: TableDigest | None = None
    summaries: list[TableSummary] = []
    manifest: Manifest | None = None
    for each in records:
        if manifest is not None:
            raise BackupChanged("the backup goes on behind its manifest")
        match each.tag:
            case Tag.TABLE if table is None:
                table = TableDigest(*table_names(each.body))
                yield Begin(table.name, table.columns)
            case Tag.ROW if table is not None:
                values = row_values(each.body)
                if len(values) != len(table.columns):
                    raise BackupChanged(f"a row of {table.name} has another number of values than the table has columns")
                table.add(each.body)
                yield Row(values)
            case Tag.TABLE_END if table is not None:
                if each.body != table.end():
                    raise BackupChanged(f"the rows of {table.name} are not those that were counted")
                summaries.append(table.summary())
                table = None
            case Tag.MANIFEST if table is None:
                manifest = manifest_of(each.body)
            case _:
                raise BackupChanged("the backup holds a record out of its place")
    if manifest is None or manifest.tables != tuple(summaries):
        raise BackupChanged("the backup's tables are not those of its manifest")
    yield manifest
