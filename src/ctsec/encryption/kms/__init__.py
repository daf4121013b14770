"""Key services behind one protocol (`ctsec.encryption.ports.Kms`): the local key file, and room for others."""

from __future__ import annotations

from ctsec.encryption.kms.local import AsyncLocalKms, LocalKms

__all__ = ["AsyncLocalKms", "LocalKms"]
