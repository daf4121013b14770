"""Streams: the published vectors of C2SP chunked encryption, pieces of any size, ranges, and every way to cut, extend or reorder."""

from __future__ import annotations

import hashlib
import io
import json
import os
import tracemalloc
import zlib
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctsec.encryption import Context, DataKey, DataKeyExhausted, StreamOpener, StreamReader, StreamSealer, Suite, stream_dek_id
from ctsec.encryption import chunked as chunked_module
from ctsec.encryption.chunked import CHUNK, HEADER_BYTES, MAX_CHUNKS, SEALED_CHUNK, Chunks, Pieces
from ctsec.encryption.dek import dek_id_bytes, dek_id_from_bytes
from ctsec.encryption.primitives import Aes256Gcm
from ctsec.encryption.stream import STREAM_HEADER, STREAM_OVERHEAD
from ctsec.errors import CorruptRecord, DecryptionFailed
from ctsec.ids import OrganizationId
from ctsec.secret import Secret
from tests.conftest import VECTORS
from tests.unit.encryption import decoder
from tests.unit.encryption.test_context import TEXTS

NOW = datetime(2026, 3, 1, tzinfo=UTC)
DEK = dek_id_from_bytes(bytes(range(16)))
MATERIAL = Secret(bytes(range(32)))
KEY = DataKey(DEK, material=MATERIAL)
CONTEXT = Context(organization=OrganizationId("org_1"), purpose="backup", table="t", row="r", field="f")
LONG = bytes(range(256)) * 144  # two chunks and a short one


def sealed(message: bytes, *, key: DataKey = KEY, context: Context = CONTEXT) -> bytes:
    sealer = StreamSealer(key=key, context=context, random=os.urandom)
    return bytes(sealer.update(message) + sealer.finish())


def opened(stream: bytes, *, key: DataKey = KEY, context: Context = CONTEXT) -> bytes:
    opener = StreamOpener(key=key, context=context)
    return bytes(opener.update(stream) + opener.finish())


def ranged(stream: bytes, *, key: DataKey = KEY, context: Context = CONTEXT) -> bytes:
    reader = StreamReader(io.BytesIO(stream), key=key, context=context)
    return bytes(reader.read(0, size=reader.size))


STREAM = sealed(LONG)
BOTH = pytest.mark.parametrize("read", [opened, ranged])


def cut(data: bytes, sizes: list[int]) -> Iterator[bytes]:
    """Yield data in pieces of these sizes, and the rest."""
    place = 0
    for size in sizes:
        yield data[place : place + size]
        place += size
    yield data[place:]


def chunks(stream: bytes) -> tuple[bytes, list[bytes]]:
    body = stream[STREAM_HEADER:]
    return stream[:STREAM_HEADER], [body[place : place + SEALED_CHUNK] for place in range(0, len(body), SEALED_CHUNK)]


def released(key: bytes, message: bytes, *, context: bytes) -> tuple[bytes, bool]:
    """Return what a reader of plain C2SP messages made of our parts hands out, and whether it came to a good end."""
    out = b""
    try:
        keys = Chunks.of(message[:HEADER_BYTES], input_key=Secret(key), context=context)
        pieces, number = Pieces(SEALED_CHUNK), 0
        for number, piece in enumerate(pieces.feed(memoryview(message)[HEADER_BYTES:]), 1):
            plain = bytearray(CHUNK)
            keys.open(number - 1, piece, memoryview(plain))
            out += plain
        rest = pieces.rest()
        plain = bytearray(max(0, len(rest) - 16))
        keys.open(number, rest, memoryview(plain))
    except (DecryptionFailed, ValueError):
        return out, False
    return out + plain, True


