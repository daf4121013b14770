"""The format of a backup is the documented one: a reader that was written from the page reads it, and rows keep their types."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctsec.encryption.kms import LocalKms
from ctsec.storage.backup import SIGNING_LABEL, BackupChanged, Signer, write_backup
from ctsec.storage.backup.records import Tag, read_records, record, row_body, row_values, table_body, table_names
from ctsec.testing.conformance import samples as s
from tests.storage.backup.reader import read_backup, signer_of
from tests.storage.backup.support import dump, emptied, fill

VALUES = st.none() | st.integers(-(1 << 63), (1 << 63) - 1) | st.text() | st.binary()
ROWS = st.lists(VALUES, max_size=8)


def test_a_reader_from_the_page_reads_a_backup(tmp_path: Path) -> None:
    """Written from the documentation alone, it checks signature, header, chunks and digests, and finds every row of every table."""
    database = emptied("sqlite", "source")
    fill(database.sync_url, rows=5)
    kms = LocalKms.create(tmp_path / "key")
    signer = Signer(kms.derive(SIGNING_LABEL))
    backup = write_backup(database.sync_url, to=tmp_path / "b", kms=kms, signer=signer, now=s.NOW)
    key_file = (tmp_path / "key").read_text("utf-8")
    manifest, tables = read_backup((tmp_path / "b").read_bytes(), key_file=key_file, public=signer_of(key_file))
    assert manifest["id"] == backup.manifest.id
    assert manifest["created_at"] == "2026-03-01T12:00:00.123457+00:00"
    assert {name.partition(".")[2]: sorted(rows, key=repr) for name, rows in tables.items()} == dump(database)
    assert [each["name"] for each in manifest["tables"]] == list(tables)


@given(ROWS, ROWS)
def test_rows_keep_their_types_and_no_two_are_alike(one: list[int | str | bytes | None], other: list[int | str | bytes | None]) -> None:
    """A row is read as it was written, types included, and two rows have the same bytes only if they are the same."""
    assert row_values(row_body(one)) == tuple(one)
    assert [type(value) for value in row_values(row_body(one))] == [type(value) for value in one]
    assert (row_body(one) == row_body(other)) == (one == other)


@given(st.lists(st.tuples(st.sampled_from(Tag), st.binary(max_size=50)), max_size=6), st.integers(1, 40))
def test_records_are_read_from_pieces_of_any_size(records: list[tuple[Tag, bytes]], size: int) -> None:
    """However the plaintext is cut into pieces, the records are the same; without its last byte it is refused."""
    whole = b"".join(record(tag, body) for tag, body in records)
    pieces = [whole[place : place + size] for place in range(0, len(whole), size)]
    assert [(each.tag, each.body) for each in read_records(pieces)] == records
    if whole:
        with pytest.raises(BackupChanged):
            list(read_records([whole[:-1]]))


@given(st.binary(max_size=40))
def test_garbage_is_refused_as_changed(garbage: bytes) -> None:
    """Whatever bytes stand where a row, a table or a record should, they are read as one that encodes to them, or refused as changed."""
    for read, write in ((row_values, row_body), (table_names, lambda found: table_body(found[0], found[1]))):
        try:
            found = read(garbage)
        except BackupChanged:
            continue
        assert write(found) == garbage  # type: ignore[arg-type]


def test_a_number_beyond_64_bits_is_refused() -> None:
    """A row holds numbers of 64 bits, and says so."""
    for number in (1 << 63, -(1 << 63) - 1):
        with pytest.raises(ValueError, match="64 bits"):
            row_body([number])
