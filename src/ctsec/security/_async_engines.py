"""What does the work behind the services (async source)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from ctsec.authn._async_ports import AsyncBreachRanges, AsyncPasswordHasher
from ctsec.encryption._async import AsyncKeyRing
from ctsec.mfa._async_ports import AsyncStretcher


class AsyncSlowHash(AsyncPasswordHasher, AsyncStretcher, Protocol):
    """Argon2id for passwords and backup codes, in one bounded worker."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AsyncEngines:
    """What does the work behind the services: the slow hash, the key ring, and who knows of leaked passwords."""

    slow_hash: AsyncSlowHash
    secrets: AsyncKeyRing
    breaches: AsyncBreachRanges | None = None
