"""What the second factors of a unit work with (async source)."""

from __future__ import annotations

from ctsec.authn._async_sessions import AsyncSessions
from ctsec.guard._async import AsyncThrottle
from ctsec.guard._async_ports import AsyncGuardStore
from ctsec.mail._async import AsyncOutbox
from ctsec.mfa._async_parts import AsyncMfaParts
from ctsec.mfa._async_ports import AsyncKnownDevices
from ctsec.security._async_engines import AsyncEngines
from ctsec.security.parts import Parts
from ctsec.storage._async_ports import AsyncStore


def async_factors(
    store: AsyncStore,
    *,
    guard: AsyncGuardStore,
    engines: AsyncEngines,
    parts: Parts,
    sessions: AsyncSessions,
    throttle: AsyncThrottle,
    devices: AsyncKnownDevices,
    post: AsyncOutbox,
) -> AsyncMfaParts:
    """Return the parts of the second factors over a store."""
    return AsyncMfaParts(
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
