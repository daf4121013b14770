"""The managed blob: its bytes, its bounds, and everything that must not open."""

from __future__ import annotations

import hmac
import json
import os
import threading
import traceback
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given
from hypothesis import strategies as st

from ctsec.encryption import data_key, suites
from ctsec.encryption.context import Context
from ctsec.encryption.data_key import DataKey, DataKeyExhausted
from ctsec.encryption.dek import DekState, WrappedDek, dek_id_bytes, dek_id_from_bytes
from ctsec.encryption.envelope import dek_id_of, open_blob, seal
from ctsec.encryption.primitives import Aes256Gcm, derive, encrypt_behind
from ctsec.encryption.suites import MAX_PLAINTEXT, OVERHEAD, STRICT_OVERHEAD, Suite
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
STRICT = DataKey(DEK, material=MATERIAL, suite=Suite.STRICT)
BOTH = pytest.mark.parametrize("key", [KEY, STRICT], ids=["default", "strict"])
CONTEXT = Context(organization=OrganizationId("org_1"), purpose="vault", table="secrets", row="1", field="value")


def sealed(plaintext: bytes = b"attack at dawn", key: DataKey = KEY, context: Context = CONTEXT) -> bytes:
    return seal(plaintext, key=key, context=context, random=os.urandom)


@BOTH
@given(plaintext=st.binary(max_size=300))
def test_what_is_sealed_opens_to_the_same_bytes_with_78_or_90_more(key: DataKey, plaintext: bytes) -> None:
    """Any plaintext comes back unchanged, and its blob is exactly 78 bytes longer, 90 in the strict suite, and names its data key."""
    blob = sealed(plaintext, key=key)
    assert open_blob(blob, key=key, context=CONTEXT) == plaintext
    assert len(blob) - len(plaintext) == (78 if key is KEY else 90)
    assert (OVERHEAD, STRICT_OVERHEAD) == (78, 90)
    assert dek_id_of(blob) == DEK


def test_the_format_byte_by_byte() -> None:
    """Another program that knows only the documented layout and labels opens a blob with plain HKDF and AES-GCM, whatever ctsec changes."""
    blob = seal(b"hello", key=KEY, context=CONTEXT, random=lambda n: b"\x07" * n)
    raw_id = dek_id_bytes(DEK)
    key = derive(MATERIAL, label=b"ctsec/managed/v1/aes-256-gcm/" + raw_id).reveal()
    commitment = derive(MATERIAL, label=b"ctsec/managed/v1/commitment/" + raw_id).reveal()
    assert blob[:62] == b"\xc7\x11" + raw_id + commitment + b"\x07" * 12
    assert AESGCM(key).decrypt(blob[50:62], blob[62:], blob[:50] + CONTEXT.encoded) == b"hello"


