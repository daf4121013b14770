"""What the services of single sign-on are made of, where that is much: from the store and the services beside them (async source)."""

from __future__ import annotations

from typing import Protocol

from ctsec.ambient import Ambient
from ctsec.authn._async_standing import AsyncStandings
from ctsec.directory._async_alarm import AsyncOwnerAlarm
from ctsec.directory._async_departures import AsyncDepartures
from ctsec.guard._async import AsyncThrottle
from ctsec.guard._async_ports import AsyncGuardStore, AsyncProofRecords
from ctsec.ids import UserId
from ctsec.mail._async import AsyncOutbox
from ctsec.mail.message import Letters
from ctsec.rbac._async_authority import AsyncAuthority
from ctsec.rbac._async_ports import AsyncPolicySource
from ctsec.security.parts import Settings
from ctsec.sso._async_arrivals import AsyncArrivalParts
from ctsec.sso._async_entrances import AsyncEntranceParts, AsyncEntrances
from ctsec.sso._async_glass import AsyncGlassParts
from ctsec.sso._async_grants import AsyncCarriedSessions, AsyncGrants
from ctsec.sso._async_identities import AsyncIdentityParts
from ctsec.sso._async_origins import AsyncOriginParts
from ctsec.sso._async_owner_links import AsyncOwnerLinks
from ctsec.sso._async_ports import AsyncGlassStretcher, AsyncSsoClients, AsyncSsoFactors, AsyncSsoJourney, AsyncSsoPasswords, AsyncSsoSealer
from ctsec.sso._async_provisioning import AsyncProvisioning, AsyncProvisioningParts
from ctsec.sso._async_ready import AsyncConnectionParts
from ctsec.sso._async_saml_watch import AsyncSamlWatchParts
from ctsec.sso._async_trials import AsyncEnrolments, AsyncTrialParts
from ctsec.sso.scim._async_same import AsyncSamePeople
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


def connection_parts(store: AsyncStore, *, rights: AsyncAuthority, sealer: AsyncSsoSealer, settings: Settings) -> AsyncConnectionParts:
    """Return what connections are kept in and judged with."""
    return AsyncConnectionParts(
        records=store.connections,
        entrances=store.entrances,
        domains=store.domains,
        rights=rights,
        sealer=sealer,
        epochs=store.epochs,
        owner_links=AsyncOwnerLinks(store.identities, memberships=store.memberships),
        policy=settings.single_sign_on,
        base_url=settings.base_url,
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


class AsyncBeside(Protocol):
    """The services of a unit that look at connections."""

    @property
    def sso_ready(self) -> AsyncSsoClients:
        """Connections, ready to be used."""
        ...

    @property
    def sso_entrance(self) -> AsyncEntrances:
        """Requirements."""
        ...

    @property
    def sso_grants(self) -> AsyncGrants:
        """What sessions through connections rest on."""
        ...

    @property
    def provisioning(self) -> AsyncProvisioning:
        """What providers tell of people."""
        ...

    @property
    def mfa(self) -> AsyncEnrolments:
        """Second factors."""
        ...


def origin_parts(store: AsyncStore) -> AsyncOriginParts:
    """Return what tells where an account comes from."""
    return AsyncOriginParts(
        identities=store.identities,
        domains=store.domains,
        memberships=store.roster,
        passwords=store.passwords,
        sessions=store.sessions,
    )


def same_people(store: AsyncStore) -> AsyncSamePeople:
    """Return what compares identities with pushed users."""
    return AsyncSamePeople(store.scim_connections, store.scim_users, store.identities)


def arrival_parts(
    unit: AsyncBeside, store: AsyncStore, *, passwords: AsyncSsoPasswords, factors: AsyncSsoFactors, journey: AsyncSsoJourney
) -> AsyncArrivalParts:
    """Return what arrivals are judged with."""
    return AsyncArrivalParts(
        connections=store.connections,
        identities=store.identities,
        domains=store.domains,
        accounts=store.users,
        organizations=store.organizations,
        memberships=store.memberships,
        passwords=passwords,
        factors=factors,
        epochs=store.epochs,
        provisioning=unit.provisioning,
        journey=journey,
        grants=unit.sso_grants,
        same=same_people(store),
    )


class _AsyncOwnWays:
    """See `ctsec.sso._async_identities.AsyncOwnWays`."""

    __slots__ = ("_factors", "_store")

    def __init__(self, store: AsyncStore, *, factors: AsyncEnrolments) -> None:
        self._store = store
        self._factors = factors

    async def any(self, user_id: UserId) -> bool:
        """Say whether there is a password, or a passkey."""
        return await self._store.passwords.get(user_id) is not None or bool(await self._store.passkeys.of_user(user_id))

    async def second_factor(self, user_id: UserId) -> bool:
        """Say whether a second factor is enrolled."""
        return bool(await self._factors.enrolled(user_id))


def identity_parts(
    unit: AsyncBeside, store: AsyncStore, *, rights: AsyncAuthority, post: AsyncOutbox, letters: Letters
) -> AsyncIdentityParts:
    """Return what identities are unlinked with."""
    return AsyncIdentityParts(
        identities=store.identities,
        connections=store.connections,
        grants=store.grants,
        entrances=store.entrances,
        organizations=store.organizations,
        memberships=store.memberships,
        accounts=store.users,
        rights=rights,
        ways=_AsyncOwnWays(store, factors=unit.mfa),
        epochs=store.epochs,
        leaving=unit.sso_grants,
        post=post,
        letters=letters,
    )


def trial_parts(
    unit: AsyncBeside, store: AsyncStore, *, departures: AsyncDepartures, proofs: AsyncProofRecords, settings: Settings, ambient: Ambient
) -> AsyncTrialParts:
    """Return what connections are looked at and tried with."""
    carried = AsyncCarriedSessions(store.connections, grants=store.grants, policy=settings.single_sign_on)
    return AsyncTrialParts(
        connections=store.connections,
        clients=unit.sso_ready,
        entrances=store.entrances,
        entrance=unit.sso_entrance,
        domains=store.domains,
        identities=store.identities,
        accounts=store.users,
        memberships=store.memberships,
        provisioning=unit.provisioning,
        invitations=departures,
        same=same_people(store),
        factors=unit.mfa,
        standings=AsyncStandings(records=store.sessions, accounts=store.users, connections=carried, ambient=ambient),
        proofs=proofs,
        policy=settings.single_sign_on,
        base_url=settings.base_url,
    )


def watch_parts(store: AsyncStore, *, rights: AsyncAuthority, proofs: AsyncProofRecords, alarm: AsyncOwnerAlarm) -> AsyncSamlWatchParts:
    """Return what connections that speak SAML are watched with."""
    return AsyncSamlWatchParts(
        records=store.connections,
        rights=rights,
        epochs=store.epochs,
        proofs=proofs,
        alarm=alarm,
        owner_links=AsyncOwnerLinks(store.identities, memberships=store.memberships),
    )
