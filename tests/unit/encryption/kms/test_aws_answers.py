"""The answers of AWS KMS, judged without a service."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from botocore.loaders import Loader
from hypothesis import given
from hypothesis import strategies as st

from ctsec.encryption.kms import aws_answers
from ctsec.encryption.kms.arn import KeyArn
from ctsec.errors import (
    ConfigurationError,
    CtsecError,
    DecryptionFailed,
    KeyDenied,
    KeyDisabled,
    KeyNotFound,
    KeyPendingDeletion,
    KmsError,
    KmsThrottled,
    KmsUnavailable,
)

ARN = KeyArn.parse("arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab")
MRK = KeyArn.parse("arn:aws:kms:eu-central-1:111122223333:key/mrk-1234abcd12ab34cd56ef1234567890ab")
OPERATIONS = ("DescribeKey", "GenerateDataKey", "Decrypt", "ReEncrypt")
SMALL_SET = {KeyNotFound, KeyDisabled, KeyPendingDeletion, KeyDenied, KmsThrottled, KmsUnavailable, DecryptionFailed, ConfigurationError}


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("NotFoundException", KeyNotFound), ("InvalidArnException", KeyNotFound), ("DisabledException", KeyDisabled),
        ("AccessDeniedException", KeyDenied), ("IncorrectKeyException", DecryptionFailed), ("InvalidCiphertextException", DecryptionFailed),
        ("ThrottlingException", KmsThrottled), ("LimitExceededException", KmsThrottled), ("KMSInternalException", KmsUnavailable),
        ("DependencyTimeoutException", KmsUnavailable), ("KeyUnavailableException", KmsUnavailable),
        ("ExpiredTokenException", KmsUnavailable), ("UnrecognizedClientException", KmsUnavailable),
        ("InvalidKeyUsageException", ConfigurationError), ("503", KmsUnavailable), ("None", KmsUnavailable),
    ],
)  # fmt: skip
def test_errors_have_their_class(name: str, kind: type[CtsecError]) -> None:
    """Each error that AWS KMS is known to answer with becomes its class of the small set."""
    assert type(aws_answers.refusal(ARN, name=name, message="")) is kind


def test_every_error_of_the_service_model_is_in_the_small_set() -> None:
    """Every error that boto3's own model of the service lists for our operations has a class, and a retry is for what may pass."""
    model = Loader().load_service_model("kms", "service-2")
    names = {error["shape"] for operation in OPERATIONS for error in model["operations"][operation]["errors"]}
    assert len(names) >= 11
    for name in names:
        error = aws_answers.refusal(ARN, name=name, message="")
        assert type(error) in SMALL_SET
        if name in {"DryRunOperationException", "DependencyTimeoutException", "KMSInternalException", "KeyUnavailableException"}:
            assert error.retryable


@pytest.mark.parametrize(
    ("message", "kind"),
    [
        (f"{ARN} is pending deletion.", KeyPendingDeletion),
        (f"{ARN} is pending replica deletion.", KeyPendingDeletion),
        ("current state: PendingDeletion", KeyPendingDeletion),
        (f"{ARN} is pending import.", KeyDisabled),
        (f"{ARN} is unavailable.", KeyDisabled),
        (f"{ARN} is creating.", KmsUnavailable),
        ("", KeyDisabled),
    ],
)
def test_an_invalid_state_is_a_definite_no_unless_it_passes(message: str, kind: type[KmsError]) -> None:
    """Pending deletion is told by name, a key in the making may be tried again, every other state counts as disabled."""
    assert type(aws_answers.refusal(ARN, name="KMSInvalidStateException", message=message)) is kind


@given(name=st.text(max_size=80), message=st.text(max_size=80))
def test_what_the_service_writes_is_not_repeated(name: str, message: str) -> None:
    """Any name and any message give an error of the small set; no message, and no name that is no word, stands in it."""
    error = aws_answers.refusal(ARN, name=name, message=message + "\nsecret-in-the-message")
    assert type(error) in SMALL_SET
    assert "secret-in-the-message" not in str(error)
    assert str(error).isascii()
    assert str(error).isprintable()


