"""Keys in a SoftHSM token pass the suite of key services (async source of the twin)."""

from __future__ import annotations

import secrets
from collections.abc import Iterator

import pytest

from ctsec.encryption.kms import KmsThreads, Pkcs11KeyServices, Pkcs11Kms
from ctsec.encryption.ports import AsyncKms
from ctsec.testing import conformance
from tests.kms import tokens
from tests.kms.support import in_threads

pytestmark = pytest.mark.server("softhsm")


@pytest.fixture
def token(softhsm: tuple[str, ...]) -> Iterator[Pkcs11KeyServices]:
    services = tokens.services(softhsm[0])
    yield services
    services.close()


@pytest.fixture
def blocking_kms(token: Pkcs11KeyServices) -> Pkcs11Kms:
    return token.open(token.create_kek(f"kek {secrets.token_hex(4)}"))


@pytest.fixture
def kms(blocking_kms: Pkcs11Kms, threads: KmsThreads) -> AsyncKms:
    return in_threads(blocking_kms, threads)  # sync: return blocking_kms


@pytest.fixture
def foreign_kms(token: Pkcs11KeyServices, threads: KmsThreads) -> AsyncKms:
    other = token.open(token.create_kek(f"kek {secrets.token_hex(4)}"))
    return in_threads(other, threads)  # sync: return other


class TestKms(conformance.AsyncKmsConformance):
    pass


class TestTamper(conformance.AsyncKmsTamperConformance):
    pass


class TestThreads(conformance.KmsThreadConformance):
    pass
