"""The stand-in for AWS KMS is strict: what the real service refuses, it refuses, with the same names."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from hypothesis import given
from hypothesis import strategies as st

from ctsec.testing.kms import FakeAwsKms, KeyState
from ctsec.testing.kms.keys import context_bytes
from tests.kms.support import session

ACCOUNT = "111122223333"
OTHER = "999988887777"


@pytest.fixture
def fake() -> Iterator[FakeAwsKms]:
    with FakeAwsKms(accounts={"AKIDOTHER": OTHER}) as made:
        yield made


@pytest.fixture
def kms(fake: FakeAwsKms) -> Iterator[Any]:
    yield from client(fake)


@pytest.fixture
def west(fake: FakeAwsKms) -> Iterator[Any]:
    yield from client(fake, region="us-west-2")


@pytest.fixture
def stranger(fake: FakeAwsKms) -> Iterator[Any]:
    yield from client(fake, access_key="AKIDOTHER")


def client(fake: FakeAwsKms, *, region: str = "eu-central-1", access_key: str = "AKIDEXAMPLE") -> Iterator[Any]:
    once = Config(retries={"total_max_attempts": 1})
    made = session(access_key).client("kms", region_name=region, endpoint_url=fake.url, config=once)
    yield made
    made.close()


def refused(name: str) -> Any:
    """Expect the error of this name."""
    return pytest.raises(ClientError, match=rf"\({name}\)")


def test_a_key_encrypts_decrypts_and_re_encrypts(kms: Any) -> None:
    """Over boto3, a data key and a text come back in their encryption context, whatever its order, and move to another key and context."""
    one, other = (kms.create_key()["KeyMetadata"]["Arn"] for _ in range(2))
    context, turned = {"a": "1", "b": "2"}, {"b": "2", "a": "1"}
    made = kms.generate_data_key(KeyId=one, KeySpec="AES_256", EncryptionContext=context)
    opened = kms.decrypt(KeyId=one, CiphertextBlob=made["CiphertextBlob"], EncryptionContext=turned)
    assert (made["KeyId"], opened["KeyId"], opened["Plaintext"], len(made["Plaintext"])) == (one, one, made["Plaintext"], 32)
    blob = kms.encrypt(KeyId=one, Plaintext=b"text", EncryptionContext=context)["CiphertextBlob"]
    moved = kms.re_encrypt(CiphertextBlob=blob, SourceKeyId=one, SourceEncryptionContext=context, DestinationKeyId=other)
    assert kms.decrypt(KeyId=other, CiphertextBlob=moved["CiphertextBlob"])["Plaintext"] == b"text"
    assert (moved["SourceKeyId"], moved["KeyId"]) == (one, other)


def test_the_states_are_kept(kms: Any) -> None:
    """Disabled, pending deletion, cancelled (which leaves it disabled), enabled: each state allows what it allows and no more."""
    arn = kms.create_key()["KeyMetadata"]["Arn"]
    blob = kms.encrypt(KeyId=arn, Plaintext=b"x")["CiphertextBlob"]

    def uses() -> list[Any]:
        return [
            lambda: kms.encrypt(KeyId=arn, Plaintext=b"x"),
            lambda: kms.decrypt(KeyId=arn, CiphertextBlob=blob),
            lambda: kms.generate_data_key(KeyId=arn, KeySpec="AES_256"),
            lambda: kms.re_encrypt(CiphertextBlob=blob, SourceKeyId=arn, DestinationKeyId=arn),
        ]

    def state() -> tuple[str, bool]:
        metadata = kms.describe_key(KeyId=arn)["KeyMetadata"]
        return metadata["KeyState"], metadata["Enabled"]

    assert state() == ("Enabled", True)
    kms.disable_key(KeyId=arn)
    assert state() == ("Disabled", False)
    for use in uses():
        with refused("DisabledException"):
            use()
    kms.schedule_key_deletion(KeyId=arn)
    assert state() == ("PendingDeletion", False)
    for use in [
        *uses(),
        lambda: kms.enable_key(KeyId=arn),
        lambda: kms.disable_key(KeyId=arn),
        lambda: kms.schedule_key_deletion(KeyId=arn),
    ]:
        with refused("KMSInvalidStateException"):
            use()
    kms.cancel_key_deletion(KeyId=arn)
    assert state() == ("Disabled", False)
    with refused("KMSInvalidStateException"):
        kms.cancel_key_deletion(KeyId=arn)
    kms.enable_key(KeyId=arn)
    for use in uses():
        assert use()


@given(pairs=st.lists(st.dictionaries(st.text(max_size=4), st.text(max_size=4), max_size=3), min_size=2, max_size=2))
def test_encryption_contexts_are_injective(pairs: list[dict[str, str]]) -> None:
    """Two encryption contexts have the same bytes only if they are equal; those that run together as text stay apart."""
    assert (context_bytes(pairs[0]) == context_bytes(pairs[1])) == (pairs[0] == pairs[1])
    assert context_bytes({"tenant": "acme"}) != context_bytes({"tenanta": "cme"})


def test_a_wrong_context_and_a_changed_ciphertext_are_invalid(kms: Any) -> None:
    """Another context, a missing one, one that runs together, and changed bytes are InvalidCiphertextException."""
    arn = kms.create_key()["KeyMetadata"]["Arn"]
    blob = kms.encrypt(KeyId=arn, Plaintext=b"x", EncryptionContext={"tenant": "acme"})["CiphertextBlob"]
    for context in ({}, {"tenanta": "cme"}, {"tenant": "acme", "x": ""}):
        with refused("InvalidCiphertextException"):
            kms.decrypt(KeyId=arn, CiphertextBlob=blob, EncryptionContext=context)
    with refused("InvalidCiphertextException"):
        kms.decrypt(KeyId=arn, CiphertextBlob=blob[:-1] + bytes([blob[-1] ^ 1]), EncryptionContext={"tenant": "acme"})


def test_another_key_is_incorrect(kms: Any) -> None:
    """A ciphertext under the id of another key is IncorrectKeyException, for decrypting and re-encrypting."""
    one, other = (kms.create_key()["KeyMetadata"]["Arn"] for _ in range(2))
    blob = kms.encrypt(KeyId=one, Plaintext=b"x")["CiphertextBlob"]
    with refused("IncorrectKeyException"):
        kms.decrypt(KeyId=other, CiphertextBlob=blob)
    with refused("IncorrectKeyException"):
        kms.re_encrypt(CiphertextBlob=blob, SourceKeyId=other, DestinationKeyId=one)


def test_regions_and_accounts_are_apart(fake: FakeAwsKms, kms: Any, west: Any, stranger: Any) -> None:
    """A key is found in its region only, its bare id in its account only; another account needs the trust of the key's policy."""
    arn = fake.keys.create(account=ACCOUNT)
    assert kms.describe_key(KeyId=arn.rpartition("/")[2])["KeyMetadata"]["Arn"] == arn
    with refused("NotFoundException"):
        west.describe_key(KeyId=arn)
    with refused("NotFoundException"):
        west.describe_key(KeyId=arn.rpartition("/")[2])
    with refused("NotFoundException"):
        stranger.describe_key(KeyId=arn.rpartition("/")[2])
    with refused("AccessDeniedException"):
        stranger.generate_data_key(KeyId=arn, KeySpec="AES_256")
    fake.keys.trust(arn, OTHER)
    assert stranger.generate_data_key(KeyId=arn, KeySpec="AES_256")["KeyId"] == arn
    fake.keys.delete(arn)
    with refused("NotFoundException"):
        kms.describe_key(KeyId=arn)


