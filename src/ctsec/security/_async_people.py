"""A unit of work: the services of people (async source)."""

from __future__ import annotations

from ctsec.ambient import Ambient
from ctsec.audit._async import AsyncAuditLog
from ctsec.authn._async import AsyncSignIn, AsyncSignInParts
from ctsec.authn._async_accounts import AsyncAccountParts, AsyncAccounts
from ctsec.authn._async_addresses import AsyncAddresses
from ctsec.authn._async_breaches import AsyncBreachCheck
from ctsec.authn._async_device_list import AsyncDeviceList
from ctsec.authn._async_devices import AsyncDevices
from ctsec.authn._async_duties import AsyncDuties
from ctsec.authn._async_links import AsyncLinkParts, AsyncLinks
from ctsec.authn._async_notices import AsyncSignInNotices
from ctsec.authn._async_owing import AsyncOwing, AsyncOwingParts
from ctsec.authn._async_passwords import AsyncPasswordVault
from ctsec.authn._async_sessions import AsyncSessions
from ctsec.authn._async_trust import AsyncTrust
from ctsec.directory._async_departures import AsyncDepartures
from ctsec.directory._async_domains import AsyncDomains
from ctsec.directory._async_lifecycle import AsyncLifecycle, AsyncLifecycleParts
from ctsec.directory._async_lifecycle_work import AsyncLifecycleWork, AsyncLifecycleWorkParts
from ctsec.directory._async_members import AsyncMembers, AsyncMemberStores
from ctsec.encryption.data_key import DataKey
from ctsec.guard._async import AsyncThrottle
from ctsec.guard._async_ports import AsyncGuardStore
from ctsec.ids import DekId
from ctsec.lazy import kept
from ctsec.mail._async import AsyncOutbox
from ctsec.mfa._async import AsyncMfa
from ctsec.mfa._async_authenticators import AsyncAuthenticators
from ctsec.mfa._async_parts import AsyncMfaParts
from ctsec.mfa._async_passkeys import AsyncPasskeys
from ctsec.rbac._async_acting import AsyncActing
from ctsec.rbac._async_authority import AsyncAuthority
from ctsec.rbac._async_custom import AsyncPolicies
from ctsec.rbac._async_requirements import AsyncRequirements
from ctsec.recovery._async_cases import AsyncRecoveryParts
from ctsec.recovery._async_link import AsyncRecoveries
from ctsec.recovery._async_support import AsyncSupport
from ctsec.recovery._async_trail import AsyncTrails
from ctsec.secret import Secret
from ctsec.security._async_engines import AsyncEngines
from ctsec.security._async_factors import async_factors
from ctsec.security._async_federation import origin_parts
from ctsec.security._async_leavers import departure_parts, lifecycle_parts, seen_things
from ctsec.security._async_recovery import async_recovery, async_trails
from ctsec.security.parts import Parts
from ctsec.sso._async_grants import AsyncCarriedSessions
from ctsec.sso._async_origins import AsyncAccountOrigins
from ctsec.storage._async_ports import AsyncStore


