"""Fixtures of the tests of key services."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ctsec.encryption.kms import AwsKeyServices, KmsThreads
from ctsec.testing.kms import FakeAwsKms
from tests.kms import tokens
from tests.kms.support import FakeOwner, services


@pytest.fixture(scope="session")
def softhsm(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, ...]:
    """The labels of three SoftHSM tokens without keys; made before the library is initialised, which lists its tokens once."""
    tokens.make_folder(tmp_path_factory.mktemp("softhsm"))
    return tuple(tokens.make_token() for _ in range(3))


@pytest.fixture
def fake() -> Iterator[FakeAwsKms]:
    """A stand-in for AWS KMS without keys."""
    with FakeAwsKms() as made:
        yield made


@pytest.fixture
def aws(fake: FakeAwsKms) -> Iterator[AwsKeyServices]:
    """AWS key services on the stand-in."""
    with services(fake.url) as made:
        yield made


@pytest.fixture
def arn(fake: FakeAwsKms) -> str:
    """A key of the stand-in."""
    return fake.keys.create()


@pytest.fixture
def owner(fake: FakeAwsKms, arn: str) -> FakeOwner:
    """The owner of that key."""
    return FakeOwner(fake, arn)


@pytest.fixture
def threads() -> Iterator[KmsThreads]:
    """Threads for blocking services."""
    made = KmsThreads(running=4)
    yield made
    made.close()
