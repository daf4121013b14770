"""What a second factor stores.

Rules that this module keeps:

- an authenticator is pending until a first code confirms it; only a confirmed one counts, for sign-in and for policies;
- its seed is sealed under the deployment's key, bound to user, authenticator and purpose;
- backup codes are stored as a set of digests under one salt; which slots are used stands in the guard store.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from ctsec.encryption.context import Context
from ctsec.ids import AuthenticatorId, BackupCodeSetId, UserId

# Each one that is tried is another code that would be right: five are five in a million for a guess, and enough for every device.
MAX_AUTHENTICATORS: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Authenticator:
    """A TOTP authenticator of a person, who may have several; `last_used_at` is when a code of it was last accepted.

    `drift` is how many steps of 30 seconds its clock was off then.
    """

    id: AuthenticatorId
    user_id: UserId
    name: str
    sealed_seed: bytes
    created_at: datetime
    confirmed_at: datetime | None = None
    version: int = 1
    last_used_at: datetime | None = None
    drift: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class BackupCodeSetRecord:
    """The current backup codes of a person: one salt, one digest a slot."""

    id: BackupCodeSetId
    user_id: UserId
    salt: bytes
    digests: tuple[bytes, ...]
    created_at: datetime


def seed_context(user_id: UserId, authenticator_id: AuthenticatorId) -> Context:
    """Return what the sealed seed of an authenticator is bound to: person, authenticator and purpose."""
    return Context(organization=None, table="authenticator", row=authenticator_id, field=f"seed:{user_id}", purpose="mfa")
