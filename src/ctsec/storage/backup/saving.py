"""Writing a backup: a snapshot of the store, streamed into a file that only the key service's key opens."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from importlib import metadata
from pathlib import Path

from sqlalchemy import URL

from ctsec.encryption.data_key import DataKey
from ctsec.encryption.ed25519 import Signer
from ctsec.encryption.ports import Kms
from ctsec.ids import DekId, Random, new_id
from ctsec.storage.backup.container import Header, wrapping_context
from ctsec.storage.backup.file import BackupWriter, new_file
from ctsec.storage.backup.manifest import Manifest, TableDigest, TableSummary, manifest_body
from ctsec.storage.backup.progress import OnProgress, Step, Told, telling
from ctsec.storage.backup.raw import HELD_ROWS
from ctsec.storage.backup.records import Tag, record, row_body, table_body
from ctsec.storage.backup.snapshot import Snapshot, places_of, snapshot
from ctsec.storage.sql.gate import GUARD_VERSION, MAIN_VERSION
from ctsec.storage.sql.tables import Tables, default_tables
from ctsec.transport import Transport
from ctsec.transport.tls import TRANSPORT


@dataclass(frozen=True, slots=True, kw_only=True)
class Backup:
    """A backup that is whole: how many bytes it has, under which KEK its key is wrapped, who signed it, and what it holds."""

    size: int
    kek: str
    signed_by: str
    manifest: Manifest


def write_backup(
    url: str | URL,
    *,
    to: str | os.PathLike[str],
    kms: Kms,
    signer: Signer,
    now: datetime,
    guard: str | URL | None = None,
    tables: Tables | None = None,
    transport: Transport = TRANSPORT,
    progress: OnProgress | None = None,
    random: Random = os.urandom,
    backup: DekId | None = None,
) -> Backup:
    """Write a backup of the store at `url`, and of its guard store, to a new file (blocking; for a command or a thread).

    `guard` and `tables` are those of the store, `transport` how it is reached. The users of a host's own table are the host's, and not in
    the backup. Others may go on writing; the backup is of one moment. An error leaves no file. `backup` is its id, a new one if None.

    Raises SchemaMismatch for tables of another version, a StoreError, a KmsError, or BackupFileFailed.
    """
    path, named = Path(to), backup or new_id(DekId, now=now, random=random)
    with snapshot(places_of(url, guard=guard, tables=tables or default_tables(), transport=transport)) as moment, new_file(path) as file:
        material, wrapped = kms.generate_data_key(wrapping_context(named))
        header = Header(id=named, kek=kms.ref, wrapped=wrapped)
        writer = BackupWriter(file, header=header, key=DataKey(named, material=material), signer=signer, random=random)
        summaries = tuple(_save(moment, writer, told=telling(progress, Step.SAVE)))
        manifest = Manifest(
            id=named,
            created_at=now,
            ctsec=_version(),
            database=moment.database,
            incarnation=moment.incarnation,
            main_version=MAIN_VERSION,
            guard_version=GUARD_VERSION,
            tables=summaries,
        )
        writer.add(record(Tag.MANIFEST, manifest_body(manifest)))
        size = writer.close()
    return Backup(size=size, kek=kms.ref, signed_by=signer.name, manifest=manifest)


def _save(moment: Snapshot, writer: BackupWriter, *, told: Told) -> Iterator[TableSummary]:
    """Write every table, and yield what the manifest will say of it."""
    done, total = 0, moment.total()
    for connection, table in moment.tables:
        digest = TableDigest(table.name, table.columns)
        writer.add(record(Tag.TABLE, table_body(table.name, table.columns)))
        for row in table.rows(connection):
            body = row_body(row)
            digest.add(body)
            writer.add(record(Tag.ROW, body))
            done += 1
            if done % HELD_ROWS == 0:
                told(done, total)
        writer.add(record(Tag.TABLE_END, digest.end()))
        yield digest.summary()
    told(done, total)


def _version() -> str:
    try:
        return metadata.version("ctsec")
    except metadata.PackageNotFoundError:
        return ""
