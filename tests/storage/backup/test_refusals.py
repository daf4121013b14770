"""A file that is not exactly what was written is refused, with the reason, before anything is written."""

from __future__ import annotations

import fcntl
import random
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from ctsec.encryption.ed25519 import Signer
from ctsec.encryption.kms import AwsKeyServices, LocalKms
from ctsec.errors import ConfigurationError, CtsecError, KeyDisabled, SchemaMismatch
from ctsec.secret import Secret
from ctsec.storage.backup import (
    BackupChanged,
    BackupCut,
    BackupError,
    BackupFileFailed,
    BackupKeyRefused,
    BackupTooNew,
    NotABackup,
    Step,
    restore_backup,
    verify_backup,
    write_backup,
)
from ctsec.storage.backup.container import END_BYTES
from ctsec.storage.backup.manifest import TableDigest, manifest_body, manifest_of
from ctsec.storage.backup.records import MAX_RECORD, Tag, record, row_body, table_body
from ctsec.storage.sql import SqlStorage
from ctsec.testing.conformance import samples as s
from ctsec.testing.kms import FakeAwsKms, KeyState
from tests.storage.backup.support import (
    KMS,
    SIGNER,
    craft,
    database_of,
    dump,
    fill,
    made,
    records_of,
    restore,
    save,
    verify,
)