@pytest.mark.vectors
@pytest.mark.proves("ASVS-11.3.2", "ASVS-11.3.3")
def test_the_published_vectors() -> None:
    """Every vector of C2SP chunked encryption with AES-256-GCM: valid ones open, and seal to the same; of others no bad byte gets out."""
    groups = json.loads((Path(VECTORS) / "wycheproof" / "c2sp_chunked_encryption_aes_256_gcm_test.json").read_text())["testGroups"]
    cases = [case for group in groups for case in group["tests"]]
    assert len(cases) == 35
    for case in cases:
        key, context, message = bytes.fromhex(case["key"]), bytes.fromhex(case["ctx"]), zlib.decompress(bytes.fromhex(case["ct"]))
        found, whole = released(key, message, context=context)
        assert whole is (case["result"] == "valid"), case["tcId"]
        if whole or "PartialPlaintext" in case["flags"]:
            assert len(found) == case["msgLength"], case["tcId"]
            assert hashlib.sha512(found).hexdigest() == case["msgSha512"], case["tcId"]
        else:
            assert found == b"", case["tcId"]
        if whole:
            assert decoder.open_c2sp(message, key, context) == found
            assert message == resealed(Chunks(Secret(key), salt=message[:24], context=context), found), case["tcId"]
        else:
            with pytest.raises(decoder.Refused):
                decoder.open_c2sp(message, key, context)


def resealed(keys: Chunks, message: bytes) -> bytes:
    out, pieces, number = keys.header, Pieces(CHUNK), 0
    for number, piece in enumerate(pieces.feed(memoryview(message)), 1):
        target = bytearray(SEALED_CHUNK)
        keys.seal(number - 1, piece, memoryview(target))
        out += target
    target = bytearray(len(pieces.rest()) + 16)
    keys.seal(number, pieces.rest(), memoryview(target))
    return out + target


