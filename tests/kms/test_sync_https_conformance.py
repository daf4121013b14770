# Generated from tests/kms/test_async_https_conformance.py by tools/twin.py; edit that file.
"""Vault transit, Google Cloud KMS and Azure Managed HSM pass the suite of key services on their stand-ins (async source of the twin)."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ctsec.encryption.kms import KmsThreads
from ctsec.encryption.ports import Kms
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
def kms(blocking_kms: Kms, threads: KmsThreads) -> Kms:
    return blocking_kms


@pytest.fixture
def foreign_kms(found: Provider, threads: KmsThreads) -> Kms:
    other = found.services.open(found.fake.create())
    return other


class TestKms(conformance.KmsConformance):
    pass


class TestTamper(conformance.KmsTamperConformance):
    pass


class TestThreads(conformance.KmsThreadConformance):
    pass


class TestGoogleState(conformance.KmsStateConformance):
    @pytest.fixture
    def kms(self, google: Provider, threads: KmsThreads) -> Kms:
        one = google.services.open(google.ref)
        return one

    @pytest.fixture
    def kek_owner(self, google: Provider) -> conformance.KekOwner:
        return Owner(google)
