"""A strict stand-in for AWS KMS on loopback, for tests that let boto3 itself speak.

It keeps what the real service keeps: states of keys, policies, regions and accounts, encryption contexts that can not be confused, and
keys with replicas. It fails on demand. It is no key service: its keys live in the memory of the test.
"""

from __future__ import annotations

from ctsec.testing.kms.faults import Fault, Faults
from ctsec.testing.kms.keys import FakeKey, FakeKeys, KeyState
from ctsec.testing.kms.server import FakeAwsKms, KmsCall

__all__ = ["FakeAwsKms", "FakeKey", "FakeKeys", "Fault", "Faults", "KeyState", "KmsCall"]
