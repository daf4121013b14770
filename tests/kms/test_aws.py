"""The adapter of AWS KMS: what it asks, what it believes, and what it makes of failures."""

from __future__ import annotations

import base64
import logging
import socket
from collections.abc import Callable
from typing import Any

import pytest
from boto3.session import Session
from botocore.config import Config

from ctsec.encryption.kms import AwsKeyServices, AwsKms, CallBounds
from ctsec.errors import (
    ConfigurationError,
    DecryptionFailed,
    KeyDenied,
    KeyDisabled,
    KeyNotFound,
    KmsThrottled,
    KmsUnavailable,
)
from ctsec.testing.kms import FakeAwsKms, Fault, KeyState
from tests.kms.support import in_a_child, services, session

ACCOUNT, OTHER = "111122223333", "999988887777"
SERVICE_FAULTS = [Fault.INTERNAL_ERROR, Fault.GARBAGE, Fault.WRONG_KEY_ID, Fault.EMPTY, Fault.RESET, Fault.HANG]


@pytest.fixture
def kms(aws: AwsKeyServices, arn: str) -> AwsKms:
    return aws.open(arn)


def verbs(kms: AwsKms) -> dict[str, Callable[[], object]]:
    """Return one call of each verb, on a data key that was wrapped before."""
    _, wrapped = kms.generate_data_key(b"c")
    return {
        "DescribeKey": kms.describe,
        "GenerateDataKey": lambda: kms.generate_data_key(b"c"),
        "Decrypt": lambda: kms.unwrap(wrapped, b"c"),
        "ReEncrypt": lambda: kms.rewrap(wrapped, b"c", b"d"),
    }


@pytest.mark.parametrize("fault", [Fault.THROTTLED, *SERVICE_FAULTS])
def test_a_passing_failure_is_tried_again(fake: FakeAwsKms, kms: AwsKms, fault: Fault) -> None:
    """Each verb answers after one failed call, with exactly one more call, whatever the failure was."""
    for operation, call in verbs(kms).items():
        before = len(fake.journal)
        fake.faults.at(1, fault)
        assert call() is not None
        assert [(each.operation, each.outcome) for each in fake.journal[before:]] == [(operation, fault.value), (operation, "")]


@pytest.mark.proves("ASVS-13.2.6")
@pytest.mark.parametrize("fault", [Fault.THROTTLED, *SERVICE_FAULTS])
def test_a_lasting_failure_ends_after_three_attempts(fake: FakeAwsKms, kms: AwsKms, fault: Fault) -> None:
    """Each verb gives up after its attempts: throttling is KmsThrottled, everything else KmsUnavailable; both may be tried again."""
    for operation, call in verbs(kms).items():
        before = len(fake.journal)
        fake.faults.always(fault)
        with pytest.raises(KmsThrottled if fault is Fault.THROTTLED else KmsUnavailable) as caught:
            call()
        fake.faults.clear()
        assert caught.value.retryable
        assert not caught.value.definite
        assert [each.operation for each in fake.journal[before:]] == [operation] * 3


def test_an_answer_that_looks_right_is_checked(fake: FakeAwsKms, kms: AwsKms) -> None:
    """A data key of 31 bytes, a ciphertext over 6144 bytes or of another key is no answer; what unwraps to another length no key."""
    calls = verbs(kms)
    for fault, verb, kind in (
        (Fault.WRONG_LENGTH, "GenerateDataKey", KmsUnavailable),
        (Fault.HUGE_CIPHERTEXT, "GenerateDataKey", KmsUnavailable),
        (Fault.HUGE_CIPHERTEXT, "ReEncrypt", KmsUnavailable),
        (Fault.WRONG_SOURCE_KEY_ID, "ReEncrypt", KmsUnavailable),
        (Fault.WRONG_LENGTH, "Decrypt", DecryptionFailed),
    ):
        fake.faults.always(fault)
        with pytest.raises(kind):
            calls[verb]()
        fake.faults.clear()


def test_a_definite_refusal_is_asked_once(fake: FakeAwsKms, kms: AwsKms, arn: str) -> None:
    """Disabled, denied and wrong are not tried again: one call each."""
    _, wrapped = kms.generate_data_key(b"c")
    fake.keys.deny(arn, "GenerateDataKey")
    before = len(fake.journal)
    with pytest.raises(KeyDenied, match="policy"):
        kms.generate_data_key(b"c")
    with pytest.raises(DecryptionFailed):
        kms.unwrap(wrapped, b"d")
    fake.keys.set_state(arn, KeyState.DISABLED)
    with pytest.raises(KeyDisabled):
        kms.unwrap(wrapped, b"c")
    assert len(fake.journal) - before == 3


