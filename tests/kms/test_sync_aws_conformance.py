# Generated from tests/kms/test_async_aws_conformance.py by tools/twin.py; edit that file.
"""The adapter of AWS KMS passes the suite of key services on the strict stand-in (async source of the twin)."""

from __future__ import annotations

import pytest

from ctsec.encryption.kms import AwsKeyServices, AwsKms, KmsThreads
from ctsec.encryption.ports import Kms
from ctsec.testing import conformance
from ctsec.testing.kms import FakeAwsKms
from tests.kms.support import FakeOwner, in_threads


@pytest.fixture
def blocking_kms(aws: AwsKeyServices, arn: str) -> AwsKms:
    return aws.open(arn)


@pytest.fixture
def kms(blocking_kms: AwsKms, threads: KmsThreads) -> Kms:
    return blocking_kms


@pytest.fixture
def foreign_kms(aws: AwsKeyServices, fake: FakeAwsKms, threads: KmsThreads) -> Kms:
    other = aws.open(fake.keys.create())
    return other


@pytest.fixture
def kek_owner(owner: FakeOwner) -> conformance.KekOwner:
    return owner


class TestKms(conformance.KmsConformance):
    pass


class TestTamper(conformance.KmsTamperConformance):
    pass


class TestState(conformance.KmsStateConformance):
    pass


class TestThreads(conformance.KmsThreadConformance):
    pass
