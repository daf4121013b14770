# Generated from tests/kms/test_async_pkcs11_conformance.py by tools/twin.py; edit that file.
"""Keys in a SoftHSM token pass the suite of key services (async source of the twin)."""

from __future__ import annotations

import secrets
from collections.abc import Iterator

import pytest

from ctsec.encryption.kms import KmsThreads, Pkcs11KeyServices, Pkcs11Kms
from ctsec.encryption.ports import Kms
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
def kms(blocking_kms: Pkcs11Kms, threads: KmsThreads) -> Kms:
    return blocking_kms


@pytest.fixture
def foreign_kms(token: Pkcs11KeyServices, threads: KmsThreads) -> Kms:
    other = token.open(token.create_kek(f"kek {secrets.token_hex(4)}"))
    return other


class TestKms(conformance.KmsConformance):
    pass


class TestTamper(conformance.KmsTamperConformance):
    pass


class TestThreads(conformance.KmsThreadConformance):
    pass