class AsyncPeople:
    """The services of people over one transaction: accounts, sign-in, factors, sessions, memberships; and the log that all write."""

    __slots__ = ("__dict__", "_ambient", "_engines", "_guard", "_index_keys", "_made", "_parts", "_reads", "_store")

    def __init__(
        self, store: AsyncStore, *, guard: AsyncGuardStore, engines: AsyncEngines, parts: Parts, ambient: Ambient, reads: bool = False
    ) -> None:
        self._store = store
        self._guard = guard
        self._engines = engines
        self._parts = parts
        self._ambient = ambient
        self._reads = reads
        self._made: dict[DekId, DataKey] = {}
        self._index_keys: dict[tuple[str, str, int], Secret] = {}

    @kept
    def accounts(self) -> AsyncAccounts:
        """Sign-up, verification, password change and reset."""
        return AsyncAccounts(self._accounts, audit=self.audit, ambient=self._ambient)

    @kept
    def addresses(self) -> AsyncAddresses:
        """The address of an account, changed."""
        return AsyncAddresses(self._accounts, audit=self.audit, ambient=self._ambient)

    @kept
    def sign_in(self) -> AsyncSignIn:
        """The sign-in journey."""
        return AsyncSignIn(self._sign_in, audit=self.audit, ambient=self._ambient)

    @kept
    def owing(self) -> AsyncOwing:
        """The steps of a sign-in that owes a first second factor, or a longer password."""
        work = AsyncOwingParts(enrolment=self.mfa, passkeys=self.passkeys, post=self._outbox, letters=self._parts.letters)
        return AsyncOwing(self._sign_in, work=work, audit=self.audit, ambient=self._ambient)

    @kept
    def requirements(self) -> AsyncRequirements:
        """The second factors that organizations require."""
        return AsyncRequirements(
            acting=self._acting, authority=self._authority, records=self._store.organizations, entrances=self._store.entrances
        )

    @kept
    def sessions(self) -> AsyncSessions:
        """Sessions of people."""
        return AsyncSessions(
            records=self._store.sessions,
            accounts=self._store.users,
            memberships=self.members,
            requirements=self.requirements,
            epochs=self._store.epochs,
            proofs=self._guard.proofs,
            devices=self._store.devices,
            connections=AsyncCarriedSessions(
                self._store.connections, grants=self._store.grants, policy=self._parts.settings.single_sign_on
            ),
            policy=self._parts.settings.sessions,
            audit=self.audit,
            ambient=self._ambient,
        )

    @kept
    def devices(self) -> AsyncDeviceList:
        """The devices that people have used before."""
        return AsyncDeviceList(self._store.devices, devices=self._devices, audit=self.audit, ambient=self._ambient)

    @kept
    def mfa(self) -> AsyncMfa:
        """Second factors."""
        return AsyncMfa(self._factors, audit=self.audit, ambient=self._ambient)

    @kept
    def authenticators(self) -> AsyncAuthenticators:
        """Authenticator apps."""
        return AsyncAuthenticators(self._factors, audit=self.audit, ambient=self._ambient)

    @kept
    def passkeys(self) -> AsyncPasskeys:
        """Passkeys."""
        return AsyncPasskeys(self._factors, audit=self.audit, ambient=self._ambient)

    @kept
    def members(self) -> AsyncMembers:
        """Who belongs to organizations."""
        return AsyncMembers(
            stores=AsyncMemberStores(
                users=self._store.users,
                organizations=self._store.organizations,
                memberships=self._store.memberships,
                roster=self._store.roster,
                invitations=self._store.invitations,
                epochs=self._store.epochs,
                throttle=self._throttle,
            ),
            authority=self._authority,
            departures=self._departures,
            post=self._outbox,
            letters=self._parts.letters,
            audit=self.audit,
            ambient=self._ambient,
        )

    @kept
    def lifecycle(self) -> AsyncLifecycle:
        """Who is leaving, who is not there, and what an organization wants done about it."""
        return AsyncLifecycle(self._lifecycle, audit=self.audit, ambient=self._ambient)

    @kept
    def lifecycle_work(self) -> AsyncLifecycleWork:
        """The same, carried out by the worker, and what operators decide."""
        more = AsyncLifecycleWorkParts(sessions=self._store.sessions, devices=self._store.devices)
        return AsyncLifecycleWork(self._lifecycle, more=more, audit=self.audit, ambient=self._ambient)

    @kept
    def _lifecycle(self) -> AsyncLifecycleParts:
        return lifecycle_parts(
            self._store, authority=self._authority, departures=self._departures, post=self._outbox, letters=self._parts.letters
        )

    @kept
    def _departures(self) -> AsyncDepartures:
        seen = seen_things(self._store, guard=self._guard, rights=self._authority, audit=self.audit, ambient=self._ambient)
        parts = departure_parts(
            self._store, acting=self._acting, post=self._outbox, letters=self._parts.letters, sharing=self._engines.sharing, seen=seen
        )
        return AsyncDepartures(parts, audit=self.audit, ambient=self._ambient)

    @kept
    def domains(self) -> AsyncDomains:
        """Domains that organizations have verified."""
        store = self._store
        return AsyncDomains(store.domains, organizations=store.organizations, roster=store.roster, audit=self.audit, ambient=self._ambient)

    @kept
    def audit(self) -> AsyncAuditLog:
        """The audit log."""
        return AsyncAuditLog(
            inbox=self._store.inbox,
            log=self._store.log,
            aside=self._guard.events,
            sealer=self._engines.secrets,
            ambient=self._ambient,
            subjects=self._engines.subjects,
            catalogue=self._parts.catalogue,
        )

    @kept
    def _authority(self) -> AsyncAuthority:
        return AsyncAuthority(
            policy=self._parts.policy,
            acting=self._acting,
            assignments=self._store.assignments,
            elevations=self._store.elevations,
            break_glass=self._store.break_glass,
        )

    @kept
    def _acting(self) -> AsyncActing:
        return AsyncActing(
            policies=self._policies,
            methods=self._parts.methods,
            standings=self._store.standings,
            owners=self._store.organizations,
            epochs=self._store.epochs,
            audit=self.audit,
            ambient=self._ambient,
            locks=not self._reads,
        )

    @kept
    def _policies(self) -> AsyncPolicies:
        return AsyncPolicies(base=self._parts.policy, records=self._store.custom_roles, kept=self._parts.memory.policies)

    @kept
    def _factors(self) -> AsyncMfaParts:
        return async_factors(
            self._store, guard=self._guard, engines=self._engines, parts=self._parts, sessions=self.sessions, throttle=self._throttle,
            devices=self._devices, post=self._outbox,
        )  # fmt: skip

    @kept
    def _passwords(self) -> AsyncPasswordVault:
        return AsyncPasswordVault(
            records=self._store.passwords,
            hasher=self._engines.slow_hash,
            sealing=self._parts.password_sealing,
            breaches=AsyncBreachCheck(self._engines.breaches, optional=self._parts.settings.breaches_optional, audit=self.audit),
            mix=self._parts.memory.password_mix,
            product=self._parts.settings.issuer,
            ambient=self._ambient,
        )

    @kept
    def _sign_in(self) -> AsyncSignInParts:
        return AsyncSignInParts(
            accounts=self._store.users,
            passwords=self._passwords,
            sessions=self.sessions,
            second_factors=self.mfa,
            throttle=self._throttle,
            proofs=self._guard.proofs,
            devices=self._devices,
            notices=self._notices,
            duties=self._duties,
            trust=AsyncTrust(devices=self._devices, duties=self._duties, notices=self._notices, audit=self.audit),
            trails=self._trails,
            links=self._links if self._parts.settings.sign_in_links else None,
            origins=AsyncAccountOrigins(origin_parts(self._store), ambient=self._ambient),
        )

    @kept
    def _duties(self) -> AsyncDuties:
        return AsyncDuties(
            requirements=self.requirements, factors=self.mfa, passwords=self._passwords, throttle=self._throttle,
            proofs=self._guard.proofs, audit=self.audit, ambient=self._ambient,
        )  # fmt: skip

    @kept
    def _accounts(self) -> AsyncAccountParts:
        return AsyncAccountParts(
            accounts=self._store.users,
            passwords=self._passwords,
            sessions=self.sessions,
            second_factors=self.mfa,
            throttle=self._throttle,
            proofs=self._guard.proofs,
            devices=self._devices,
            duties=self._duties,
            post=self._outbox,
            letters=self._parts.letters,
            trails=self._trails,
            links=self._links,
        )

    @kept
    def _trails(self) -> AsyncTrails:
        return async_trails(self._store, factors=self.mfa, parts=self._parts, ambient=self._ambient)

    @kept
    def _recovery(self) -> AsyncRecoveryParts:
        return async_recovery(
            self._store, guard=self._guard, parts=self._parts, factors=self._factors, mfa=self.mfa, passwords=self._passwords,
            domains=self.domains, authority=self._authority, post=self._outbox,
        )  # fmt: skip

    @kept
    def support(self) -> AsyncSupport:
        """Second factors reset by operators of the deployment."""
        return AsyncSupport(self._recovery, audit=self.audit, ambient=self._ambient)

    @kept
    def recovery(self) -> AsyncRecoveries:
        """Resets of both kinds, canceled by their person and carried out."""
        return AsyncRecoveries(self._recovery, audit=self.audit, ambient=self._ambient)

    @kept
    def _links(self) -> AsyncLinks:
        parts = AsyncLinkParts(
            accounts=self._store.users,
            passwords=self._passwords,
            throttle=self._throttle,
            proofs=self._guard.proofs,
            post=self._outbox,
            letters=self._parts.letters,
            trails=self._trails,
        )
        return AsyncLinks(parts, audit=self.audit, ambient=self._ambient)

    @kept
    def _devices(self) -> AsyncDevices:
        return AsyncDevices(self._store.devices, trust=self._parts.settings.trusted_devices, ambient=self._ambient)

    @kept
    def _notices(self) -> AsyncSignInNotices:
        return AsyncSignInNotices(
            devices=self._store.devices,
            throttle=self._throttle,
            post=self._outbox,
            letters=self._parts.letters,
            wanted=self._parts.settings.sign_in_notices,
            places=self._parts.settings.places,
            ambient=self._ambient,
        )

    @kept
    def _throttle(self) -> AsyncThrottle:
        return AsyncThrottle(self._guard, policy=self._parts.settings.throttle, audit=self.audit, ambient=self._ambient)

    @kept
    def _outbox(self) -> AsyncOutbox:
        return AsyncOutbox(self._store.outbox, sealer=self._engines.secrets, ambient=self._ambient)