def metadata(arn: KeyArn = ARN, /, **changed: object) -> dict[str, Any]:
    """Return the answer to DescribeKey for a good key, with changes."""
    found: dict[str, Any] = {
        "AWSAccountId": arn.account, "Arn": str(arn), "KeySpec": "SYMMETRIC_DEFAULT", "KeyUsage": "ENCRYPT_DECRYPT", "KeyState": "Enabled",
        "Enabled": True,
    }  # fmt: skip
    return {"KeyMetadata": found | changed}


@pytest.mark.parametrize(
    ("changed", "kind"),
    [
        ({"Arn": str(MRK)}, KmsUnavailable), ({"Arn": None}, KmsUnavailable), ({"AWSAccountId": "999988887777"}, KmsUnavailable),
        ({"KeySpec": "RSA_2048"}, ConfigurationError), ({"KeyUsage": "GENERATE_VERIFY_MAC"}, ConfigurationError),
        ({"KeyState": "Disabled", "Enabled": False}, KeyDisabled), ({"KeyState": "PendingDeletion"}, KeyPendingDeletion),
        ({"KeyState": "PendingReplicaDeletion"}, KeyPendingDeletion), ({"KeyState": "Creating"}, KmsUnavailable),
        ({"KeyState": "Unavailable"}, KeyDisabled), ({"Enabled": False}, KeyDisabled), ({"Enabled": "yes"}, KeyDisabled),
        ({"KeyState": None}, KeyDisabled),
    ],
)  # fmt: skip
def test_a_description_is_checked(changed: dict[str, object], kind: type[CtsecError]) -> None:
    """Another key or account is no answer; another kind of key is a mistake; a state other than enabled is told as its use would be."""
    with pytest.raises(kind) as caught:
        aws_answers.description(ARN, metadata(**changed))
    assert type(caught.value) is kind
    assert aws_answers.description(ARN, metadata()).ref == str(ARN)


def family(primary: object, *replicas: object) -> dict[str, object]:
    """Return the part of a description that lists a multi-region key's relatives."""
    return {"MultiRegionConfiguration": {"PrimaryKey": {"Arn": primary}, "ReplicaKeys": [{"Arn": each} for each in replicas]}}


def test_replicas_are_the_same_key_in_other_regions() -> None:
    """Replicas are listed in order without the key itself; a relative of another id, account or partition is no answer."""
    west, east = str(MRK.replica("us-west-2")), str(MRK.replica("ap-south-1"))
    assert aws_answers.description(MRK, metadata(MRK, **family(west, str(MRK), east))).replicas == (east, west)
    for wrong in (str(ARN), west.replace("111122223333", "999988887777"), west.replace("1234abcd", "00000000"), None, 7, "nonsense"):
        with pytest.raises(KmsUnavailable):
            aws_answers.description(MRK, metadata(MRK, **family(str(MRK), wrong)))
    with pytest.raises(KmsUnavailable):
        aws_answers.description(MRK, metadata(MRK))


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.binary(max_size=40),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
members = st.sampled_from(
    ["KeyId", "SourceKeyId", "Plaintext", "CiphertextBlob", "KeyMetadata", "Arn", "Enabled", "KeyState", "MultiRegionConfiguration"]
)


@given(answer=st.dictionaries(members, json_values, max_size=6), inner=st.dictionaries(members, json_values, max_size=6))
def test_garbage_is_no_answer(answer: dict[str, object], inner: dict[str, object]) -> None:
    """Whatever an answer holds, it is either right or an error of the small set: nothing else is raised and nothing odd believed."""
    for made in (answer, answer | {"KeyMetadata": inner}, metadata(MRK, **inner)):
        for arn in (ARN, MRK):
            with suppress(CtsecError):
                assert aws_answers.description(arn, made).ref == str(arn)
        with suppress(CtsecError):
            assert len(aws_answers.unwrapped(aws_answers.about(ARN, made, "KeyId"))) == 32
        with suppress(CtsecError):
            assert len(aws_answers.generated(made)) == 32
        with suppress(CtsecError):
            assert 1 <= len(aws_answers.wrapped_of(made)) <= 6144
