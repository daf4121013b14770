"""What the tests of backups share: stores with rows in every table, and a dump of a store that knows nothing of backups."""

from __future__ import annotations

import os
import random
import resource
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import BigInteger, Column, Connection, Integer, NullPool, Table, create_engine, delete, insert, text

from ctsec.encryption.data_key import DataKey
from ctsec.encryption.kms import LocalKms
from ctsec.ids import DekId
from ctsec.secret import Secret
from ctsec.storage.backup import SIGNING_LABEL, Backup, OnProgress, Signer, restore_backup, verify_backup, write_backup
from ctsec.storage.backup.container import Header, wrapping_context
from ctsec.storage.backup.file import BackupWriter, new_file, opened
from ctsec.storage.backup.records import Record, read_records
from ctsec.storage.sql import SqlStorage, Tables
from ctsec.storage.sql.schema import create
from ctsec.storage.sql.types import Blob, Digest, EnumText, Ident, Instant, JsonText, Words
from ctsec.testing.conformance import samples as s
from ctsec.testing.conformance._sync_passkeys import passkey
from ctsec.testing.conformance._sync_recovery import domain, recovery, terms, trail
from tests.servers import FOLDER_VARIABLE, Database, drop_database, fresh_database

TABLES = Tables()
PARTS = (TABLES.main, TABLES.guard)
KMS = LocalKms(b"k" * 16, key=Secret(b"K" * 32))
SIGNER = Signer(KMS.derive(SIGNING_LABEL))
ANY_ID = DekId(s.number("dek", 1))
LETTERS = ("a", "Z", "ž", "人", "\U0001f511", " ", "'", "%", "\\", "\n")


@contextmanager
def database_of(kind: str, folder: Path) -> Iterator[Database]:
    """An empty database without tables."""
    made = fresh_database(kind, folder=folder)
    try:
        yield made
    finally:
        drop_database(made)


_reused: dict[tuple[str, str], Database] = {}


def emptied(kind: str, role: str) -> Database:
    """Return the one database of a kind for a role, `source` or `target`, with empty tables: making them anew takes a second."""
    if (kind, role) not in _reused:
        _reused[kind, role] = fresh_database(kind, folder=Path(tempfile.mkdtemp(dir=os.environ[FOLDER_VARIABLE])))
        create(_reused[kind, role].sync_url)
    database = _reused[kind, role]
    empty(database.sync_url, database.guard_sync_url)
    return database


def empty(url: str, guard_url: str, *, tables: Tables = TABLES) -> None:
    """Delete every row but the database's own name."""
    for place, metadata in ((url, tables.main), (guard_url, tables.guard)):
        with connection_to(place) as connection:
            for table in metadata.tables.values():
                connection.execute(delete(table).where(table.c.name != "incarnation") if table is tables.meta else delete(table))
            connection.commit()


def save(url: str, to: Path, *, progress: OnProgress | None = None, tables: Tables | None = None) -> Backup:
    return write_backup(url, to=to, kms=KMS, signer=SIGNER, now=s.NOW, progress=progress, tables=tables)


def restore(url: str, source: Path, *, progress: OnProgress | None = None, tables: Tables | None = None) -> Backup:
    return restore_backup(url, source=source, kms=KMS, signed_by=SIGNER.name, progress=progress, tables=tables)


def save_named(url: str, path: str) -> None:
    """Save to a path, as an order of `tests.victim`."""
    save(url, Path(path))


def restore_named(url: str, path: str) -> None:
    """Restore from a path, as an order of `tests.victim`."""
    restore(url, Path(path))


def verify(source: Path) -> Backup:
    return verify_backup(source, kms=KMS, signed_by=SIGNER.name)


@contextmanager
def connection_to(url: str) -> Iterator[Connection]:
    engine = create_engine(url, poolclass=NullPool)
    with engine.connect() as connection:
        yield connection
    engine.dispose()


def dump(database: Database, tables: Tables = TABLES) -> dict[str, list[tuple[Any, ...]]]:
    """Return every row of every table as plain values, in no order of the database's; the database's own name apart."""
    found: dict[str, list[tuple[Any, ...]]] = {}
    for url, metadata in ((database.sync_url, tables.main), (database.guard_sync_url, tables.guard)):
        with connection_to(url) as connection:
            for table in metadata.tables.values():
                names = ", ".join(connection.dialect.identifier_preparer.format_column(column) for column in table.columns)
                place = connection.dialect.identifier_preparer.format_table(table)
                rows = [
                    tuple(_plain(value, column) for value, column in zip(row, table.columns, strict=True))
                    for row in connection.execute(text(f"SELECT {names} FROM {place}"))
                ]
                kept = [row for row in rows if table is not tables.meta or row[0] != "incarnation"]
                found[table.name.removeprefix(tables.prefix)] = sorted(kept, key=repr)
    return found


def incarnation(database: Database) -> str:
    with connection_to(database.sync_url) as connection:
        return str(connection.execute(text("SELECT value FROM ctsec_meta WHERE name = 'incarnation'")).scalar_one())


def _plain(value: Any, column: Column[Any]) -> Any:
    if isinstance(value, (memoryview, bytearray)):
        value = bytes(value)
    if isinstance(value, bytes) and isinstance(column.type, (Ident, EnumText)):
        return value.decode()
    return value