def test_policies_deny_operations(fake: FakeAwsKms, kms: Any) -> None:
    """Exactly the denied operations of a key are AccessDeniedException, before its state is looked at; re-encrypting needs both sides."""
    arn = fake.keys.create()
    blob = kms.encrypt(KeyId=arn, Plaintext=b"x")["CiphertextBlob"]
    fake.keys.deny(arn, "Decrypt", "ReEncryptTo")
    fake.keys.set_state(arn, KeyState.DISABLED)
    with refused("AccessDeniedException"):
        kms.decrypt(KeyId=arn, CiphertextBlob=blob)
    with refused("DisabledException"):
        kms.encrypt(KeyId=arn, Plaintext=b"x")
    fake.keys.set_state(arn, KeyState.ENABLED)
    with refused("AccessDeniedException"):
        kms.re_encrypt(CiphertextBlob=blob, SourceKeyId=arn, DestinationKeyId=arn)
    fake.keys.deny(arn)
    assert kms.re_encrypt(CiphertextBlob=blob, SourceKeyId=arn, DestinationKeyId=arn)["KeyId"] == arn


def test_replicas_decrypt_what_their_primary_encrypted(kms: Any, west: Any) -> None:
    """A multi-region key has an mrk- id; its replica opens its ciphertexts, has a state of its own, and is described as what it is."""
    metadata = kms.create_key(MultiRegion=True)["KeyMetadata"]
    arn, copy = metadata["Arn"], metadata["Arn"].replace("eu-central-1", "us-west-2")
    assert metadata["KeyId"].startswith("mrk-")
    assert len(metadata["KeyId"]) == 36
    assert kms.replicate_key(KeyId=arn, ReplicaRegion="us-west-2")["ReplicaKeyMetadata"]["Arn"] == copy
    blob = kms.encrypt(KeyId=arn, Plaintext=b"x", EncryptionContext={"a": "b"})["CiphertextBlob"]
    assert west.decrypt(KeyId=copy, CiphertextBlob=blob, EncryptionContext={"a": "b"})["KeyId"] == copy
    kms.disable_key(KeyId=arn)
    assert west.decrypt(KeyId=copy, CiphertextBlob=blob, EncryptionContext={"a": "b"})["Plaintext"] == b"x"
    family = west.describe_key(KeyId=copy)["KeyMetadata"]["MultiRegionConfiguration"]
    assert (family["MultiRegionKeyType"], family["PrimaryKey"]["Arn"]) == ("REPLICA", arn)
    assert [each["Arn"] for each in family["ReplicaKeys"]] == [copy]
    kms.enable_key(KeyId=arn)
    with refused("AlreadyExistsException"):
        kms.replicate_key(KeyId=arn, ReplicaRegion="us-west-2")
    with refused("UnsupportedOperationException"):
        kms.replicate_key(KeyId=kms.create_key()["KeyMetadata"]["Arn"], ReplicaRegion="us-west-2")


