"""What the services of single sign-on are made of, where that is much: from the store and the services beside them (async source)."""

from __future__ import annotations

from ctsec.directory._async_alarm import AsyncOwnerAlarm
from ctsec.directory._async_departures import AsyncDepartures
from ctsec.guard._async import AsyncThrottle
from ctsec.guard._async_ports import AsyncGuardStore, AsyncProofRecords
from ctsec.rbac._async_authority import AsyncAuthority
from ctsec.rbac._async_ports import AsyncPolicySource
from ctsec.sso._async_entrances import AsyncEntranceParts
from ctsec.sso._async_glass import AsyncGlassParts
from ctsec.sso._async_ports import AsyncGlassStretcher
from ctsec.sso._async_provisioning import AsyncProvisioningParts
from ctsec.storage._async_ports import AsyncStore


def entrance_parts(store: AsyncStore, *, rights: AsyncAuthority, proofs: AsyncProofRecords, alarm: AsyncOwnerAlarm) -> AsyncEntranceParts:
    """Return what required providers are decided with."""
    return AsyncEntranceParts(
        records=store.entrances,
        codes=store.glass_codes,
        identities=store.identities,
        memberships=store.memberships,
        organizations=store.organizations,
        rights=rights,
        epochs=store.epochs,
        proofs=proofs,
        alarm=alarm,
    )


def glass_parts(
    store: AsyncStore,
    *,
    rights: AsyncAuthority,
    guard: AsyncGuardStore,
    throttle: AsyncThrottle,
    stretcher: AsyncGlassStretcher,
    alarm: AsyncOwnerAlarm,
) -> AsyncGlassParts:
    """Return what break-glass codes are kept in, compared with and told by."""
    return AsyncGlassParts(
        entrances=store.entrances,
        codes=store.glass_codes,
        sessions=store.sessions,
        memberships=store.memberships,
        organizations=store.organizations,
        rights=rights,
        epochs=store.epochs,
        proofs=guard.proofs,
        stretcher=stretcher,
        throttle=throttle,
        alarm=alarm,
    )


def provisioning_parts(store: AsyncStore, *, policies: AsyncPolicySource, departures: AsyncDepartures) -> AsyncProvisioningParts:
    """Return what people are provisioned with."""
    return AsyncProvisioningParts(
        identities=store.identities,
        accounts=store.users,
        domains=store.domains,
        organizations=store.organizations,
        memberships=store.memberships,
        workspaces=store.workspaces,
        assignments=store.assignments,
        standings=store.standings,
        policies=policies,
        departures=departures,
        epochs=store.epochs,
    )
