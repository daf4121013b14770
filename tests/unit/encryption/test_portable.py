"""The portable blob: what its header says is bound, its sizes are bounded, and it needs nothing but a key service."""

from __future__ import annotations

import os
from dataclasses import FrozenInstanceError, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctsec.encryption import (
    Context,
    DataKey,
    DataKeyExhausted,
    DekState,
    PortableBlob,
    Suite,
    WrappedDek,
    open_blob,
    open_portable,
    read_portable,
    seal,
    seal_portable,
)
from ctsec.encryption.context import wrap_context
from ctsec.encryption.dek import dek_id_from_bytes
from ctsec.encryption.kms import LocalKms
from ctsec.errors import CorruptRecord, DecryptionFailed
from ctsec.ids import OrganizationId
from ctsec.secret import Secret
from tests.unit.encryption.test_context import TEXTS

NOW = datetime(2026, 3, 1, tzinfo=UTC)
ID = dek_id_from_bytes(bytes(range(16)))
KMS = LocalKms(b"i" * 16, key=Secret(b"k" * 32))
MATERIAL, WRAPPED = KMS.generate_data_key(wrap_context("org_1", "eu"))
KEY = DataKey(ID, material=MATERIAL)
STRICT = DataKey(ID, material=MATERIAL, suite=Suite.STRICT)
BOTH = pytest.mark.parametrize("key", [KEY, STRICT], ids=["default", "strict"])
CONTEXT = Context(organization=OrganizationId("org_1"), purpose="export", table="t", row="1", field="f")
RECORD = WrappedDek(
    id=ID,
    scope="org_1",
    region="eu",
    kek=KMS.describe().ref,
    wrapped=WRAPPED,
    commitment=KEY.commitment,
    state=DekState.ACTIVE,
    created_at=NOW,
)


def sealed(message: bytes = b"attack at dawn", *, key: DataKey = KEY, dek: WrappedDek = RECORD, context: Context = CONTEXT) -> bytes:
    return seal_portable(message, key=key, dek=dek, context=context, random=os.urandom)


def opened(blob: bytes, *, key: DataKey = KEY, context: Context = CONTEXT) -> bytes:
    return open_portable(read_portable(blob), key=key, context=context)


@BOTH
@given(message=st.binary(max_size=300))
def test_a_blob_and_a_key_service_are_enough(key: DataKey, message: bytes) -> None:
    """What a blob says of itself is what a key service needs, and the key that it returns opens the blob."""
    found = read_portable(sealed(message, key=key))
    assert found.kek == KMS.describe().ref
    assert (found.scope, found.region, found.dek_id, found.suite) == ("org_1", "eu", ID, key.suite)
    material = KMS.unwrap(found.wrapped, wrap_context(found.scope, found.region))
    assert open_portable(found, key=DataKey(found.dek_id, material=material, suite=found.suite), context=CONTEXT) == message


def test_the_parts_are_a_record() -> None:
    """What was read can not be changed, and its repr shows none of its bytes."""
    found = read_portable(sealed())
    with pytest.raises(FrozenInstanceError):
        found.kek = "other"  # type: ignore[misc]
    assert repr(WRAPPED)[2:-1] not in repr(found)
    assert found.header + found.inner == sealed()[: len(found.header)] + found.inner