def test_the_key_is_named_in_every_call(fake: FakeAwsKms, kms: AwsKms, arn: str) -> None:
    """No call leaves it to the service to find the key from the ciphertext: each names the full ARN."""
    for call in verbs(kms).values():
        call()
    assert {each.key for each in fake.journal} == {arn}
    assert {each.operation for each in fake.journal} == {"DescribeKey", "GenerateDataKey", "Decrypt", "ReEncrypt"}


def test_the_context_is_one_entry(fake: FakeAwsKms, kms: AwsKms, arn: str) -> None:
    """The service sees the context as `ctsec` in URL-safe base64, whole, which another program can decrypt with."""
    context = bytes(range(256))
    plaintext, wrapped = kms.generate_data_key(context)
    told = {"ctsec": base64.urlsafe_b64encode(context).decode()}
    client: Any = session().client("kms", endpoint_url=fake.url)
    assert client.decrypt(KeyId=arn, CiphertextBlob=wrapped, EncryptionContext=told)["Plaintext"] == plaintext.reveal()
    made = client.encrypt(KeyId=arn, Plaintext=b"k" * 32, EncryptionContext=told)["CiphertextBlob"]
    assert kms.unwrap(made, context).reveal() == b"k" * 32
    client.close()


def test_a_customers_key_in_another_account(fake: FakeAwsKms) -> None:
    """A key of another account serves once its policy trusts ours, is KeyDenied before and after, and is described with its account."""
    arn = fake.keys.create("eu-west-1", account=OTHER)
    with services(fake.url) as aws:
        kms = aws.open(arn)
        with pytest.raises(KeyDenied):
            kms.describe()
        fake.keys.trust(arn, ACCOUNT)
        found = kms.describe()
        assert (found.ref, found.provider, found.region, found.account) == (arn, "aws", "eu-west-1", OTHER)
        plaintext, wrapped = kms.generate_data_key(b"c")
        assert kms.unwrap(wrapped, b"c") == plaintext
        fake.keys.trust(arn)
        with pytest.raises(KeyDenied):
            kms.unwrap(wrapped, b"c")


def test_replicas_unwrap_what_the_primary_wrapped(fake: FakeAwsKms, aws: AwsKeyServices) -> None:
    """A multi-region key says so, names its replicas, and each of them unwraps and re-wraps what the others wrapped."""
    arn = fake.keys.create(multi_region=True)
    copy = fake.keys.replicate(arn, "us-west-2")
    primary, replica = aws.open(arn), aws.open(copy)
    assert (primary.describe().replicas, replica.describe().replicas) == ((copy,), (arn,))
    assert primary.describe().capabilities.multi_region
    plaintext, wrapped = primary.generate_data_key(b"c")
    assert replica.unwrap(replica.rewrap(wrapped, b"c", b"d"), b"d") == plaintext
    fake.keys.set_state(arn, KeyState.DISABLED)
    assert replica.unwrap(wrapped, b"c") == plaintext
    assert {call.region for call in fake.journal} == {"eu-central-1", "us-west-2"}


def test_a_key_of_another_kind_is_a_mistake_of_the_configuration(fake: FakeAwsKms, aws: AwsKeyServices) -> None:
    """A key for signatures is refused by name when it is described and when it is used."""
    kms = aws.open(fake.keys.create(usage="SIGN_VERIFY", spec="ECC_NIST_P256"))
    for call in (kms.describe, lambda: kms.generate_data_key(b"c")):
        with pytest.raises(ConfigurationError, match="SYMMETRIC_DEFAULT"):
            call()


def test_references_are_judged_before_anything_is_sent(fake: FakeAwsKms) -> None:
    """An alias, something else and a key of a region that is not allowed are ConfigurationError, and no call is made."""
    aws = AwsKeyServices(session(), endpoint=fake.url, regions=["eu-central-1", "eu-west-1"])
    inside = fake.keys.create("eu-west-1")
    for ref, words in (
        (f"arn:aws:kms:eu-central-1:{ACCOUNT}:alias/ctsec", "alias"),
        ("alias/ctsec", "alias"),
        ("local:00", "ARN"),
        (fake.keys.create("us-east-1"), "eu-central-1, eu-west-1"),
    ):
        with pytest.raises(ConfigurationError, match=words):
            aws.open(ref)
    assert aws.open(inside).ref == inside
    assert fake.journal == ()


@pytest.mark.parametrize(
    "endpoint",
    [
        "http://kms.eu-central-1.amazonaws.com",
        "http://10.0.0.1",
        "ftp://127.0.0.1",
        "127.0.0.1",
        "",
        "http://127.0.0.1@evil",
    ],
)
def test_plain_http_is_for_loopback(endpoint: str) -> None:
    """An endpoint without TLS is refused unless it stays on this machine, and so is what is no address."""
    with pytest.raises(ConfigurationError, match="refused"):
        AwsKeyServices(session(), endpoint=endpoint)
    AwsKeyServices(session(), endpoint="https://vpce-1.kms.eu-central-1.vpce.amazonaws.com")
    AwsKeyServices(session(), endpoint="http://[::1]:9")


