"""What must never be accepted: ciphertexts for two keys, and everything that is put where it does not belong, in every format."""

from __future__ import annotations

import hmac
import itertools
import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA512
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand
from hypothesis import given
from hypothesis import strategies as st

from ctsec.encryption import (
    Context,
    DataKey,
    DekState,
    StreamOpener,
    StreamSealer,
    Suite,
    WrappedDek,
    open_blob,
    open_portable,
    read_portable,
    seal,
    seal_portable,
)
from ctsec.encryption import chunked as chunked_module
from ctsec.encryption import suites as suites_module
from ctsec.encryption.dek import dek_id_bytes, dek_id_from_bytes
from ctsec.errors import CorruptRecord, DecryptionFailed
from ctsec.ids import DekId, OrganizationId
from ctsec.secret import Secret
from tests.unit.encryption.decoder import C2SP, derive
from tests.unit.encryption.test_context import TEXTS
from tests.unit.encryption.two_keys import for_two_keys, multiply, power

ID, OTHER_ID = dek_id_from_bytes(bytes(range(16))), dek_id_from_bytes(bytes(range(1, 17)))
ONE, TWO = Secret(b"1" * 32), Secret(b"2" * 32)
HOME = Context(organization=OrganizationId("org_1"), purpose="column", table="servers", row="1", field="password")
HEADER = b"\xc7\x21\x00\x01k\x00\x05org_1\x00\x02eu\x00\x01w"


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """A way to seal and open under a key and a context."""

    name: str
    suite: Suite
    seal: Callable[[bytes, DataKey, Context], bytes]
    open: Callable[[bytes, DataKey, Context], bytes]


def _record(key: DataKey, context: Context) -> WrappedDek:
    when = datetime(2026, 3, 1, tzinfo=UTC)
    return WrappedDek(
        id=key.dek_id,
        scope=context.scope,
        region="eu",
        kek="k",
        wrapped=b"w",
        commitment=key.commitment,
        state=DekState.ACTIVE,
        created_at=when,
    )


def _stream(message: bytes, key: DataKey, context: Context) -> bytes:
    sealer = StreamSealer(key=key, context=context, random=os.urandom)
    return bytes(sealer.update(message) + sealer.finish())


def _unstream(data: bytes, key: DataKey, context: Context) -> bytes:
    opener = StreamOpener(key=key, context=context)
    return bytes(opener.update(data) + opener.finish())


def _managed(suite: Suite) -> Format:
    return Format(
        name=f"managed-{suite.name.lower()}",
        suite=suite,
        seal=lambda message, key, context: seal(message, key=key, context=context, random=os.urandom),
        open=lambda blob, key, context: open_blob(blob, key=key, context=context),
    )


def _portable(suite: Suite) -> Format:
    return Format(
        name=f"portable-{suite.name.lower()}",
        suite=suite,
        seal=lambda message, key, context: seal_portable(message, key=key, dek=_record(key, context), context=context, random=os.urandom),
        open=lambda blob, key, context: open_portable(read_portable(blob), key=key, context=context),
    )


FORMATS = (*map(_managed, Suite), *map(_portable, Suite), Format(name="stream", suite=Suite.DEFAULT, seal=_stream, open=_unstream))
EACH = pytest.mark.parametrize("form", FORMATS, ids=lambda form: form.name)


def key_of(form: Format, material: Secret, *, dek_id: DekId = ID) -> DataKey:
    return DataKey(dek_id, material=material, suite=form.suite)


def inner_key(form: Format, material: Secret, *, salt: bytes, bound: bytes) -> tuple[bytes, bytes, bytes]:
    """Return (key, nonce, commitment) that the body of a format is under, by its page."""
    dek, raw_id = material.reveal(), dek_id_bytes(ID)
    if form.name == "stream":
        info = C2SP + salt + b"\xc7\x31" + raw_id + bound
        made = HKDFExpand(algorithm=SHA512(), length=76, info=info).derive(derive(dek, b"ctsec/stream/v1/input-key/" + raw_id))
        return made[:32], made[32:44], made[44:]
    if form.suite is Suite.STRICT:
        made = hmac.digest(derive(dek, b"ctsec/managed/v1/strict/" + raw_id), b"\x01" + salt + bound, "sha512")
        return made[:32], bytes(12), made[32:]
    commitment = derive(dek, b"ctsec/managed/v1/commitment/" + raw_id)
    return derive(dek, b"ctsec/managed/v1/aes-256-gcm/" + raw_id), salt[:12], commitment