@BOTH
@pytest.mark.proves("CVE-2026-28490", "ASVS-11.3.3", "ASVS-11.2.5")
def test_every_changed_bit_is_refused(key: DataKey) -> None:
    """A blob with any one bit changed opens nowhere; outside the first two bytes the error is one and the same."""
    blob = sealed(key=key)
    messages: set[str] = set()
    for place in range(len(blob) * 8):
        changed = bytearray(blob)
        changed[place // 8] ^= 1 << place % 8
        with pytest.raises((DecryptionFailed, CorruptRecord)) as caught:
            open_blob(bytes(changed), key=key, context=CONTEXT)
        if place >= 16:
            assert caught.type is DecryptionFailed
            messages.add(str(caught.value))
    assert len(messages) == 1


@BOTH
def test_truncated_extended_and_foreign_bytes_are_refused(key: DataKey) -> None:
    """A shorter or longer blob never opens; what is too short, of another magic or suite is a corrupt record."""
    blob = sealed(key=key)
    for end in range(len(blob)):
        with pytest.raises((DecryptionFailed, CorruptRecord)):
            open_blob(blob[:end], key=key, context=CONTEXT)
    with pytest.raises(DecryptionFailed):
        open_blob(blob + b"\0", key=key, context=CONTEXT)
    short = blob[: 77 if key is KEY else 89]
    for other in (b"", b"\xc7", short, b"\xc6" + blob[1:], blob[:1] + b"\x13" + blob[2:], blob[:1] + b"\x21" + blob[2:]):
        with pytest.raises(CorruptRecord):
            open_blob(other, key=key, context=CONTEXT)
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
@BOTH
@pytest.mark.proves("ASVS-11.3.3")
def test_a_blob_opens_only_where_it_belongs(key: DataKey, other: Context) -> None:
    """Moved to another organization, table, row, field or purpose, or to the deployment, a blob does not open."""
    with pytest.raises(DecryptionFailed):
        open_blob(sealed(key=key), key=key, context=other)


@BOTH
def test_a_blob_of_one_data_key_does_not_open_under_another(key: DataKey) -> None:
    """Neither another key, nor another key under the same id, nor the same key under another id opens a blob."""
    blob = sealed(key=key)
    other = Secret(os.urandom(32))
    for dek_id, material in ((fresh_id(), other), (DEK, other), (fresh_id(), MATERIAL)):
        another = DataKey(dek_id, material=material, suite=key.suite)
        with pytest.raises(DecryptionFailed):
            open_blob(blob, key=another, context=CONTEXT)


def test_the_commitment_is_checked_before_anything_is_decrypted() -> None:
    """Even where AES-GCM itself would accept a ciphertext under a second key, the second key never gets to decrypt it."""
    first, second = DataKey(DEK, material=MATERIAL), DataKey(DEK, material=Secret(os.urandom(32)))
    for key in (first, second):
        suite = key.opens[Suite.DEFAULT]
        assert isinstance(suite, suites.DefaultSuite)
        suite._decrypt = lambda *_: b"opened"
    assert open_blob(sealed(), key=first, context=CONTEXT) == b"opened"
    with pytest.raises(DecryptionFailed):
        open_blob(sealed(), key=second, context=CONTEXT)


@BOTH
@pytest.mark.parametrize("size", [16383, 16384, 65535, 65536, 65537, 1 << 20])
def test_long_plaintexts_have_the_same_format(key: DataKey, size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """A blob whose ciphertext is written in place has the bytes of one that is joined, and opens."""
    message = os.urandom(size)
    blob = seal(message, key=key, context=CONTEXT, random=bytes)
    assert open_blob(blob, key=key, context=CONTEXT) == message
    assert type(blob) is bytes
    for longest in (1 << 30, 0):
        monkeypatch.setattr(data_key, "_LONG", longest)
        assert seal(message, key=key, context=CONTEXT, random=bytes) == blob
    monkeypatch.setattr(suites, "encrypt_behind", partial(without_encrypt_into, encrypt_behind))
    assert seal(message, key=key, context=CONTEXT, random=bytes) == blob


class Older:
    """The cipher of an older `cryptography`, which writes nothing in place."""

    def __init__(self, aead: AESGCM) -> None:
        self.encrypt = aead.encrypt


def without_encrypt_into(function: Callable[..., bytes], aead: AESGCM, *rest: object) -> bytes:
    return function(Older(aead), *rest)


@pytest.mark.proves("ASVS-11.2.4")
@BOTH
def test_commitments_are_compared_in_constant_time(key: DataKey, monkeypatch: pytest.MonkeyPatch) -> None:
    """The commitment is judged by `compare_digest` alone."""
    blob = sealed(key=key)
    monkeypatch.setattr(suites, "compare_digest", lambda a, b: False)
    with pytest.raises(DecryptionFailed):
        open_blob(blob, key=key, context=CONTEXT)


@pytest.mark.proves("ASVS-11.3.4")
def test_each_message_has_a_nonce_or_a_salt_of_its_own() -> None:
    """A thousand blobs of one plaintext share no nonce or salt, no ciphertext, and in the strict suite no commitment."""
    blobs = [sealed() for _ in range(1000)]
    assert len({blob[50:62] for blob in blobs}) == len({blob[62:] for blob in blobs}) == 1000
    blobs = [sealed(key=STRICT) for _ in range(1000)]
    assert len({blob[18:42] for blob in blobs}) == len({blob[42:74] for blob in blobs}) == len({blob[74:] for blob in blobs}) == 1000


@BOTH
def test_a_broken_source_of_randomness_is_refused(key: DataKey) -> None:
    """A source that gives fewer or more bytes than were asked for raises ValueError."""
    for source in (lambda n: b"", lambda n: bytes(n - 1), lambda n: bytes(n + 1)):
        for size in (0, 1 << 16):
            with pytest.raises(ValueError, match=r"12 bytes|24 bytes"):
                seal(bytes(size), key=key, context=CONTEXT, random=source)


@pytest.mark.parametrize("suite", list(Suite))
@pytest.mark.proves("ASVS-11.3.4")
def test_the_bound_on_messages_is_hard_across_threads(suite: Suite) -> None:
    """Of 8 threads that seal 100 messages each under a key with a bound of 500, exactly 500 succeed; opening goes on."""
    key, done, refused = DataKey(DEK, material=MATERIAL, max_messages=500, suite=suite), [], []

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


@pytest.mark.proves("ASVS-11.3.4")
def test_bytes_are_bounded_with_the_messages() -> None:
    """A message counts once for every 4 KiB that it begins, so a bound of n messages is one of 4096 n bytes."""
    for size, counted in ((0, 1), (1, 1), (4096, 1), (4097, 2), (8192, 2), (8193, 3), (1 << 20, 256)):
        key = DataKey(DEK, material=MATERIAL, max_messages=counted + 1)
        sealed(b"x" * size, key=key)
        sealed(b"", key=key)
        with pytest.raises(DataKeyExhausted):
            sealed(b"", key=key)
        with pytest.raises(DataKeyExhausted):
            sealed(b"x" * (4096 * counted + 1), key=DataKey(DEK, material=MATERIAL, max_messages=counted))


def test_the_bounds_of_the_suites() -> None:
    """Unless told otherwise the default suite seals 2^24 messages, at most 2^32, and the strict one 2^48."""
    assert (KEY.max_messages, STRICT.max_messages) == (1 << 24, 1 << 48)
    assert DataKey(DEK, material=MATERIAL, max_messages=1 << 32).max_messages == 1 << 32
    for suite, bound in ((Suite.DEFAULT, (1 << 32) + 1), (Suite.STRICT, (1 << 48) + 1), (Suite.DEFAULT, -1), (Suite.STRICT, -1)):
        with pytest.raises(ValueError, match="bound"):
            DataKey(DEK, material=MATERIAL, suite=suite, max_messages=bound)


@pytest.mark.parametrize("suite", list(Suite))
def test_age_is_judged_where_a_key_seals(suite: Suite) -> None:
    """From `not_after` on a key seals nothing, before it it does, without the time it refuses to; opening goes on."""
    key = DataKey(DEK, material=MATERIAL, not_after=NOW, suite=suite)
    before = NOW - timedelta(microseconds=1)
    blob = seal(b"x", key=key, context=CONTEXT, random=os.urandom, now=before)
    assert (key.may_seal(now=before), key.may_seal(now=NOW)) == (True, False)
    with pytest.raises(DataKeyExhausted):
        seal(b"x", key=key, context=CONTEXT, random=os.urandom, now=NOW)
    with pytest.raises(ValueError, match="time"):
        seal(b"x", key=key, context=CONTEXT, random=os.urandom)
    assert open_blob(blob, key=key, context=CONTEXT) == b"x"


@pytest.mark.parametrize("suite", list(Suite))
def test_a_retired_key_opens_and_does_not_seal(suite: Suite) -> None:
    """A decrypt-only key refuses to seal, and opens what it sealed before."""
    retired = DataKey(DEK, material=MATERIAL, decrypt_only=True, suite=suite)
    assert not retired.may_seal(now=NOW)
    with pytest.raises(DataKeyExhausted):
        sealed(key=retired)
    blob = sealed(key=DataKey(DEK, material=MATERIAL, suite=suite))
    assert open_blob(blob, key=retired, context=CONTEXT) == b"attack at dawn"


@pytest.mark.proves("CVE-2025-14760")
def test_a_key_opens_the_suites_that_its_owner_named() -> None:
    """A key opens its own suite only, and the other if its owner named it; it seals in its own."""
    for own, other in ((KEY, STRICT), (STRICT, KEY)):
        blob = sealed(key=other)
        with pytest.raises(DecryptionFailed):
            open_blob(blob, key=own, context=CONTEXT)
        wide = DataKey(DEK, material=MATERIAL, suite=own.suite, also_opens=[other.suite])
        assert open_blob(blob, key=wide, context=CONTEXT) == b"attack at dawn"
        assert sealed(key=wide)[1] == own.suite


def test_a_blob_of_one_suite_is_none_of_the_other() -> None:
    """A blob whose second byte is that of the other suite opens under no key, even one that opens both."""
    wide = DataKey(DEK, material=MATERIAL, also_opens=list(Suite))
    for key, byte in ((KEY, Suite.STRICT), (STRICT, Suite.DEFAULT)):
        with pytest.raises(DecryptionFailed):
            open_blob(b"\xc7" + bytes([byte]) + sealed(b"x" * 50, key=key)[2:], key=wide, context=CONTEXT)


@BOTH
def test_sizes_are_bounded(key: DataKey, monkeypatch: pytest.MonkeyPatch) -> None:
    """More than the limit is not sealed (ValueError, nothing counted) and a longer blob is not even compared."""
    assert MAX_PLAINTEXT == 64 * 1024 * 1024
    longest = b"\xc7" + bytes([key.suite]) + dek_id_bytes(DEK) + bytes(MAX_PLAINTEXT + (60 if key is KEY else 72))
    with pytest.raises(DecryptionFailed):
        open_blob(longest, key=key, context=CONTEXT)
    with pytest.raises(CorruptRecord):
        open_blob(longest + b"x", key=key, context=CONTEXT)
    authentic = key.opens[key.suite].seal_long(bytes(MAX_PLAINTEXT + 1), CONTEXT.encoded, os.urandom)
    with pytest.raises(CorruptRecord):
        open_blob(authentic, key=key, context=CONTEXT)
    monkeypatch.setattr(data_key, "MAX_PLAINTEXT", 8000)
    two = DataKey(DEK, material=MATERIAL, max_messages=2, suite=key.suite)
    with pytest.raises(ValueError, match="stream"):
        sealed(b"x" * 8001, key=two)
    assert len(sealed(b"x" * 8000, key=two)) > 8000


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
    """Key material of another length and an id of another kind raise ValueError."""
    wrong = DekId(new_id(UserId, now=NOW, random=os.urandom))
    for call in (lambda: DataKey(DEK, material=Secret(b"x" * 31)), lambda: DataKey(wrong, material=MATERIAL)):
        with pytest.raises(ValueError, match="expected"):
            call()


@given(raw=st.binary(min_size=16, max_size=16))
def test_ids_of_data_keys_have_one_form_of_16_bytes(raw: bytes) -> None:
    """Bytes to id and back is the identity, for every 16 bytes."""
    assert dek_id_bytes(dek_id_from_bytes(raw)) == raw
    assert dek_id_from_bytes(dek_id_bytes(DEK)) == DEK


@BOTH
def test_nothing_shows_a_key(key: DataKey) -> None:
    """Neither reprs nor a traceback with its variables show a byte of the key material or of what was derived from it."""
    raw_id, blob = dek_id_bytes(DEK), sealed(key=key)
    salt_key = derive(MATERIAL, label=b"ctsec/managed/v1/strict/" + raw_id).reveal()
    message_key = hmac.digest(salt_key, b"\x01" + blob[18:42] + CONTEXT.encoded, "sha512")[:32]
    hidden = [MATERIAL.reveal(), derive(MATERIAL, label=b"ctsec/managed/v1/aes-256-gcm/" + raw_id).reveal(), salt_key, message_key]
    shown = ""
    for changed in (blob[:-1] + bytes([blob[-1] ^ 1]), blob[:45] + bytes([blob[45] ^ 1]) + blob[46:]):
        with pytest.raises(DecryptionFailed) as caught:
            open_blob(changed, key=key, context=CONTEXT)
        assert caught.value.__suppress_context__ or caught.value.__context__ is None
        inside = caught.tb.tb_next  # below this test, whose own variables hold the key
        shown += "".join(traceback.TracebackException(caught.type, caught.value, inside, capture_locals=True).format())
    assert "DataKey(" in shown
    record = WrappedDek(
        id=DEK, scope="deployment", region="", kek="local:1", wrapped=hidden[0], commitment=hidden[1], state=DekState.ACTIVE, created_at=NOW
    )
    shown += repr(key) + str(key) + repr(key.opens) + repr(key.stream_key) + repr(MATERIAL) + repr(record)
    for secret in hidden:
        assert repr(secret)[2:-1] not in shown
        assert secret.hex() not in shown


@pytest.mark.vectors
@pytest.mark.proves("ASVS-11.3.2")
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
