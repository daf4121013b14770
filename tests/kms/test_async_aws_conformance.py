"""The adapter of AWS KMS passes the suite of key services on the strict stand-in (async source of the twin)."""

from __future__ import annotations

import pytest

from ctsec.encryption.kms import AwsKeyServices, AwsKms, KmsThreads
from ctsec.encryption.ports import AsyncKms
from ctsec.testing import conformance
from ctsec.testing.kms import FakeAwsKms
from tests.kms.support import FakeOwner, in_threads


@pytest.fixture
def blocking_kms(aws: AwsKeyServices, arn: str) -> AwsKms:
    return aws.open(arn)


@pytest.fixture
def kms(blocking_kms: AwsKms, threads: KmsThreads) -> AsyncKms:
    return in_threads(blocking_kms, threads)  # sync: return blocking_kms


@pytest.fixture
def foreign_kms(aws: AwsKeyServices, fake: FakeAwsKms, threads: KmsThreads) -> AsyncKms:
    other = aws.open(fake.keys.create())
    return in_threads(other, threads)  # sync: return other


@pytest.fixture
def kek_owner(owner: FakeOwner) -> conformance.KekOwner:
    return owner


class TestKms(conformance.AsyncKmsConformance):
    pass


class TestTamper(conformance.AsyncKmsTamperConformance):
    pass


class TestState(conformance.AsyncKmsStateConformance):
    pass


class TestThreads(conformance.KmsThreadConformance):
    pass