def test_an_endpoint_from_the_environment_is_judged_too(arn: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """boto3 takes an endpoint from the environment; one without TLS is refused at the first call."""
    monkeypatch.setenv("AWS_ENDPOINT_URL_KMS", "http://192.0.2.1:9")
    with pytest.raises(ConfigurationError, match="https"):
        AwsKeyServices(session()).open(arn).describe()


def test_nobody_there_and_no_credentials_are_unavailable(fake: FakeAwsKms, arn: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A refused connection and a session without credentials are KmsUnavailable, without a word of boto3's."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
    with services(url) as aws, pytest.raises(KmsUnavailable, match="EndpointConnectionError") as caught:
        aws.open(arn).describe()
    assert url not in str(caught.value)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE", "AWS_CONTAINER_CREDENTIALS_FULL_URI"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    for name in ("AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE"):
        monkeypatch.setenv(name, "/nowhere")
    bare = AwsKeyServices(Session(region_name="eu-central-1"), endpoint=fake.url, bounds=CallBounds(attempts=1))
    with pytest.raises(KmsUnavailable, match="NoCredentials"):
        bare.open(arn).describe()


def test_a_key_that_is_gone_is_not_found(fake: FakeAwsKms, kms: AwsKms, arn: str) -> None:
    """A deleted key is KeyNotFound, and the error says that what it wrapped is lost."""
    fake.keys.delete(arn)
    with pytest.raises(KeyNotFound, match="unreadable"):
        kms.describe()


def test_no_data_key_is_logged(fake: FakeAwsKms, kms: AwsKms, arn: str, caplog: pytest.LogCaptureFixture) -> None:
    """At DEBUG boto3 logs the bodies of answers; for our calls it does not, and for the host's own it still does."""
    with caplog.at_level(logging.DEBUG):
        plaintext, wrapped = kms.generate_data_key(b"a context")
        assert kms.unwrap(wrapped, b"a context") == plaintext
        key = plaintext.reveal()
        shown = [base64.b64encode(key).decode(), repr(key)[2:-1], base64.urlsafe_b64encode(b"a context").decode()]
        assert [text for text in shown if text in caplog.text] == []
        client: Any = session().client("kms", endpoint_url=fake.url)
        client.describe_key(KeyId=arn)
        client.close()
    assert "KeyMetadata" in caplog.text


def test_a_forked_child_has_connections_of_its_own(fake: FakeAwsKms, kms: AwsKms) -> None:
    """A child of a process that has used the service unwraps over a connection of its own, and the parent's goes on."""
    plaintext, wrapped = kms.generate_data_key(b"c")
    assert in_a_child(lambda: kms.unwrap(wrapped, b"c").reveal()) == plaintext.reveal()
    assert kms.unwrap(wrapped, b"c") == plaintext
    before, child, after = (call.port for call in fake.journal)
    assert before == after != child


def test_no_error_of_boto3_leaves(fake: FakeAwsKms, aws: AwsKeyServices, arn: str) -> None:
    """Whatever each fault does to each verb, only errors of ctsec come out, and none of them names its cause."""
    kms = aws.open(arn)
    calls = verbs(kms)
    failed: list[BaseException] = []
    for fault in Fault:
        for call in calls.values():
            fake.faults.always(fault)
            try:
                call()
            except Exception as error:
                failed.append(error)
            fake.faults.clear()
    assert len(failed) == 33
    assert {type(error) for error in failed} == {KmsThrottled, KmsUnavailable, DecryptionFailed}
    assert all(error.__cause__ is None and (error.__suppress_context__ or error.__context__ is None) for error in failed)


def test_the_session_keeps_its_settings(fake: FakeAwsKms, arn: str) -> None:
    """The host's session is used as it is: with the credentials of another account the service sees that account."""
    fake.accounts["AKIDOTHER"] = OTHER
    fake.keys.trust(arn, OTHER)
    with services(fake.url, access_key="AKIDOTHER") as aws:
        aws.open(arn).describe()
    assert fake.journal[-1].account == OTHER


def test_boto3_does_not_retry_by_itself(fake: FakeAwsKms, arn: str) -> None:
    """With one attempt there is one request, though boto3's default would make more."""
    fake.faults.always(Fault.INTERNAL_ERROR)
    with services(fake.url, bounds=CallBounds(attempts=1)) as aws, pytest.raises(KmsUnavailable):
        aws.open(arn).describe()
    assert len(fake.journal) == 1
    client: Any = session().client("kms", endpoint_url=fake.url, config=Config(retries={"mode": "standard", "total_max_attempts": 2}))
    with pytest.raises(client.exceptions.KMSInternalException):
        client.describe_key(KeyId=arn)
    client.close()
    assert len(fake.journal) == 3
