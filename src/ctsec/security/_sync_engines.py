# Generated from src/ctsec/security/_async_engines.py by tools/twin.py; edit that file.
"""What does the work behind the services (async source)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from ctsec.authn._sync_ports import BreachRanges, PasswordHasher
from ctsec.encryption._sync import KeyRing
from ctsec.mfa._sync_ports import Stretcher


class SlowHash(PasswordHasher, Stretcher, Protocol):
    """Argon2id for passwords and backup codes, in one bounded worker."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Engines:
    """What does the work behind the services: the slow hash, the key ring, and who knows of leaked passwords."""

    slow_hash: SlowHash
    secrets: KeyRing
    breaches: BreachRanges | None = None
