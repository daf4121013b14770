"""What second factors work with (async source)."""

from __future__ import annotations

from dataclasses import dataclass

from ctsec.encryption._async_ports import AsyncSealer
from ctsec.guard._async import AsyncThrottle
from ctsec.guard._async_ports import AsyncProofRecords, AsyncStepRecords
from ctsec.mail.message import Letters
from ctsec.mfa._async_ports import (
    AsyncAuthenticatorRecords,
    AsyncBackupCodeRecords,
    AsyncKnownDevices,
    AsyncOwners,
    AsyncPasskeyRecords,
    AsyncPost,
    AsyncSessionControl,
    AsyncStretcher,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class AsyncMfaParts:
    """What second factors work with.

    `issuer` is the product's name in authenticator apps, `base_url` the address that passkeys are bound to, `window` the steps accepted to
    either side.
    """

    authenticators: AsyncAuthenticatorRecords
    backup_codes: AsyncBackupCodeRecords
    passkeys: AsyncPasskeyRecords
    owners: AsyncOwners
    sessions: AsyncSessionControl
    stretcher: AsyncStretcher
    sealer: AsyncSealer
    throttle: AsyncThrottle
    proofs: AsyncProofRecords
    devices: AsyncKnownDevices
    steps: AsyncStepRecords
    post: AsyncPost
    letters: Letters
    issuer: str
    base_url: str
    window: int = 1