def test_a_key_of_another_use_makes_no_data_keys(fake: FakeAwsKms, kms: Any) -> None:
    """A key for signatures is InvalidKeyUsageException, and an alias is not known here."""
    arn = fake.keys.create(usage="SIGN_VERIFY", spec="ECC_NIST_P256")
    with refused("InvalidKeyUsageException"):
        kms.generate_data_key(KeyId=arn, KeySpec="AES_256")
    with refused("NotFoundException"):
        kms.describe_key(KeyId="alias/ctsec")
    with refused("InvalidArnException"):
        kms.describe_key(KeyId=f"arn:aws:kms:eu-central-1:{ACCOUNT}:alias/ctsec")


def post(fake: FakeAwsKms, body: bytes, **headers: str) -> tuple[int, dict[str, Any]]:
    """Send a request without boto3; return the status and the body of the answer."""
    scope = "AKIDEXAMPLE/20260115/eu-central-1/kms/aws4_request"
    given = {
        "Content-Type": "application/x-amz-json-1.1",
        "X-Amz-Target": "TrentService.DescribeKey",
        "Authorization": f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0",
    } | {name.replace("_", "-"): value for name, value in headers.items()}
    request = urllib.request.Request(fake.url, data=body, headers=given, method="POST")
    try:
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=10) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.load(error)


def test_the_protocol_is_checked(fake: FakeAwsKms) -> None:
    """An unsigned call, an unknown operation, a body that is no object, and members of another type, size or name are refused."""
    arn = fake.keys.create()
    told = json.dumps({"KeyId": arn}).encode()
    assert post(fake, told)[1]["KeyMetadata"]["Arn"] == arn
    large = json.dumps({"KeyId": arn, "CiphertextBlob": "A" * 8196}).encode()
    for body, headers, name in (
        (told, {"Authorization": "none"}, "MissingAuthenticationTokenException"),
        (told, {"X_Amz_Target": "TrentService.Sign"}, "UnknownOperationException"),
        (told, {"Content_Type": "application/json"}, "UnknownOperationException"),
        (b"[]", {}, "SerializationException"),
        (b"{", {}, "SerializationException"),
        (b'{"KeyId": 7}', {}, "ValidationException"),
        (b"{}", {}, "ValidationException"),
        (json.dumps({"KeyId": arn, "Region": "x"}).encode(), {}, "ValidationException"),
        (large, {"X_Amz_Target": "TrentService.Decrypt"}, "ValidationException"),
        (large.replace(b"AAA", b"A!A"), {"X_Amz_Target": "TrentService.Decrypt"}, "SerializationException"),
        (told, {"X_Amz_Target": "TrentService.GenerateDataKey"}, "ValidationException"),
    ):
        status, answer = post(fake, body, **headers)
        assert (status, answer["__type"]) == (400, name)


def test_the_journal_names_calls_and_shows_nothing_else(fake: FakeAwsKms, kms: Any) -> None:
    """Each call is in the journal with operation, key, region, account and outcome; no plaintext, ciphertext or context is."""
    arn = fake.keys.create()
    made = kms.generate_data_key(KeyId=arn, KeySpec="AES_256", EncryptionContext={"who": "a-customer"})
    with refused("InvalidCiphertextException"):
        kms.decrypt(KeyId=arn, CiphertextBlob=made["CiphertextBlob"])
    journal = fake.journal
    assert [(call.operation, call.key, call.region, call.account) for call in journal] == [
        ("GenerateDataKey", arn, "eu-central-1", ACCOUNT), ("Decrypt", arn, "eu-central-1", ACCOUNT),
    ]  # fmt: skip
    assert [call.outcome for call in journal] == ["", "InvalidCiphertextException"]
    assert "a-customer" not in repr(journal)
    assert repr(made["Plaintext"])[2:-1] not in repr(journal)


def test_a_closed_stand_in_is_gone(fake: FakeAwsKms) -> None:
    """After `close`, however often, nobody answers at its address."""
    with FakeAwsKms() as passing:
        url = passing.url
        assert post(passing, b"{}")[0] == 400
    passing.close()
    with pytest.raises(OSError, match="refused"):
        urllib.request.build_opener(urllib.request.ProxyHandler({})).open(url, timeout=5)