def salamander(form: Format, *, material: Secret = TWO, context: Context = HOME) -> tuple[bytes, tuple[bytes, bytes, bytes], bytes]:
    """Return a blob of the first key whose body opens under the others too; (key, nonce, associated data) of those, and the body."""
    salt, raw_id = os.urandom(24), dek_id_bytes(ID)
    header = HEADER if form.name.startswith("portable") else b""
    bound = header + HOME.encoded
    key, nonce, commitment = inner_key(form, ONE, salt=salt, bound=bound)
    second, other, _ = inner_key(form, material, salt=salt, bound=header + context.encoded)
    if form.name == "stream":
        start, associated = b"\xc7\x31" + raw_id + salt + commitment, b""
    elif form.suite is Suite.STRICT:
        start, associated = b"\xc7\x12" + raw_id + salt + commitment, b""
    else:
        associated = b"\xc7\x11" + raw_id + commitment + bound
        start = b"\xc7\x11" + raw_id + commitment + nonce
    body = for_two_keys((key, nonce, associated), (second, other, associated), filling=os.urandom(48))
    return header + start + body, (second, other, associated), body


@EACH
@pytest.mark.proves("CVE-2025-14760", "ASVS-11.3.3")
def test_a_ciphertext_for_two_keys_opens_under_the_one_that_it_is_committed_to(form: Format, monkeypatch: pytest.MonkeyPatch) -> None:
    """AES-GCM accepts it under both keys, ctsec under the first only: the second would open it if the commitment were not compared."""
    blob, (second, nonce, associated), body = salamander(form)
    other = AESGCM(second).decrypt(nonce, body, associated or None)
    one, two = key_of(form, ONE), key_of(form, TWO)
    found = form.open(blob, one, HOME)
    assert len(found) == len(other) == 64
    assert found != other
    with pytest.raises(DecryptionFailed):
        form.open(blob, two, HOME)
    if form.suite is Suite.STRICT or form.name == "stream":
        for module in (suites_module, chunked_module):
            monkeypatch.setattr(module, "compare_digest", lambda a, b: True)
        assert form.open(blob, two, HOME) == other


