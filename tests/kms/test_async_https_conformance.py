"""Vault transit, Google Cloud KMS and Azure Managed HSM pass the suite of key services on their stand-ins (async source of the twin)."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ctsec.encryption.kms import KmsThreads
from ctsec.encryption.ports import AsyncKms, Kms
from ctsec.testing import conformance
from tests.kms.providers import NAMES, Owner, Provider, provider
from tests.kms.support import in_threads


@pytest.fixture(params=NAMES)
def found(request: pytest.FixtureRequest) -> Iterator[Provider]:
    made = provider(request.param)
    yield made
    made.fake.close()


@pytest.fixture
def google() -> Iterator[Provider]:
    made = provider("google")
    yield made
    made.fake.close()


@pytest.fixture
def blocking_kms(found: Provider) -> Kms:
    return found.services.open(found.ref)


@pytest.fixture
def kms(blocking_kms: Kms, threads: KmsThreads) -> AsyncKms:
    return in_threads(blocking_kms, threads)  # sync: return blocking_kms


@pytest.fixture
def foreign_kms(found: Provider, threads: KmsThreads) -> AsyncKms:
    other = found.services.open(found.fake.create())
    return in_threads(other, threads)  # sync: return other


class TestKms(conformance.AsyncKmsConformance):
    pass


class TestTamper(conformance.AsyncKmsTamperConformance):
    pass


class TestThreads(conformance.KmsThreadConformance):
    pass


class TestGoogleState(conformance.AsyncKmsStateConformance):
    @pytest.fixture
    def kms(self, google: Provider, threads: KmsThreads) -> AsyncKms:
        one = google.services.open(google.ref)
        return in_threads(one, threads)  # sync: return one

    @pytest.fixture
    def kek_owner(self, google: Provider) -> conformance.KekOwner:
        return Owner(google)
