"""The local key file passes the suite of key services (async source of the twin)."""

from __future__ import annotations

from pathlib import Path

import pytest

from ctsec.encryption.kms import AsyncLocalKms, LocalKms
from ctsec.testing import conformance


@pytest.fixture
def blocking_kms(tmp_path: Path) -> LocalKms:
    return LocalKms.create(tmp_path / "one.key")


@pytest.fixture
def kms(blocking_kms: LocalKms) -> AsyncLocalKms:
    return AsyncLocalKms(blocking_kms)  # sync: return blocking_kms


@pytest.fixture
def foreign_kms(tmp_path: Path) -> AsyncLocalKms:
    return AsyncLocalKms(LocalKms.create(tmp_path / "other.key"))  # sync: return LocalKms.create(tmp_path / "other.key")


class TestKms(conformance.AsyncKmsConformance):
    pass


class TestTamper(conformance.AsyncKmsTamperConformance):
    pass


class TestThreads(conformance.KmsThreadConformance):
    pass
