"""The managed blob: its bytes, its bounds, and everything that must not open."""

from __future__ import annotations

import json
import os
import threading
import traceback
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given
from hypothesis import strategies as st

from ctsec.encryption import envelope
from ctsec.encryption.context import Context
from ctsec.encryption.dek import DekState, WrappedDek, dek_id_bytes, dek_id_from_bytes
from ctsec.encryption.envelope import MAX_PLAINTEXT, OVERHEAD, DataKey, DataKeyExhausted, dek_id_of, open_blob, seal
from ctsec.encryption.primitives import Aes256Gcm, derive
from ctsec.errors import CorruptRecord, DecryptionFailed
from ctsec.ids import DekId, OrganizationId, UserId, new_id
from ctsec.secret import Secret
from tests.conftest import VECTORS

NOW = datetime(2026, 3, 1, tzinfo=UTC)


def fresh_id() -> DekId:
    return DekId(new_id(DekId, now=NOW, random=os.urandom))


MATERIAL = Secret(bytes(range(32)))
DEK = fresh_id()
KEY = DataKey(DEK, material=MATERIAL)
CONTEXT = Context(organization=OrganizationId("org_1"), purpose="vault", table="secrets", row="1", field="value")


def sealed(plaintext: bytes = b"attack at dawn", key: DataKey = KEY, context: Context = CONTEXT) -> bytes:
    return seal(plaintext, key=key, context=context, random=os.urandom)


@given(plaintext=st.binary(max_size=300))
def test_what_is_sealed_opens_to_the_same_bytes_with_78_more(plaintext: bytes) -> None:
    """Any plaintext comes back unchanged, and its blob is exactly 78 bytes longer and names its data key."""
    blob = sealed(plaintext)
    assert open_blob(blob, key=KEY, context=CONTEXT) == plaintext
    assert len(blob) == len(plaintext) + OVERHEAD == len(plaintext) + 78
    assert dek_id_of(blob) == DEK


def test_the_format_byte_by_byte() -> None:
    """Another program that knows only the documented layout and labels opens a blob with plain HKDF and AES-GCM."""
    blob = seal(b"hello", key=KEY, context=CONTEXT, random=lambda n: b"\x07" * n)
    raw_id = dek_id_bytes(DEK)
    key = derive(MATERIAL, label=b"ctsec/managed/v1/aes-256-gcm/" + raw_id).reveal()
    commitment = derive(MATERIAL, label=b"ctsec/managed/v1/commitment/" + raw_id).reveal()
    assert blob[:62] == b"\xc7\x11" + raw_id + commitment + b"\x07" * 12
    assert AESGCM(key).decrypt(blob[50:62], blob[62:], blob[:50] + CONTEXT.encoded) == b"hello"


