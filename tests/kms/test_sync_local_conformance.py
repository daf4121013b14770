# Generated from tests/kms/test_async_local_conformance.py by tools/twin.py; edit that file.
"""The local key file passes the suite of key services (async source of the twin)."""

from __future__ import annotations

from pathlib import Path

import pytest

from ctsec.encryption.kms import LocalKms
from ctsec.testing import conformance


@pytest.fixture
def blocking_kms(tmp_path: Path) -> LocalKms:
    return LocalKms.create(tmp_path / "one.key")


@pytest.fixture
def kms(blocking_kms: LocalKms) -> LocalKms:
    return blocking_kms


@pytest.fixture
def foreign_kms(tmp_path: Path) -> LocalKms:
    return LocalKms.create(tmp_path / "other.key")


class TestKms(conformance.KmsConformance):
    pass


class TestTamper(conformance.KmsTamperConformance):
    pass


class TestThreads(conformance.KmsThreadConformance):
    pass