SEALED_CHUNK = 16 * 1024 + 16
REFUSED = (NotABackup, BackupCut, BackupChanged, BackupKeyRefused, BackupTooNew)


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A backup of several chunks, `a`, and another of the same store, `b`."""
    folder = tmp_path_factory.mktemp("refusals")
    with database_of("sqlite", folder) as database:
        fill(made(database.sync_url), rows=10)
        save(database.sync_url, folder / "a")
        save(database.sync_url, folder / "b")
        yield folder / "a"


def body_of(raw: bytes) -> int:
    """Return where the first chunk begins."""
    sizes = [int.from_bytes(raw[18:20], "big")]
    sizes.append(int.from_bytes(raw[20 + sizes[0] : 22 + sizes[0]], "big"))
    return 22 + sum(sizes) + 74


def refused(path: Path, raw: bytes) -> CtsecError:
    """Write a file, and return the error that refuses both its verification and its restoration, which writes nothing."""
    path.write_bytes(raw)
    with pytest.raises(REFUSED) as verifying:
        verify(path)
    target = path.with_name("target.db")
    with pytest.raises(type(verifying.value)) as restoring:
        restore(f"sqlite:///{target}", path)
    assert str(restoring.value) == str(verifying.value)
    assert not target.exists()
    return verifying.value


@pytest.mark.proves("ASVS-11.3.3")
def test_every_cut_is_refused(source: Path, tmp_path: Path) -> None:
    """A file that ends anywhere but at its end, at edges of chunks among others, or goes on behind it, is told to be cut, and where."""
    raw = source.read_bytes()
    start = body_of(raw)
    edges = [*range(start, len(raw), SEALED_CHUNK), start - 74, len(raw) - END_BYTES, len(raw)]
    assert len(edges) > 5
    lengths = {edge + step for edge in edges for step in (-1, 0, 1)} | set(random.Random(1).sample(range(len(raw)), 60)) | {0, 1, 2, 17}
    for length in sorted(lengths - {len(raw), len(raw) + 1}):
        error = refused(tmp_path / "cut", raw[:length])
        assert isinstance(error, BackupCut) == (length >= start - 74)
        if isinstance(error, BackupCut):
            assert f"ends at byte {length} " in str(error)
    assert isinstance(refused(tmp_path / "longer", raw + b"\x00"), BackupCut)
    assert isinstance(refused(tmp_path / "twice", raw + raw), BackupCut)


@pytest.mark.proves("ASVS-11.3.3")
def test_every_changed_bit_is_refused(source: Path, tmp_path: Path) -> None:
    """One bit that differs, in any byte of the header and of the end, and in many of the chunks, is refused."""
    raw = source.read_bytes()
    chance, start = random.Random(2), body_of(raw)
    places = [*range(start), *chance.sample(range(start, len(raw) - END_BYTES), 60), *range(len(raw) - END_BYTES, len(raw))]
    path = tmp_path / "flipped"
    for place in places:
        changed = bytearray(raw)
        changed[place] ^= 1 << chance.randrange(8)
        path.write_bytes(changed)
        with pytest.raises(REFUSED):
            verify(path)


@pytest.mark.proves("ASVS-11.3.3")
def test_reordered_and_mixed_files_are_refused(source: Path, tmp_path: Path) -> None:
    """Chunks that change places or come twice or not at all, and parts of another backup of the same store, are refused as changed."""
    raw, other = source.read_bytes(), source.with_name("b").read_bytes()
    start, end = body_of(raw), len(raw) - END_BYTES
    first, second = (slice(start + n * SEALED_CHUNK, start + (n + 1) * SEALED_CHUNK) for n in range(2))
    assert second.stop < end
    mark = raw[end:]

    def ended(body: bytes) -> bytes:
        return body + mark[:2] + len(body).to_bytes(8, "big") + mark[10:]

    for changed in (
        raw[:start] + raw[second] + raw[first] + raw[second.stop :],
        ended(raw[: first.stop] + raw[first] + raw[first.stop : end]),
        ended(raw[:start] + raw[first.stop : end]),
        raw[: start - 74] + other[start - 74 :],
        other[: start - 74] + raw[start - 74 :],
        raw[: first.start] + other[first] + raw[first.stop :],
        raw[:end] + other[len(other) - END_BYTES :] if len(raw) == len(other) else raw[:-1] + bytes([raw[-1] ^ 1]),
    ):
        assert isinstance(refused(tmp_path / "mixed", changed), BackupChanged)


def test_other_files_are_no_backups(tmp_path: Path) -> None:
    """An empty file, text, a database and a missing file are refused as what they are; a later format is told from garbage."""
    for raw in (b"", b"\xc7", b"hello world" * 100, b"SQLite format 3\x00" * 100, b"\xc7\x31" + bytes(500)):
        assert isinstance(refused(tmp_path / "other", raw), NotABackup)
    assert isinstance(refused(tmp_path / "later", b"\xc7\x42" + bytes(500)), BackupTooNew)
    with pytest.raises(BackupFileFailed, match="no such file"):
        verify(tmp_path / "missing")


@pytest.mark.proves("SEED-E4")
def test_unrelated_keys_are_refused(source: Path, tmp_path: Path) -> None:
    """A key that did not wrap, one that has only its name, and a signer who is not the expected one are refused, and told by name."""
    unrelated, homonym = LocalKms(b"u" * 16, key=Secret(b"U" * 32)), LocalKms(b"k" * 16, key=Secret(b"U" * 32))
    for kms in (unrelated, homonym):
        with pytest.raises(BackupKeyRefused, match="does not unwrap"):
            restore_backup(f"sqlite:///{tmp_path}/t.db", source=source, kms=kms, signed_by=SIGNER.name)
    stranger = Signer(Secret(b"s" * 32))
    with pytest.raises(BackupKeyRefused, match=SIGNER.name):
        restore_backup(f"sqlite:///{tmp_path}/t.db", source=source, kms=KMS, signed_by=stranger.name)
    forged = craft(tmp_path / "forged", *(record(each.tag, each.body) for each in records_of(source)), signer=stranger)
    with pytest.raises(BackupKeyRefused, match=stranger.name):
        restore(f"sqlite:///{tmp_path}/t.db", forged)
    raw = forged.read_bytes()
    mark = len(raw) - END_BYTES + 10
    assert isinstance(refused(tmp_path / "claimed", raw[:mark] + SIGNER.public + raw[mark + 32 :]), BackupChanged)
    with pytest.raises(ConfigurationError, match="ed25519:"):
        verify_backup(source, kms=KMS, signed_by="ed25519:AB")
    assert not (tmp_path / "t.db").exists()


def test_a_key_service_decides_over_a_backup(tmp_path: Path) -> None:
    """A backup under a key of AWS KMS comes back with that key, and not while it is disabled; its context names the backup."""
    with FakeAwsKms() as fake, database_of("sqlite", tmp_path) as old, database_of("sqlite", tmp_path) as new:
        fill(made(old.sync_url), rows=1)
        key = AwsKeyServices(endpoint=fake.url, session=fake_session()).open(fake.keys.create("eu-central-1"))
        backup = write_backup(old.sync_url, to=tmp_path / "b", kms=key, signer=SIGNER, now=s.NOW)
        assert backup.kek == key.ref
        fake.keys.set_state(key.ref, KeyState.DISABLED)
        with pytest.raises(KeyDisabled):
            restore_backup(new.sync_url, source=tmp_path / "b", kms=key, signed_by=SIGNER.name)
        fake.keys.set_state(key.ref, KeyState.ENABLED)
        restore_backup(new.sync_url, source=tmp_path / "b", kms=key, signed_by=SIGNER.name)
        assert dump(new) == dump(old)


def fake_session():  # type: ignore[no-untyped-def]
    from boto3.session import Session

    return Session(aws_access_key_id="AKIDEXAMPLE", aws_secret_access_key="secret", region_name="eu-central-1")


def test_authentic_files_that_contradict_themselves_are_refused(source: Path, tmp_path: Path) -> None:
    """Whoever holds the keys still writes no backup whose counts, digests, order, values or names do not fit each other."""
    found = records_of(source)
    records = [record(each.tag, each.body) for each in found]
    tags = [each.tag for each in found]
    manifest = manifest_of(found[-1].body)
    row, end = tags.index(Tag.ROW), tags.index(Tag.TABLE_END)
    job = [record(Tag.TABLE, table_body("main.job", ["a", "b"]))]
    other_end = record(Tag.TABLE_END, bytes(8) + found[end].body[8:])
    other = record(Tag.MANIFEST, manifest_body(replace(manifest, tables=manifest.tables[1:])))
    wrong = [
        ("not those of its manifest", records[:-1]),
        ("not those of its manifest", []),
        ("not those of its manifest", [*records[:-1], other]),
        ("not those that were counted", records[:row] + records[row + 1 :]),
        ("not those that were counted", [*records[:row], records[row], *records[row:]]),
        ("not those that were counted", [*records[:row], records[row + 1], records[row], *records[row + 2 :]]),
        ("not those that were counted", [*records[:end], other_end, *records[end + 1 :]]),
        ("out of its place", [records[row], *records]),
        ("out of its place", [records[0], *records]),
        ("out of its place", [records[0], records[-1]]),
        ("goes on behind its manifest", [*records, records[0]]),
        ("manifest does not decode", [*records[:-1], record(Tag.MANIFEST, b"[]")]),
        ("manifest does not decode", [*records[:-1], record(Tag.MANIFEST, b"\xff")]),
        ("another number of values", [*job, record(Tag.ROW, row_body([1])), *records]),
        ("does not decode", [*job, record(Tag.ROW, b"\x02\x00\x00\x00\x09x"), *records]),
        ("does not decode", [*job, record(Tag.ROW, b"\x07"), *records]),
        ("does not decode", [record(Tag.TABLE, table_body("main.job", [])), *records]),
        ("does not decode", [b"\x09\x00\x00\x00\x00", *records]),
        ("does not decode", [b"\x02" + (MAX_RECORD + 1).to_bytes(4, "big"), *records]),
        ("does not decode", [*records[:-1], records[-1][:-1]]),
    ]
    for number, (why, each) in enumerate(wrong):
        path = craft(tmp_path / str(number), *each, backup=manifest.id)
        with pytest.raises(BackupChanged, match=why):
            verify(path)
    assert verify(craft(tmp_path / "good", *records, backup=manifest.id)).manifest == manifest
    with pytest.raises(BackupChanged, match="not that of this backup"):
        verify(craft(tmp_path / "of another", *records))


def test_a_backup_of_other_tables_is_refused(source: Path, tmp_path: Path) -> None:
    """A backup of a newer or older schema, a later form of manifest, or other columns, is refused with what to do."""
    held = [record(each.tag, each.body) for each in records_of(source)][:-1]
    manifest = manifest_of(records_of(source)[-1].body)

    def with_manifest(name: str, body: bytes) -> Path:
        return craft(tmp_path / name, *held, record(Tag.MANIFEST, body), backup=manifest.id)

    target = f"sqlite:///{tmp_path}/t.db"
    with pytest.raises(BackupTooNew, match="newer ctsec"):
        restore(target, with_manifest("newer", manifest_body(replace(manifest, guard_version="9999"))))
    with pytest.raises(SchemaMismatch, match="then upgrade"):
        restore(target, with_manifest("older", manifest_body(replace(manifest, main_version="0000"))))
    with pytest.raises(BackupTooNew, match="form 2"):
        restore(target, with_manifest("form", manifest_body(manifest).replace(b'"format":1', b'"format":2')))
    tables = [(Tag.TABLE, table_body("main.pets", ["id"])), (Tag.TABLE_END, bytes(8) + bytes.fromhex(EMPTY))]
    pets = replace(manifest.tables[0], name="main.pets", columns=("id",), rows=0, sha256=EMPTY)
    body = manifest_body(replace(manifest, tables=(pets,)))
    other = craft(tmp_path / "other", *(record(*each) for each in tables), record(Tag.MANIFEST, body), backup=manifest.id)
    with pytest.raises(SchemaMismatch, match=r"main\.pets"):
        restore(target, other)
    assert not (tmp_path / "t.db").exists()


def test_a_value_of_another_kind_is_refused(source: Path, tmp_path: Path) -> None:
    """Text where a column holds a number is refused, although counts and digests are right, and nothing is kept."""
    table, row = TableDigest("guard.step", ("authenticator", "step")), row_body(["a", "7"])
    table.add(row)
    found = manifest_of(records_of(source)[-1].body)
    digests = [table if each.name == table.name else TableDigest(each.name, each.columns) for each in found.tables]
    records: list[bytes] = []
    for each in digests:
        records.append(record(Tag.TABLE, table_body(each.name, each.columns)))
        records += [record(Tag.ROW, row)] if each is table else []
        records.append(record(Tag.TABLE_END, each.end()))
    manifest = replace(found, tables=tuple(each.summary() for each in digests))
    path = craft(tmp_path / "kind", *records, record(Tag.MANIFEST, manifest_body(manifest)), backup=manifest.id)
    assert verify(path).manifest == manifest
    with database_of("sqlite", tmp_path) as new:
        with pytest.raises(BackupChanged, match="another kind"):
            restore(new.sync_url, path)
        assert not any(dump(new).values())


EMPTY = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


def test_a_file_that_changes_between_the_passes_is_not_committed(source: Path, tmp_path: Path) -> None:
    """What is written is verified again: a file that was edited after its verification leaves an empty store, which a whole file fills."""
    path = tmp_path / "edited"
    path.write_bytes(source.read_bytes())

    def edit(step: Step, done: int, total: int) -> None:
        if step is Step.VERIFY and done == total - END_BYTES:  # behind the last piece
            with path.open("r+b") as file:
                file.seek(-END_BYTES - 20, 2)
                file.write(b"\x00\x00\x00")

    with database_of("sqlite", tmp_path) as new:
        with pytest.raises(BackupChanged):
            restore(new.sync_url, path, progress=edit)
        assert not any(dump(new).values())
        storage = SqlStorage.from_url(new.sync_url)
        with pytest.raises(SchemaMismatch, match="run `ctsec restore` again"), storage.reading() as store:
            store.users.get(s.user_id(1))
        storage.close()
        restore(new.sync_url, source)
        assert {len(rows) for rows in dump(new).values()} == {10}


def test_what_an_interrupted_backup_left_is_written_over(tmp_path: Path) -> None:
    """A partial file is no backup under any name, is written over by the next run, and not while another process writes it."""
    with database_of("sqlite", tmp_path) as old:
        fill(made(old.sync_url), rows=2)
        partial = tmp_path / "b.partial"
        partial.write_bytes(b"\xc7\x41" + b"junk" * 100_000)
        partial.chmod(0o644)
        with pytest.raises(BackupError):
            verify(partial)
        with partial.open("rb") as held:
            fcntl.flock(held, fcntl.LOCK_EX)
            with pytest.raises(BackupFileFailed, match="another process"):
                save(old.sync_url, tmp_path / "b")
        assert save(old.sync_url, tmp_path / "b") == verify(tmp_path / "b")
        assert (tmp_path / "b").stat().st_mode & 0o777 == 0o600
        assert not partial.exists()
