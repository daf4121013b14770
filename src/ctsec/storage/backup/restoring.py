"""Verifying a backup, and restoring it into an empty store.

Rules that this module keeps:

- the whole file is verified before the first write: every chunk, record, count and digest, the manifest and the signature;
- it is read through one open file, and verified again while it is written: nothing is committed that was not;
- rows go into empty tables only. Before the first of them the version of the main tables is replaced by a mark, which ctsec refuses to
  open; the mark goes in the transaction that brings the rows. So tables are empty and marked, or complete;
- the guard store's rows, if it is a database of its own, are committed before those of the main tables: a restore that was interrupted
  between the two finds them to be those of this backup, and goes on;
- what was written is read back and compared with the manifest before it is committed.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from sqlalchemy import URL, Connection, update

from ctsec.encryption.data_key import DataKey
from ctsec.encryption.ed25519 import public_key_of, signer_name
from ctsec.encryption.ports import Kms
from ctsec.errors import ConfigurationError, DecryptionFailed, KeyNotFound, SchemaMismatch, StoreError
from ctsec.storage.backup.container import wrapping_context
from ctsec.storage.backup.failures import BackupChanged, BackupKeyRefused, BackupTooNew, StoreNotEmpty
from ctsec.storage.backup.file import BackupFile, opened
from ctsec.storage.backup.manifest import Begin, Manifest, Row, TableDigest, TableSummary, checked
from ctsec.storage.backup.progress import OnProgress, Step, Told, telling, told_nobody
from ctsec.storage.backup.raw import HELD_ROWS, RawTable, raw_tables
from ctsec.storage.backup.records import Value, read_records, row_body
from ctsec.storage.backup.saving import Backup
from ctsec.storage.backup.snapshot import Place, connected, places_of, translated
from ctsec.storage.sql.gate import GUARD_VERSION, MAIN_VERSION, RESTORING, judge_version
from ctsec.storage.sql.parts import Part
from ctsec.storage.sql.schema import make, make_schema, take_lock, version_of
from ctsec.storage.sql.tables import Tables, default_tables
from ctsec.transport import Transport
from ctsec.transport.tls import TRANSPORT


def verify_backup(source: str | os.PathLike[str], *, kms: Kms, signed_by: str, progress: OnProgress | None = None) -> Backup:
    """Read a whole backup and return what it is; `signed_by` is the name of the key that must have signed it.

    Raises NotABackup, BackupTooNew, BackupCut, BackupChanged, BackupKeyRefused, BackupFileFailed, or a KmsError.
    """
    with opened(Path(source)) as file:
        return _verified(file, _key_of(file, kms=kms, signed_by=signed_by), told=telling(progress, Step.VERIFY))


def restore_backup(
    url: str | URL,
    *,
    source: str | os.PathLike[str],
    kms: Kms,
    signed_by: str,
    guard: str | URL | None = None,
    tables: Tables | None = None,
    transport: Transport = TRANSPORT,
    progress: OnProgress | None = None,
) -> Backup:
    """Restore a backup into the store at `url`, which is empty or does not exist yet, and return what was restored (blocking).

    The store may be of another kind of database than the source was. It keeps the name of its own that caches know it by. Call it again
    after an interruption; until it has ended, ctsec does not open the store.

    Raises what verify_backup does, StoreNotEmpty, SchemaMismatch for a backup or tables of another version, or a StoreError.
    """
    places = places_of(url, guard=guard, tables=tables or default_tables(), transport=transport)
    with opened(Path(source)) as file:
        key = _key_of(file, kms=kms, signed_by=signed_by)
        backup = _verified(file, key, told=telling(progress, Step.VERIFY))
        _judge(backup.manifest, places)
        with translated():
            _mark(places, backup.manifest)
            for place in reversed(places):
                _fill(place, file, key, manifest=backup.manifest, progress=progress)
        return backup


def _key_of(file: BackupFile, *, kms: Kms, signed_by: str) -> DataKey:
    """Return the key of a backup; raise BackupKeyRefused if another key signed it, or if `kms` does not unwrap its key."""
    try:
        public = public_key_of(signed_by)
    except ValueError as error:
        raise ConfigurationError(f"no key that signs has this name; {error}") from None
    if file.end.public != public:
        raise BackupKeyRefused(f"the backup is signed by {signer_name(file.end.public)}; expected {signed_by}")
    header = file.header
    try:
        return DataKey(header.id, material=kms.unwrap(header.wrapped, wrapping_context(header.id)))
    except (DecryptionFailed, KeyNotFound, ValueError):
        raise BackupKeyRefused(
            f"the backup is under {header.kek!r}, and {kms.ref!r} does not unwrap its key; give the key of this backup"
        ) from None


def _verified(file: BackupFile, key: DataKey, *, told: Told) -> Backup:
    manifest: Manifest | None = None
    for each in checked(read_records(file.plaintext(key, told=told))):
        if isinstance(each, Manifest):
            manifest = each
    if manifest is None or manifest.id != file.header.id:
        raise BackupChanged("the manifest is not that of this backup")
    return Backup(size=file.size, kek=file.header.kek, signed_by=signer_name(file.end.public), manifest=manifest)


def _judge(manifest: Manifest, places: Sequence[Place]) -> None:
    """Raise unless the backup has exactly the tables of this package and these settings."""
    for name, found, wanted in (("main", manifest.main_version, MAIN_VERSION), ("guard", manifest.guard_version, GUARD_VERSION)):
        if found > wanted:
            raise BackupTooNew(f"the backup has {name} tables of version {found}, and this package knows {wanted}; install a newer ctsec")
        if found < wanted:
            raise SchemaMismatch(
                f"the backup has {name} tables of version {found}, older than {wanted}; restore with ctsec {manifest.ctsec}, then upgrade"
            )
    ours = {table.name: table.columns for place in places for table in _raw(place)}
    theirs = {table.name: table.columns for table in manifest.tables}
    if ours != theirs:
        differing = ", ".join(sorted(name for name in ours.keys() | theirs.keys() if ours.get(name) != theirs.get(name)))
        raise SchemaMismatch(
            f"the backup has other tables than expected here, or other columns: {differing}; is the user table a host's own?"
        )


def _raw(place: Place) -> tuple[RawTable, ...]:
    return tuple(table for part in place.parts for table in raw_tables(part))


def _mark(places: Sequence[Place], manifest: Manifest) -> None:
    """Make the tables where there are none, see that they are empty, and mark the main ones; raise StoreNotEmpty or SchemaMismatch."""
    with ExitStack() as stack:
        connections = [stack.enter_context(connected(place)) for place in places]
        for connection in connections:
            _begin(connection, main=connection is connections[0])
        for connection, place in zip(connections, places, strict=True):
            for part in place.parts:
                _prepare(connection, part, manifest, interrupted=place is not places[0] and _is_marked(connections[0], places[0].parts[0]))
        _set_version(connections[0], places[0].parts[0], RESTORING)
        for connection in reversed(connections):
            connection.commit()


def _prepare(connection: Connection, part: Part, manifest: Manifest, *, interrupted: bool) -> None:
    make_schema(connection, part)
    if make(connection, part):
        return
    if not _is_marked(connection, part):
        judge_version(version_of(connection, part), wanted=part.head, table=part.version.name)
    tables = raw_tables(part)
    full = [table.name for table in tables if not table.is_empty(connection)]
    if full and not (interrupted and _is_restored(connection, tables, manifest)):
        raise StoreNotEmpty(f"a backup is restored into an empty store; there are rows in {', '.join(full)}")


def _fill(place: Place, file: BackupFile, key: DataKey, *, manifest: Manifest, progress: OnProgress | None) -> None:
    """Write the rows of a place and take its mark away, in one transaction; nothing if they are there already."""
    main = next((part for part in place.parts if part.name == "main"), None)
    tables = _raw(place)
    with connected(place) as connection:
        _begin(connection, main=main is not None)
        if main is not None and not _is_marked(connection, main):
            raise StoreNotEmpty("another restore into this store has ended meanwhile")
        if any(not table.is_empty(connection) for table in tables):
            if main is None and _is_restored(connection, tables, manifest):
                return
            raise StoreNotEmpty("somebody wrote into the store while a backup was being restored into it")
        _insert(connection, tables, file, key, manifest=manifest, told=telling(progress, Step.RESTORE))
        if not _is_restored(connection, tables, manifest, told=telling(progress, Step.COMPARE)):
            raise StoreError("the rows that were written are not those of the backup when they are read back; nothing was kept")
        if main is not None:
            _set_version(connection, main, main.head)
        connection.commit()


def _insert(
    connection: Connection, tables: tuple[RawTable, ...], file: BackupFile, key: DataKey, *, manifest: Manifest, told: Told
) -> None:
    ours = {table.name: table for table in tables}
    current: RawTable | None = None
    batch: list[tuple[Value, ...]] = []
    done, total = 0, sum(table.rows for table in manifest.tables if table.name in ours)
    for each in checked(read_records(file.plaintext(key))):
        if current is not None and batch and (len(batch) == HELD_ROWS or not isinstance(each, Row)):
            current.add(connection, batch)
            done += len(batch)
            told(done, total)
            batch = []
        match each:
            case Begin(name=name):
                current = ours.get(name)
            case Row(values=values) if current is not None:
                if not current.fits(values):
                    raise BackupChanged(f"a row of {current.name} has a value of another kind than its column")
                batch.append(values)
            case _:
                pass


def _is_restored(connection: Connection, tables: tuple[RawTable, ...], manifest: Manifest, *, told: Told = told_nobody) -> bool:
    """Say whether the tables hold exactly the rows of the backup, by their counts and digests."""
    expected = {table.name: table for table in manifest.tables}
    done, total = 0, sum(expected[table.name].rows for table in tables)
    for summary in (_summary(connection, table) for table in tables):
        if summary != expected[summary.name]:
            return False
        done += summary.rows
        told(done, total)
    return True


def _summary(connection: Connection, table: RawTable) -> TableSummary:
    digest = TableDigest(table.name, table.columns)
    for row in table.rows(connection):
        digest.add(row_body(row))
    return digest.summary()


def _begin(connection: Connection, *, main: bool) -> None:
    """Begin to write, alone: the lock of schema changes is the main tables', since it is one for a whole server on MariaDB."""
    if main or connection.dialect.name == "sqlite":
        take_lock(connection)


def _is_marked(connection: Connection, part: Part) -> bool:
    return version_of(connection, part) == RESTORING


def _set_version(connection: Connection, part: Part, version: str) -> None:
    connection.execute(update(part.version).values(version_num=version))
