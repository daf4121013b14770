# Generated from src/ctsec/security/_async_factors.py by tools/twin.py; edit that file.
"""What the second factors of a unit work with (async source)."""

from __future__ import annotations

from ctsec.authn._sync_sessions import Sessions
from ctsec.guard._sync import Throttle
from ctsec.guard._sync_ports import GuardStore
from ctsec.mail._sync import Outbox
from ctsec.mfa._sync_parts import MfaParts
from ctsec.mfa._sync_ports import KnownDevices
from ctsec.security._sync_engines import Engines
from ctsec.security.parts import Parts
from ctsec.storage._sync_ports import Store


def sync_factors(
    store: Store,
    *,
    guard: GuardStore,
    engines: Engines,
    parts: Parts,
    sessions: Sessions,
    throttle: Throttle,
    devices: KnownDevices,
    post: Outbox,
) -> MfaParts:
    """Return the parts of the second factors over a store."""
    return MfaParts(
        authenticators=store.authenticators,
        backup_codes=store.backup_codes,
        passkeys=store.passkeys,
        owners=store.users,
        sessions=sessions,
        stretcher=engines.slow_hash,
        sealer=engines.secrets,
        throttle=throttle,
        proofs=guard.proofs,
        devices=devices,
        steps=guard.steps,
        post=post,
        letters=parts.letters,
        issuer=parts.settings.issuer,
        base_url=parts.settings.base_url,
        window=parts.settings.totp_window,
    )