def fill(url: str, *, rows: int, seed: int = 1, guard_url: str | None = None, tables: Tables = TABLES) -> None:
    """Put so many rows into every table: values of all lengths and extremes that a column takes, whatever they mean."""
    chance = random.Random(seed)
    guard = guard_url or (f"{url}-guard" if url.startswith("sqlite") else url)
    for place, metadata in ((url, tables.main), (guard, tables.guard)):
        with connection_to(place) as connection:
            for table in metadata.tables.values():
                raw = Table(table.name, type(metadata)(schema=table.schema), *(Column(c.name, _raw_type(c.type)) for c in table.columns))
                made = [_row(table, n, chance, bytewise=connection.dialect.name in {"mysql", "mariadb"}) for n in range(rows)]
                if made:
                    connection.execute(insert(raw), made)
            connection.commit()


def _raw_type(kind: Any) -> Any:
    from sqlalchemy import LargeBinary, Text

    if isinstance(kind, (Blob, Digest)):
        return LargeBinary()
    return BigInteger() if isinstance(kind, (Instant, BigInteger, Integer)) else Text()


def _row(table: Table, n: int, chance: random.Random, *, bytewise: bool) -> dict[str, Any]:
    return {column.name: _value(column, n, chance, bytewise=bytewise) for column in table.columns}


def _value(column: Column[Any], n: int, chance: random.Random, *, bytewise: bool) -> Any:
    """Return a value of the column that no other row has, null where that is allowed and chance has it so."""
    if column.nullable and chance.random() < 0.4:
        return None
    match column.type:
        case Digest(length=length):
            return n.to_bytes(4, "big") + chance.randbytes(chance.choice((0, length - 4)))
        case Blob():
            return chance.randbytes(chance.choice((0, 1, 40, 3000)))
        case EnumText(kind=kind):
            value = chance.choice([*kind.__members__.values()]).value
            return value.encode() if bytewise else value
        case Ident(length=length):
            value = f"{n:06d}"
            while len(value.encode()) < length - 4 and chance.random() < 0.9:
                value += chance.choice(LETTERS)
            return value.encode() if bytewise else value
        case Words() | JsonText():
            return "".join(chance.choices(LETTERS, k=chance.choice((0, 3, 500))))
        case BigInteger() if any(index.unique and [*index.columns] == [column] for index in column.table.indexes):
            return n
        case Instant() | BigInteger():
            return chance.choice((0, -1, n, (1 << 63) - 1, -(1 << 63)))
        case Integer():
            return n
    raise TypeError(f"no value for {column.type!r}")


def add_samples(url: str) -> None:
    """Put the records of the conformance suite in by the ports of the store, as the application does."""
    storage = SqlStorage.from_url(url)
    with storage.begin(after_commit=s.ignore) as store:
        for n in range(1, 4):
            store.users.add(s.user(n))
            store.organizations.add(s.organization(n))
            store.workspaces.add(s.workspace(n, of=n))
            store.memberships.add(s.membership(n, of=n))
            store.assignments.put(s.assignment(n, of=n, workspace=n))
            store.custom_roles.put(s.custom_role(f"role{n}", of=n))
            store.elevations.add(s.elevation(n, of=n, person=n))
            store.break_glass.add(s.permit(n, of=n, person=n))
            store.invitations.add(s.invitation(n, of=n))
            store.passwords.put(s.password(n))
            store.sessions.add(s.session(n, of=n))
            store.authenticators.add(s.authenticator(n, of=n))
            store.backup_codes.put(s.backup_codes(n, of=n))
            store.passkeys.add(passkey(n, of=n))
            store.recoveries.add(recovery(n, of=n, person=n))
            store.trails.put(trail(n))
            store.recovery_terms.put(terms(n))
            store.domains.add(domain(f"d{n}.example", of=n))
            store.api_keys.add(s.api_key(n, of=n, owner=n), s.key_secret(n))
            store.deks.add(s.dek(n))
            store.customer_keys.add(s.customer_key(n))
            store.inbox.append(s.event(n, of=n))
            store.outbox.add(s.outbox_entry(n))
            store.epochs.bump(f"scope{n}")
    storage.guard.proofs.issue((s.proof("a"), s.proof("b")))
    storage.guard.events.append(s.event(9))
    storage.close()


def made(url: str) -> str:
    """Return the URL, with tables there."""
    create(url)
    return url


def craft(path: Path, *records: bytes, backup: DekId = ANY_ID, signer: Signer = SIGNER) -> Path:
    """Write a file that is authentic from its header to its signature, whatever records it holds."""
    material, wrapped = KMS.generate_data_key(wrapping_context(backup))
    with new_file(path) as file:
        header = Header(id=backup, kek=KMS.ref, wrapped=wrapped)
        writer = BackupWriter(file, header=header, key=DataKey(backup, material=material), signer=signer, random=os.urandom)
        for each in records:
            writer.add(each)
        writer.close()
    return path


def records_of(source: Path) -> list[Record]:
    """Return the records of a backup."""
    with opened(source) as file:
        key = DataKey(file.header.id, material=KMS.unwrap(file.header.wrapped, wrapping_context(file.header.id)))
        return list(read_records(file.plaintext(key)))


@contextmanager
def files_of_at_most(size: int) -> Iterator[None]:
    """Let no file grow beyond `size` bytes: what is beyond fails as on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