@pytest.mark.parametrize(
    "form", [form for form in FORMATS if form.suite is Suite.STRICT or form.name == "stream"], ids=lambda form: form.name
)
def test_the_strict_suite_and_streams_commit_to_the_context(form: Format, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever holds the key can make a body that AES-GCM accepts in two contexts; it opens in the one that it is committed to only."""
    other = replace(HOME, row="2")
    blob, (second, nonce, _), body = salamander(form, material=ONE, context=other)
    key = key_of(form, ONE)
    elsewhere = AESGCM(second).decrypt(nonce, body, None)
    assert form.open(blob, key, HOME) != elsewhere
    with pytest.raises(DecryptionFailed):
        form.open(blob, key, other)
    for module in (suites_module, chunked_module):
        monkeypatch.setattr(module, "compare_digest", lambda a, b: True)
    assert form.open(blob, key, other) == elsewhere


@EACH
def test_the_second_key_gains_nothing_from_its_own_header(form: Format) -> None:
    """The same body behind a header that the second key wrote opens under neither key."""
    blob, _, body = salamander(form)
    for key in (key_of(form, ONE), key_of(form, TWO)):
        fresh = form.seal(b"x" * 64, key_of(form, TWO), HOME)
        with pytest.raises(DecryptionFailed):
            form.open(fresh[: -len(body)] + body, key, HOME)
    assert blob.endswith(body)


def test_the_algebra() -> None:
    """Multiplication of blocks is that of SP 800-38D: one is neutral, it commutes, and an inverse inverts."""
    one = 1 << 127
    for _ in range(20):
        x, y = (int.from_bytes(os.urandom(16), "big") for _ in range(2))
        assert multiply(x, one) == x
        assert multiply(x, y) == multiply(y, x)
        assert multiply(x, power(x, (1 << 128) - 2)) == one


PLACES = (
    HOME,
    replace(HOME, row="2"),
    replace(HOME, field="note"),
    replace(HOME, table="server", row="s1"),
    replace(HOME, purpose="vault"),
    replace(HOME, organization=OrganizationId("org_2")),
    replace(HOME, organization=None),
)


@EACH
@pytest.mark.proves("ASVS-11.3.3")
def test_what_is_swapped_is_refused(form: Format) -> None:
    """Sealed for one row, column, table, purpose or organization, nothing opens in another."""
    key = key_of(form, ONE)
    for place, other in itertools.product(PLACES, repeat=2):
        blob = form.seal(b"secret", key, place)
        if place is other:
            assert form.open(blob, key, other) == b"secret"
        else:
            with pytest.raises(DecryptionFailed):
                form.open(blob, key, other)


@EACH
def test_keys_and_ids_are_not_interchangeable(form: Format) -> None:
    """Neither another key under the id, nor the key under another id, nor a blob whose id was exchanged is accepted."""
    blob = form.seal(b"secret", key_of(form, ONE), HOME)
    for key in (key_of(form, TWO), key_of(form, ONE, dek_id=OTHER_ID), key_of(form, TWO, dek_id=OTHER_ID)):
        with pytest.raises(DecryptionFailed):
            form.open(blob, key, HOME)
    raw, other = dek_id_bytes(ID), dek_id_bytes(OTHER_ID)
    for key in (key_of(form, ONE), key_of(form, ONE, dek_id=OTHER_ID)):
        with pytest.raises(DecryptionFailed):
            form.open(blob.replace(raw, other), key, HOME)


def test_no_format_is_another() -> None:
    """What one format sealed no other opens, as it is or with its first two bytes exchanged, even under a key that opens every suite."""
    wide = DataKey(ID, material=ONE, also_opens=list(Suite))
    sealed = {form.name: form.seal(b"x" * 100, key_of(form, ONE), HOME) for form in FORMATS}
    starts = {blob[:2] for blob in sealed.values()}
    assert len(starts) == 4
    for form, (name, blob) in itertools.product(FORMATS, sealed.items()):
        for start in starts:
            if start == blob[:2] and form.name.split("-")[0] == name.split("-")[0]:
                assert form.open(blob, wide, HOME) == b"x" * 100
            else:
                with pytest.raises((DecryptionFailed, CorruptRecord)):
                    form.open(start + blob[2:], wide, HOME)


@EACH
@given(
    message=st.binary(max_size=40),
    rows=st.lists(TEXTS, min_size=2, max_size=2, unique=True),
    place=st.integers(0, 10**6),
    bit=st.integers(0, 7),
    data=st.data(),
)
def test_only_the_sealed_bytes_open_at_their_place(
    form: Format, message: bytes, rows: list[str], place: int, bit: int, data: st.DataObject
) -> None:
    """For any message and row: it opens, and not in another row, under another key, with a bit changed, cut, or with bytes added."""
    key, context = key_of(form, ONE), replace(HOME, row=rows[0])
    blob = form.seal(message, key, context)
    assert form.open(blob, key, context) == message
    changed = bytearray(blob)
    changed[place % len(blob)] ^= 1 << bit
    end = data.draw(st.integers(0, len(blob) - 1))
    more = data.draw(st.binary(min_size=1, max_size=40))
    for wrong, under, where in (
        (blob, key, replace(HOME, row=rows[1])),
        (blob, key_of(form, TWO), context),
        (bytes(changed), key, context),
        (blob[:end], key, context),
        (blob + more, key, context),
    ):
        with pytest.raises((DecryptionFailed, CorruptRecord)):
            form.open(wrong, under, where)