@BOTH
@pytest.mark.proves("ASVS-11.3.3")
def test_every_changed_bit_is_refused(key: DataKey) -> None:
    """A blob with any one bit changed, in whatever part, does not open."""
    blob = sealed(b"attack", key=key)
    for place in range(len(blob) * 8):
        changed = bytearray(blob)
        changed[place // 8] ^= 1 << place % 8
        with pytest.raises((DecryptionFailed, CorruptRecord)):
            opened(bytes(changed), key=key)


@BOTH
@pytest.mark.proves("ASVS-11.3.3")
def test_every_cut_and_addition_is_refused(key: DataKey) -> None:
    """A blob cut at any length does not open, nor does one with bytes added."""
    blob = sealed(b"attack", key=key)
    for other in [*(blob[:end] for end in range(len(blob))), blob + b"\0", blob + blob, b"\0" + blob]:
        with pytest.raises((DecryptionFailed, CorruptRecord)):
            opened(other, key=key)


@BOTH
@pytest.mark.parametrize(
    "change", [{"kek": "local:" + "00" * 16}, {"region": "us"}, {"region": ""}, {"wrapped": WRAPPED[:-1]}, {"wrapped": b"x"}, {"kek": "k"}]
)
def test_a_header_of_another_blob_does_not_fit(key: DataKey, change: dict[str, object]) -> None:
    """The header of one blob before the inner blob of another does not open, whatever part of it differs."""
    blob, other = read_portable(sealed(key=key)), read_portable(sealed(key=key, dek=replace(RECORD, **change)))  # type: ignore[arg-type]
    with pytest.raises(DecryptionFailed):
        opened(other.header + blob.inner, key=key)
    assert opened(other.header + other.inner, key=key) == b"attack at dawn"


@BOTH
def test_the_scope_is_that_of_the_context(key: DataKey) -> None:
    """A blob opens in a context of its scope only, even if its header and context were made to differ, and is sealed in no other."""
    other = Context(organization=OrganizationId("org_2"), purpose="export", table="t", row="1", field="f")
    with pytest.raises(DecryptionFailed):
        opened(sealed(key=key), key=key, context=other)
    with pytest.raises(ValueError, match="scope"):
        sealed(key=key, context=other)
    header = sealed(key=key, dek=replace(RECORD, scope="org_2"), context=other)[:-1]
    forged = read_portable(header).header
    with pytest.raises(DecryptionFailed):
        opened(forged + key.seal_bound(b"x", forged + CONTEXT.encoded, os.urandom, None), key=key)


@BOTH
def test_an_inner_blob_is_no_managed_blob(key: DataKey) -> None:
    """Neither does the inner blob open as a managed blob of the same context, nor a managed blob inside a portable one."""
    blob = read_portable(sealed(key=key))
    with pytest.raises(DecryptionFailed):
        open_blob(blob.inner, key=key, context=CONTEXT)
    with pytest.raises(DecryptionFailed):
        opened(blob.header + seal(b"x", key=key, context=CONTEXT, random=os.urandom), key=key)
    with pytest.raises(CorruptRecord):
        open_blob(sealed(key=key), key=key, context=CONTEXT)
    with pytest.raises(CorruptRecord):
        read_portable(seal(b"x", key=key, context=CONTEXT, random=os.urandom))


def test_another_key_does_not_open() -> None:
    """Another key under the same id, the key under another id and a key of the other suite are refused."""
    for key in (DataKey(ID, material=Secret(os.urandom(32))), DataKey(dek_id_from_bytes(bytes(16)), material=MATERIAL), STRICT):
        with pytest.raises(DecryptionFailed):
            opened(sealed(), key=key)


@pytest.mark.parametrize(("field", "most", "fewest"), [("kek", 1024, 1), ("scope", 1024, 1), ("region", 255, 0), ("wrapped", 6144, 1)])
def test_sizes_are_bounded_on_both_sides(field: str, most: int, fewest: int) -> None:
    """A part of the header has its most and its fewest bytes; beyond them nothing is sealed (ValueError) or read (CorruptRecord)."""

    def with_size(size: int) -> bytes:
        value: object = b"x" * size if field == "wrapped" else "x" * size
        scope = str(value) if field == "scope" else "org_1"
        context = replace(CONTEXT, organization=OrganizationId(scope or "org_1"))
        return sealed(dek=replace(RECORD, **{field: value}), context=context)  # type: ignore[arg-type]

    for size in {fewest, most}:
        found = read_portable(with_size(size))
        assert len(getattr(found, field)) == size
    with pytest.raises(ValueError, match=r"fit|scope|most"):
        with_size(most + 1)
    if fewest:
        with pytest.raises(ValueError, match=r"fit|scope|most"):
            with_size(0)
    parts = {"kek": b"k", "scope": b"org_1", "region": b"eu", "wrapped": b"w"}
    inner = read_portable(sealed()).inner
    for size in (most + 1, 65535, *((0,) if fewest else ())):
        forged = b"\xc7\x21"
        for name, part in (parts | {field: b"x" * size}).items():
            forged += len(part).to_bytes(2, "big") + part
            assert name
        with pytest.raises(CorruptRecord):
            read_portable(forged + inner)


def test_a_header_that_is_no_text_is_refused() -> None:
    """Bytes that are no UTF-8 in KEK, scope or region are a corrupt record; in the wrapped key they are bytes."""
    blob = sealed()
    found = read_portable(blob)
    for text in (found.kek, found.scope, found.region):
        place = blob.index(text.encode())
        with pytest.raises(CorruptRecord):
            read_portable(blob[:place] + b"\xff" + blob[place + 1 :])
    with pytest.raises(ValueError, match="surrogates"):
        sealed(dek=replace(RECORD, region="\ud800"))


def test_a_key_and_its_record_belong_together() -> None:
    """A record of another key, of another commitment or without a wrapped key raises ValueError: it would seal what nobody can open."""
    changes: tuple[dict[str, Any], ...] = ({"id": dek_id_from_bytes(bytes(16))}, {"commitment": bytes(32)}, {"wrapped": b""})
    for change in changes:
        with pytest.raises(ValueError, match="expected"):
            sealed(dek=replace(RECORD, **change))


def test_the_bounds_of_the_key_hold() -> None:
    """A portable blob counts as a message of the key, and is held to its age and state."""
    one = DataKey(ID, material=MATERIAL, max_messages=1)
    sealed(key=one)
    for key, now in (
        (one, None),
        (DataKey(ID, material=MATERIAL, decrypt_only=True), None),
        (DataKey(ID, material=MATERIAL, not_after=NOW), NOW),
    ):
        with pytest.raises(DataKeyExhausted):
            seal_portable(b"", key=key, dek=RECORD, context=CONTEXT, random=os.urandom, now=now)
    aged = DataKey(ID, material=MATERIAL, not_after=NOW)
    before = NOW - timedelta(seconds=1)
    assert opened(seal_portable(b"x", key=aged, dek=RECORD, context=CONTEXT, random=os.urandom, now=before)) == b"x"


PARTS = st.fixed_dictionaries(
    {
        "kek": TEXTS.filter(bool),
        "scope": TEXTS.filter(bool),
        "region": TEXTS,
        "wrapped": st.binary(min_size=1, max_size=200),
    }
)


@given(parts=PARTS, message=st.binary(max_size=50), suite=st.sampled_from(Suite))
def test_any_header_is_read_back(parts: dict[str, object], message: bytes, suite: Suite) -> None:
    """Every part of a header comes back as it was given, and the blob opens."""
    key = DataKey(ID, material=MATERIAL, suite=suite)
    scope = str(parts["scope"])
    context = Context(organization=None if scope == "deployment" else OrganizationId(scope), purpose="p")
    found = read_portable(sealed(message, key=key, dek=replace(RECORD, **parts), context=context))  # type: ignore[arg-type]
    assert {name: getattr(found, name) for name in parts} == parts
    assert open_portable(found, key=key, context=context) == message


@given(first=PARTS, second=PARTS)
def test_no_two_headers_share_their_bytes(first: dict[str, object], second: dict[str, object]) -> None:
    """Two headers have the same bytes exactly if they say the same."""

    def header(parts: dict[str, object]) -> bytes:
        context = Context(organization=OrganizationId(str(parts["scope"])), purpose="p")
        found: PortableBlob = read_portable(sealed(dek=replace(RECORD, **parts), context=context))  # type: ignore[arg-type]
        return found.header

    assert (header(first) == header(second)) is (first == second)
