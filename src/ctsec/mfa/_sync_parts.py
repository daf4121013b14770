# Generated from src/ctsec/mfa/_async_parts.py by tools/twin.py; edit that file.
"""What second factors work with (async source)."""

from __future__ import annotations

from dataclasses import dataclass

from ctsec.encryption._sync_ports import Sealer
from ctsec.guard._sync import Throttle
from ctsec.guard._sync_ports import ProofRecords, StepRecords
from ctsec.mail.message import Letters
from ctsec.mfa._sync_ports import (
    AuthenticatorRecords,
    BackupCodeRecords,
    KnownDevices,
    Owners,
    PasskeyRecords,
    Post,
    SessionControl,
    Stretcher,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class MfaParts:
    """What second factors work with.

    `issuer` is the product's name in authenticator apps, `base_url` the address that passkeys are bound to, `window` the steps accepted to
    either side.
    """

    authenticators: AuthenticatorRecords
    backup_codes: BackupCodeRecords
    passkeys: PasskeyRecords
    owners: Owners
    sessions: SessionControl
    stretcher: Stretcher
    sealer: Sealer
    throttle: Throttle
    proofs: ProofRecords
    devices: KnownDevices
    steps: StepRecords
    post: Post
    letters: Letters
    issuer: str
    base_url: str
    window: int = 1
