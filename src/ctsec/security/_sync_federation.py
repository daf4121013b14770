# Generated from src/ctsec/security/_async_federation.py by tools/twin.py; edit that file.
"""What the services of single sign-on are made of, where that is much: from the store and the services beside them (async source)."""

from __future__ import annotations

from typing import Protocol

from ctsec.ambient import Ambient
from ctsec.authn._sync_standing import Standings
from ctsec.directory._sync_alarm import OwnerAlarm
from ctsec.directory._sync_departures import Departures
from ctsec.guard._sync import Throttle
from ctsec.guard._sync_ports import GuardStore, ProofRecords
from ctsec.ids import UserId
from ctsec.mail._sync import Outbox
from ctsec.mail.message import Letters
from ctsec.rbac._sync_authority import Authority
from ctsec.rbac._sync_ports import PolicySource
from ctsec.security.parts import Settings
from ctsec.sso._sync_arrivals import ArrivalParts
from ctsec.sso._sync_entrances import EntranceParts, Entrances
from ctsec.sso._sync_glass import GlassParts
from ctsec.sso._sync_grants import CarriedSessions, Grants
from ctsec.sso._sync_identities import IdentityParts
from ctsec.sso._sync_origins import OriginParts
from ctsec.sso._sync_owner_links import OwnerLinks
from ctsec.sso._sync_ports import GlassStretcher, SsoClients, SsoFactors, SsoJourney, SsoPasswords, SsoSealer
from ctsec.sso._sync_provisioning import Provisioning, ProvisioningParts
from ctsec.sso._sync_ready import ConnectionParts
from ctsec.sso._sync_saml_watch import SamlWatchParts
from ctsec.sso._sync_trials import Enrolments, TrialParts
from ctsec.sso.scim._sync_same import SamePeople
from ctsec.storage._sync_ports import Store


def entrance_parts(store: Store, *, rights: Authority, proofs: ProofRecords, alarm: OwnerAlarm) -> EntranceParts:
    """Return what required providers are decided with."""
    return EntranceParts(
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
    store: Store,
    *,
    rights: Authority,
    guard: GuardStore,
    throttle: Throttle,
    stretcher: GlassStretcher,
    alarm: OwnerAlarm,
) -> GlassParts:
    """Return what break-glass codes are kept in, compared with and told by."""
    return GlassParts(
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


def connection_parts(store: Store, *, rights: Authority, sealer: SsoSealer, settings: Settings) -> ConnectionParts:
    """Return what connections are kept in and judged with."""
    return ConnectionParts(
        records=store.connections,
        entrances=store.entrances,
        domains=store.domains,
        rights=rights,
        sealer=sealer,
        epochs=store.epochs,
        owner_links=OwnerLinks(store.identities, memberships=store.memberships),
        policy=settings.single_sign_on,
        base_url=settings.base_url,
    )


def provisioning_parts(store: Store, *, policies: PolicySource, departures: Departures) -> ProvisioningParts:
    """Return what people are provisioned with."""
    return ProvisioningParts(
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


class Beside(Protocol):
    """The services of a unit that look at connections."""

    @property
    def sso_ready(self) -> SsoClients:
        """Connections, ready to be used."""
        ...

    @property
    def sso_entrance(self) -> Entrances:
        """Requirements."""
        ...

    @property
    def sso_grants(self) -> Grants:
        """What sessions through connections rest on."""
        ...

    @property
    def provisioning(self) -> Provisioning:
        """What providers tell of people."""
        ...

    @property
    def mfa(self) -> Enrolments:
        """Second factors."""
        ...


def origin_parts(store: Store) -> OriginParts:
    """Return what tells where an account comes from."""
    return OriginParts(
        identities=store.identities,
        domains=store.domains,
        memberships=store.roster,
        passwords=store.passwords,
        sessions=store.sessions,
    )


def same_people(store: Store) -> SamePeople:
    """Return what compares identities with pushed users."""
    return SamePeople(store.scim_connections, store.scim_users, store.identities)


def arrival_parts(unit: Beside, store: Store, *, passwords: SsoPasswords, factors: SsoFactors, journey: SsoJourney) -> ArrivalParts:
    """Return what arrivals are judged with."""
    return ArrivalParts(
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


class _OwnWays:
    """See `ctsec.sso._sync_identities.OwnWays`."""

    __slots__ = ("_factors", "_store")

    def __init__(self, store: Store, *, factors: Enrolments) -> None:
        self._store = store
        self._factors = factors

    def any(self, user_id: UserId) -> bool:
        """Say whether there is a password, or a passkey."""
        return self._store.passwords.get(user_id) is not None or bool(self._store.passkeys.of_user(user_id))

    def second_factor(self, user_id: UserId) -> bool:
        """Say whether a second factor is enrolled."""
        return bool(self._factors.enrolled(user_id))


def identity_parts(unit: Beside, store: Store, *, rights: Authority, post: Outbox, letters: Letters) -> IdentityParts:
    """Return what identities are unlinked with."""
    return IdentityParts(
        identities=store.identities,
        connections=store.connections,
        grants=store.grants,
        entrances=store.entrances,
        organizations=store.organizations,
        memberships=store.memberships,
        accounts=store.users,
        rights=rights,
        ways=_OwnWays(store, factors=unit.mfa),
        epochs=store.epochs,
        leaving=unit.sso_grants,
        post=post,
        letters=letters,
    )


def trial_parts(
    unit: Beside, store: Store, *, departures: Departures, proofs: ProofRecords, settings: Settings, ambient: Ambient
) -> TrialParts:
    """Return what connections are looked at and tried with."""
    carried = CarriedSessions(store.connections, grants=store.grants, policy=settings.single_sign_on)
    return TrialParts(
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
        standings=Standings(records=store.sessions, accounts=store.users, connections=carried, ambient=ambient),
        proofs=proofs,
        policy=settings.single_sign_on,
        base_url=settings.base_url,
    )


def watch_parts(store: Store, *, rights: Authority, proofs: ProofRecords, alarm: OwnerAlarm) -> SamlWatchParts:
    """Return what connections that speak SAML are watched with."""
    return SamlWatchParts(
        records=store.connections,
        rights=rights,
        epochs=store.epochs,
        proofs=proofs,
        alarm=alarm,
        owner_links=OwnerLinks(store.identities, memberships=store.memberships),
    )