def test_every_changed_bit_is_refused() -> None:
    """A blob with any one bit changed opens nowhere; outside the first two bytes the error is one and the same."""
    blob = sealed()
    messages: set[str] = set()
    for place in range(len(blob) * 8):
        changed = bytearray(blob)
        changed[place // 8] ^= 1 << place % 8
        with pytest.raises((DecryptionFailed, CorruptRecord)) as caught:
            open_blob(bytes(changed), key=KEY, context=CONTEXT)
        if place >= 16:
            assert caught.type is DecryptionFailed
            messages.add(str(caught.value))
    assert len(messages) == 1


def test_truncated_extended_and_foreign_bytes_are_refused() -> None:
    """A shorter or longer blob never opens; what is too short, of another magic or suite is a corrupt record."""
    blob = sealed()
    for end in range(len(blob)):
        with pytest.raises((DecryptionFailed, CorruptRecord)):
            open_blob(blob[:end], key=KEY, context=CONTEXT)
    with pytest.raises(DecryptionFailed):
        open_blob(blob + b"\0", key=KEY, context=CONTEXT)
    for other in (b"", b"\xc7", blob[:77], b"\xc6" + blob[1:], blob[:1] + b"\x12" + blob[2:], blob[:1] + b"\x21" + blob[2:]):
        with pytest.raises(CorruptRecord):
            open_blob(other, key=KEY, context=CONTEXT)
        with pytest.raises(CorruptRecord):
            dek_id_of(other)


@pytest.mark.parametrize(
    "other",
    [
        Context(organization=OrganizationId("org_2"), purpose="vault", table="secrets", row="1", field="value"),
        Context(organization=None, purpose="vault", table="secrets", row="1", field="value"),
        Context(organization=OrganizationId("org_1"), purpose="totp", table="secrets", row="1", field="value"),
        Context(organization=OrganizationId("org_1"), purpose="vault", table="secret", row="s1", field="value"),
        Context(organization=OrganizationId("org_1"), purpose="vault", table="secrets", row="2", field="value"),
        Context(organization=OrganizationId("org_1"), purpose="vault", table="secrets", row="1", field="note"),
    ],
)
def test_a_blob_opens_only_where_it_belongs(other: Context) -> None:
    """Moved to another organization, table, row, field or purpose, or to the deployment, a blob does not open."""
    with pytest.raises(DecryptionFailed):
        open_blob(sealed(), key=KEY, context=other)


def test_a_blob_of_one_data_key_does_not_open_under_another() -> None:
    """Neither another key, nor another key under the same id, nor the same key under another id opens a blob."""
    blob = sealed()
    other = Secret(os.urandom(32))
    for dek_id, material in ((fresh_id(), other), (DEK, other), (fresh_id(), MATERIAL)):
        key = DataKey(dek_id, material=material)
        with pytest.raises(DecryptionFailed):
            open_blob(blob, key=key, context=CONTEXT)


def test_the_commitment_is_checked_before_anything_is_decrypted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Even where AES-GCM itself would accept a ciphertext under a second key, the second key never gets to decrypt it."""
    second = DataKey(DEK, material=Secret(os.urandom(32)))
    monkeypatch.setattr(Aes256Gcm, "decrypt", lambda *_: b"opened under a second key")
    assert open_blob(sealed(), key=KEY, context=CONTEXT) == b"opened under a second key"
    with pytest.raises(DecryptionFailed):
        open_blob(sealed(), key=second, context=CONTEXT)


def test_a_ciphertext_made_for_two_keys_is_refused_under_the_second() -> None:
    """A body that AES-GCM accepts under the second key, behind the header of the first, is refused by both."""
    second = DataKey(DEK, material=Secret(os.urandom(32)))
    nonce = os.urandom(12)
    body = second.cipher.encrypt(nonce, b"two faces", KEY.header + CONTEXT.encoded)
    assert second.cipher.decrypt(nonce, body, KEY.header + CONTEXT.encoded) == b"two faces"
    for key in (KEY, second):
        with pytest.raises(DecryptionFailed):
            open_blob(KEY.header + nonce + body, key=key, context=CONTEXT)


def test_commitments_are_compared_in_constant_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """The header with the commitment is judged by `compare_digest` alone."""
    monkeypatch.setattr(envelope, "compare_digest", lambda a, b: False)
    with pytest.raises(DecryptionFailed):
        open_blob(sealed(), key=KEY, context=CONTEXT)


def test_each_message_has_a_nonce_of_its_own() -> None:
    """A thousand blobs of one plaintext share no nonce and no ciphertext; a broken source of randomness raises ValueError."""
    blobs = [sealed() for _ in range(1000)]
    assert len({blob[50:62] for blob in blobs}) == len({blob[62:] for blob in blobs}) == 1000
    with pytest.raises(ValueError, match="12 bytes"):
        seal(b"", key=KEY, context=CONTEXT, random=lambda n: b"")


def test_the_bound_on_messages_is_hard_across_threads() -> None:
    """Of 8 threads that seal 100 messages each under a key with a bound of 500, exactly 500 succeed; opening goes on."""
    key, done, refused = DataKey(DEK, material=MATERIAL, max_messages=500), [], []

    def work() -> None:
        for _ in range(100):
            try:
                done.append(sealed(key=key))
            except DataKeyExhausted:
                refused.append(1)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(done), len(refused)) == (500, 300)
    assert not key.may_seal(now=NOW)
    assert open_blob(done[-1], key=key, context=CONTEXT) == b"attack at dawn"


def test_age_and_state_end_sealing_only() -> None:
    """From `not_after` on a key may not seal; a decrypt-only key refuses to, and opens what it sealed before."""
    aged = DataKey(DEK, material=MATERIAL, not_after=NOW)
    assert aged.may_seal(now=NOW - timedelta(microseconds=1))
    assert not aged.may_seal(now=NOW)
    retired = DataKey(DEK, material=MATERIAL, decrypt_only=True)
    assert not retired.may_seal(now=NOW)
    with pytest.raises(DataKeyExhausted):
        sealed(key=retired)
    assert open_blob(sealed(), key=retired, context=CONTEXT) == b"attack at dawn"


def test_sizes_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """More than the limit is not sealed (ValueError, nothing counted) and a longer blob is not even compared."""
    assert MAX_PLAINTEXT == 64 * 1024 * 1024
    monkeypatch.setattr(envelope, "MAX_PLAINTEXT", 1000)
    key = DataKey(DEK, material=MATERIAL, max_messages=1)
    with pytest.raises(ValueError, match="stream"):
        sealed(b"x" * 1001, key=key)
    blob = sealed(b"x" * 1000, key=key)
    with pytest.raises(CorruptRecord):
        open_blob(blob + b"x", key=key, context=CONTEXT)


@pytest.mark.parametrize("retired", [False, True])
def test_a_key_seals_what_it_was_allowed_block_by_block(retired: bool) -> None:
    """A key without a block seals nothing; each block adds as many messages; one that may only open seals nothing whatever is allowed."""
    key = DataKey(DEK, material=MATERIAL, max_messages=0, decrypt_only=retired)
    for allowed in (2, 3):  # the message that is refused in between counts too
        assert not key.may_seal(now=NOW)
        key.allow(allowed)
        for _ in range(0 if retired else 2):
            seal(b"", key=key, context=CONTEXT, random=os.urandom)
        with pytest.raises(DataKeyExhausted):
            seal(b"", key=key, context=CONTEXT, random=os.urandom)


def test_misuse_is_refused() -> None:
    """Key material of another length, an id of another kind and a bound above 2^32 raise ValueError."""
    wrong = DekId(new_id(UserId, now=NOW, random=os.urandom))
    for call in (
        lambda: DataKey(DEK, material=Secret(b"x" * 31)),
        lambda: DataKey(wrong, material=MATERIAL),
        lambda: DataKey(DEK, material=MATERIAL, max_messages=(1 << 32) + 1),
        lambda: DataKey(DEK, material=MATERIAL, max_messages=-1),
        lambda: DataKey(DEK, material=MATERIAL, max_messages=1).allow(1 << 32),
        lambda: DataKey(DEK, material=MATERIAL).allow(0),
    ):
        with pytest.raises(ValueError, match="expected"):
            call()


@given(raw=st.binary(min_size=16, max_size=16))
def test_ids_of_data_keys_have_one_form_of_16_bytes(raw: bytes) -> None:
    """Bytes to id and back is the identity, for every 16 bytes."""
    assert dek_id_bytes(dek_id_from_bytes(raw)) == raw
    assert dek_id_from_bytes(dek_id_bytes(DEK)) == DEK


def test_nothing_shows_a_key() -> None:
    """Neither reprs nor a traceback with its variables show a byte of the key material or of what was derived from it."""
    key = DataKey(DEK, material=MATERIAL)
    raw_id = dek_id_bytes(DEK)
    hidden = [MATERIAL.reveal(), derive(MATERIAL, label=b"ctsec/managed/v1/aes-256-gcm/" + raw_id).reveal()]
    blob = sealed()
    with pytest.raises(DecryptionFailed) as caught:
        open_blob(blob[:-1] + bytes([blob[-1] ^ 1]), key=key, context=CONTEXT)
    assert caught.value.__suppress_context__
    inside = caught.tb.tb_next  # below this test, whose own variables hold the key
    lines = "".join(traceback.TracebackException(caught.type, caught.value, inside, capture_locals=True).format())
    assert "DataKey(" in lines
    record = WrappedDek(
        id=DEK, scope="deployment", region="", kek="local:1", wrapped=hidden[0], commitment=hidden[1], state=DekState.ACTIVE, created_at=NOW
    )
    shown = lines + repr(key) + str(key) + repr(key.cipher) + repr(MATERIAL) + repr(record)
    for secret in hidden:
        assert repr(secret)[2:-1] not in shown
        assert secret.hex() not in shown


@pytest.mark.vectors
def test_published_aes_gcm_vectors() -> None:
    """Every Wycheproof vector with a 256-bit key, 96-bit nonce and 128-bit tag gives what is published, or is refused if invalid."""
    groups = json.loads((Path(VECTORS) / "wycheproof" / "aes_gcm_test.json").read_text())["testGroups"]
    cases = [case for g in groups if (g["keySize"], g["ivSize"], g["tagSize"]) == (256, 96, 128) for case in g["tests"]]
    assert len(cases) > 50
    for case in cases:
        key, nonce, aad, message, body = (bytes.fromhex(case[name]) for name in ("key", "iv", "aad", "msg", "ct"))
        cipher, body = Aes256Gcm(Secret(key)), body + bytes.fromhex(case["tag"])
        if case["result"] == "valid":
            assert cipher.decrypt(nonce, body, aad) == message, case["tcId"]
            assert cipher.encrypt(nonce, message, aad) == body, case["tcId"]
        else:
            with pytest.raises(DecryptionFailed):
                cipher.decrypt(nonce, body, aad)