@given(
    size=st.one_of(
        st.integers(0, 100), st.integers(CHUNK - 2, CHUNK + 2), st.integers(2 * CHUNK - 2, 2 * CHUNK + 2), st.integers(0, 80_000)
    ),
    steps=st.lists(st.integers(0, 40_000), max_size=6),
    other=st.lists(st.integers(0, 40_000), max_size=6),
)
def test_pieces_of_any_size_come_back(size: int, steps: list[int], other: list[int]) -> None:
    """However it was cut when it was sealed and when it is opened, a message comes back, and its stream has one length."""
    message = (LONG * 3)[:size]
    sealer = StreamSealer(key=KEY, context=CONTEXT, random=os.urandom)
    stream = b"".join(map(sealer.update, cut(message, steps))) + sealer.finish()
    assert len(stream) == STREAM_OVERHEAD + size + 16 * (size // CHUNK)
    assert stream_dek_id(stream) == DEK
    opener = StreamOpener(key=KEY, context=CONTEXT)
    assert b"".join(map(opener.update, cut(stream, other))) + opener.finish() == message


@given(start=st.integers(0, len(LONG) + 10), size=st.integers(0, len(LONG) + 10))
def test_any_range_is_the_one_of_the_message(start: int, size: int) -> None:
    """A range of a stream is that range of the message, shorter where the message ends."""
    reader = StreamReader(io.BytesIO(STREAM), key=KEY, context=CONTEXT)
    assert reader.size == len(LONG)
    assert reader.read(start, size=size) == LONG[start : start + size]


def test_a_range_touches_its_own_chunks_only() -> None:
    """A reader of ranges opens the last chunk and those of the range, so damage elsewhere does not matter, and damage there does."""
    head, (first, second, last) = chunks(STREAM)
    reader = StreamReader(io.BytesIO(head + bytes(SEALED_CHUNK) + second + last), key=KEY, context=CONTEXT)
    assert reader.read(CHUNK, size=100) == LONG[CHUNK : CHUNK + 100]
    for start, size in ((0, 1), (CHUNK - 1, 2)):
        with pytest.raises(DecryptionFailed):
            reader.read(start, size=size)
    for start, size in ((-1, 1), (0, -1)):
        with pytest.raises(ValueError, match="at least 0"):
            reader.read(start, size=size)
    assert first


class Slow(io.BytesIO):
    """A raw source: it gives a thousand bytes at a time."""

    def read(self, size: int | None = -1, /) -> bytes:
        return super().read(min(1000, size or 0))


def test_a_source_that_gives_little_at_a_time_and_one_that_shrinks() -> None:
    """Short reads are put together; a source that ends early raises DecryptionFailed."""
    source = Slow(STREAM)
    reader = StreamReader(source, key=KEY, context=CONTEXT)
    assert reader.read(0, size=len(LONG)) == LONG
    source.truncate(STREAM_HEADER + 100)
    with pytest.raises(DecryptionFailed):
        reader.read(0, size=1)


@BOTH
@pytest.mark.proves("ASVS-11.3.3")
def test_every_cut_is_refused(read: Callable[[bytes], bytes]) -> None:
    """A stream cut anywhere does not open: at every place of a short one, and around every border of chunks of a long one."""
    short = sealed(b"attack at dawn")
    places = [*((short, end) for end in range(len(short)))]
    for border in range(STREAM_HEADER, len(STREAM), SEALED_CHUNK):
        places += [(STREAM, end) for end in range(border - 17, border + 18) if end < len(STREAM)]
    for stream, end in places:
        with pytest.raises((DecryptionFailed, CorruptRecord)):
            read(stream[:end])


@BOTH
def test_a_message_of_whole_chunks_has_an_empty_last_one(read: Callable[[bytes], bytes]) -> None:
    """Without its empty last chunk a stream of whole chunks does not open, and with it it does."""
    stream = sealed(LONG[: 2 * CHUNK])
    assert read(stream) == LONG[: 2 * CHUNK]
    with pytest.raises(DecryptionFailed):
        read(stream[:-16])


@BOTH
@pytest.mark.proves("ASVS-11.3.3")
def test_other_orders_repetitions_and_additions_are_refused(read: Callable[[bytes], bytes]) -> None:
    """No stream whose chunks are exchanged, repeated, left out or followed by anything opens, nor one with a chunk of another stream."""
    head, (first, second, last) = chunks(STREAM)
    foreign = chunks(sealed(LONG))[1]
    for parts in (
        (second, first, last),
        (first, first, last),
        (first, first, second, last),
        (second, last),
        (first, last),
        (first, second, last, last),
        (first, second, last, b"\0"),
        (first, second, last, bytes(SEALED_CHUNK)),
        (first, second, last, first, second, last),
        (first, foreign[1], last),
        (first, second, foreign[2]),
        (last,),
        (),
    ):
        with pytest.raises(DecryptionFailed):
            opened(head + b"".join(parts))
        with pytest.raises(DecryptionFailed):
            ranged(head + b"".join(parts))
    assert read(head + first + second + last) == LONG


@BOTH
@pytest.mark.proves("ASVS-11.3.3")
def test_every_changed_bit_is_refused(read: Callable[[bytes], bytes]) -> None:
    """A short stream with any one bit changed does not open."""
    stream = sealed(b"attack")
    for place in range(len(stream) * 8):
        changed = bytearray(stream)
        changed[place // 8] ^= 1 << place % 8
        with pytest.raises((DecryptionFailed, CorruptRecord)):
            read(bytes(changed))


def test_no_byte_of_a_bad_chunk_gets_out() -> None:
    """What comes before a changed chunk is handed out, of it and behind it nothing, and the opener stays failed."""
    head, (first, second, last) = chunks(STREAM)
    opener = StreamOpener(key=KEY, context=CONTEXT)
    assert opener.update(head + first) == LONG[:CHUNK]
    for call in (
        lambda: opener.update(second[:-1] + bytes([second[-1] ^ 1])),
        lambda: opener.update(second),
        lambda: opener.update(b""),
        opener.finish,
    ):
        with pytest.raises(DecryptionFailed):
            call()
    assert last


@pytest.mark.proves("ASVS-11.7.2")
@pytest.mark.parametrize("newer", [True, False])
def test_a_refused_chunk_leaves_no_plaintext(newer: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """The buffer of a chunk that is not authentic is zeros, with the functions of newer versions of `cryptography` and without."""
    keys = Chunks(Secret(bytes(32)), salt=bytes(24), context=b"")
    cipher = keys._cipher
    if not newer:
        cipher._encrypt_into = cipher._decrypt_into = None
    out, back = bytearray(116), bytearray(100)
    keys.seal(7, b"x" * 100, memoryview(out))
    keys.open(7, out, memoryview(back))
    assert back == b"x" * 100
    out[-1] ^= 1
    with pytest.raises(DecryptionFailed):
        keys.open(7, out, memoryview(back))
    assert back == bytes(100)


def test_both_ways_of_cryptography_write_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where `cryptography` has no function that writes in place, the bytes are the same."""
    newer = StreamSealer(key=KEY, context=CONTEXT, random=bytes)
    first = newer.update(LONG) + newer.finish()
    older = StreamSealer(key=KEY, context=CONTEXT, random=bytes)
    assert older._chunks is not None
    cipher: Aes256Gcm = older._chunks._cipher
    cipher._encrypt_into = cipher._decrypt_into = None
    assert older.update(LONG) + older.finish() == first


def test_the_end_is_said_once() -> None:
    """After `finish` neither side takes more (ValueError); `finish` before the header is a corrupt record."""
    sealer, opener = StreamSealer(key=KEY, context=CONTEXT, random=os.urandom), StreamOpener(key=KEY, context=CONTEXT)
    assert opener.update(sealer.update(LONG) + sealer.finish()) + opener.finish() == LONG
    for call in (sealer.finish, opener.finish, lambda: sealer.update(b""), lambda: opener.update(b"")):
        with pytest.raises(ValueError, match="one end"):
            call()
    with pytest.raises(CorruptRecord):
        StreamOpener(key=KEY, context=CONTEXT).finish()


@pytest.mark.parametrize("end", [0, 1, 17, 18, 73])
def test_what_is_no_stream_is_a_corrupt_record(end: int) -> None:
    """Too short, of another magic or another kind: CorruptRecord, also where only the id is asked for."""
    with pytest.raises(CorruptRecord):
        opened(STREAM[:end])
    with pytest.raises(CorruptRecord):
        ranged(STREAM[:end])
    for other in (STREAM[:17], b"\xc6" + STREAM[1:], b"\xc7\x11" + STREAM[2:], b"\xc7\x32" + STREAM[2:]):
        with pytest.raises(CorruptRecord):
            stream_dek_id(other)
        if len(other) > STREAM_HEADER:
            for read in (opened, ranged):
                with pytest.raises(CorruptRecord):
                    read(other)


@BOTH
def test_a_stream_opens_only_where_it_belongs(read: Callable[..., bytes]) -> None:
    """Another organization, row or purpose, another key under the same id and the same key under another id do not open a stream."""
    for context in (
        Context(organization=OrganizationId("org_2"), purpose="backup", table="t", row="r", field="f"),
        Context(organization=None, purpose="backup", table="t", row="r", field="f"),
        Context(organization=OrganizationId("org_1"), purpose="export", table="t", row="r", field="f"),
        Context(organization=OrganizationId("org_1"), purpose="backup", table="t", row="s", field="f"),
    ):
        with pytest.raises(DecryptionFailed):
            read(STREAM, context=context)
    for dek_id, material in ((DEK, Secret(os.urandom(32))), (dek_id_from_bytes(bytes(16)), MATERIAL)):
        with pytest.raises(DecryptionFailed):
            read(STREAM, key=DataKey(dek_id, material=material))


def test_the_suite_of_a_key_does_not_matter_to_its_streams() -> None:
    """Streams have one format: a key of the strict suite opens what one of the default suite sealed."""
    assert opened(STREAM, key=DataKey(DEK, material=MATERIAL, suite=Suite.STRICT)) == LONG


def test_the_commitment_is_compared_in_constant_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """The header of the message is judged by `compare_digest` alone, before any chunk."""
    monkeypatch.setattr(chunked_module, "compare_digest", lambda a, b: False)
    for read in (opened, ranged):
        with pytest.raises(DecryptionFailed):
            read(STREAM)


@pytest.mark.proves("ASVS-11.3.4")
def test_each_stream_has_a_salt_of_its_own_and_each_chunk_a_nonce() -> None:
    """A thousand empty streams share no salt; chunks of equal plaintext share no ciphertext; a broken source raises ValueError."""
    assert len({sealed(b"")[18:42] for _ in range(1000)}) == 1000
    _, found = chunks(sealed(bytes(20 * CHUNK)))
    assert len({chunk[:CHUNK] for chunk in found}) == 21
    with pytest.raises(ValueError, match="24 bytes"):
        StreamSealer(key=KEY, context=CONTEXT, random=lambda n: b"")


@pytest.mark.proves("ASVS-11.3.4")
def test_a_number_is_used_once_whatever_fails() -> None:
    """A sealer that failed in the middle goes on with another number: no two chunks are ever under one nonce."""
    sealer = StreamSealer(key=KEY, context=CONTEXT, random=os.urandom)
    chunk_keys, used = sealer._chunks, []

    class Failing:
        def seal(self, number: int, chunk: bytes, out: memoryview) -> None:
            used.append(number)
            if len(used) == 2:
                raise MemoryError
            assert chunk_keys is not None
            chunk_keys.seal(number, chunk, out)

    sealer._chunks = Failing()  # type: ignore[assignment]
    with pytest.raises(MemoryError):
        sealer.update(LONG)
    sealer.update(LONG)
    sealer.finish()
    assert used == list(range(len(used)))


def test_the_number_of_chunks_is_bounded() -> None:
    """Chunk 2^38 is neither sealed (ValueError) nor opened; the one before it is."""
    keys = Chunks(Secret(bytes(32)), salt=bytes(24), context=b"")
    out, back = bytearray(17), bytearray(1)
    keys.seal(MAX_CHUNKS - 1, b"x", memoryview(out))
    keys.open(MAX_CHUNKS - 1, out, memoryview(back))
    assert (back, MAX_CHUNKS) == (b"x", 1 << 38)
    with pytest.raises(ValueError, match="4 PiB"):
        keys.seal(MAX_CHUNKS, b"x", memoryview(out))
    keys._cipher.encrypt_into((keys._base ^ MAX_CHUNKS).to_bytes(12, "big"), b"x", memoryview(out))
    with pytest.raises(DecryptionFailed):
        keys.open(MAX_CHUNKS, out, memoryview(back))


def test_a_key_bounds_its_streams() -> None:
    """A stream counts as one message; a key that only opens, is exhausted or past its end starts none, and opens."""
    one = DataKey(DEK, material=MATERIAL, max_messages=1)
    assert opened(sealed(LONG, key=one), key=one) == LONG
    aged = DataKey(DEK, material=MATERIAL, not_after=NOW)
    for key, now in ((one, None), (DataKey(DEK, material=MATERIAL, decrypt_only=True), None), (aged, NOW)):
        with pytest.raises(DataKeyExhausted):
            StreamSealer(key=key, context=CONTEXT, random=os.urandom, now=now)
    with pytest.raises(ValueError, match="time"):
        StreamSealer(key=aged, context=CONTEXT, random=os.urandom)
    assert StreamSealer(key=aged, context=CONTEXT, random=os.urandom, now=NOW - timedelta(seconds=1)).finish()
    assert opened(STREAM, key=aged) == LONG


def test_memory_is_flat() -> None:
    """Sealing, opening and reading 8 MiB in pieces of 16 KiB takes less than 200 KiB at any time."""
    piece = bytes(CHUNK)
    sealer, opener = StreamSealer(key=KEY, context=CONTEXT, random=os.urandom), StreamOpener(key=KEY, context=CONTEXT)
    stream = sealed(bytes(8 * 1024 * 1024))
    reader = StreamReader(io.BytesIO(stream), key=KEY, context=CONTEXT)
    tracemalloc.start()
    try:
        size = 0
        for _ in range(512):
            size += len(opener.update(sealer.update(piece)))
        size += len(opener.update(sealer.finish()) + opener.finish())
        for start in range(0, size, CHUNK):
            assert len(reader.read(start, size=CHUNK)) == CHUNK
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert size == 8 * 1024 * 1024
    assert peak < 200 * 1024


@given(rows=st.lists(TEXTS, min_size=2, max_size=2, unique=True))
def test_no_two_rows_share_a_stream(rows: list[str]) -> None:
    """A stream of one row never opens in another."""
    one, other = (Context(organization=None, purpose="p", row=row) for row in rows)
    with pytest.raises(DecryptionFailed):
        opened(sealed(b"x", context=one), context=other)


def test_nothing_shows_a_key() -> None:
    """No repr of the parts of a stream shows a byte of its keys; the input key is the documented one."""
    input_key = decoder.derive(MATERIAL.reveal(), b"ctsec/stream/v1/input-key/" + dek_id_bytes(DEK))
    assert KEY.stream_key.reveal() == input_key
    chunk_keys = Chunks(KEY.stream_key, salt=bytes(24), context=b"")
    shown = repr(chunk_keys) + repr(chunk_keys._cipher) + repr(StreamSealer(key=KEY, context=CONTEXT, random=os.urandom)) + repr(KEY)
    assert input_key.hex() not in shown
    assert repr(input_key)[2:-1] not in shown
