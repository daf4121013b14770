# Generated from src/ctsec/security/_async_people.py by tools/twin.py; edit that file.
"""A unit of work: the services of people (async source)."""

from __future__ import annotations

from ctsec.ambient import Ambient
from ctsec.audit._sync import AuditLog
from ctsec.authn._sync import SignIn, SignInParts
from ctsec.authn._sync_accounts import AccountParts, Accounts
from ctsec.authn._sync_addresses import Addresses
from ctsec.authn._sync_breaches import BreachCheck
from ctsec.authn._sync_device_list import DeviceList
from ctsec.authn._sync_devices import Devices
from ctsec.authn._sync_duties import Duties
from ctsec.authn._sync_links import LinkParts, Links
from ctsec.authn._sync_notices import SignInNotices
from ctsec.authn._sync_owing import Owing, OwingParts
from ctsec.authn._sync_passwords import PasswordVault
from ctsec.authn._sync_sessions import Sessions
from ctsec.authn._sync_trust import Trust
from ctsec.directory._sync_departures import Departures
from ctsec.directory._sync_domains import Domains
from ctsec.directory._sync_lifecycle import Lifecycle, LifecycleParts
from ctsec.directory._sync_lifecycle_work import LifecycleWork, LifecycleWorkParts
from ctsec.directory._sync_members import Members, MemberStores
from ctsec.encryption.data_key import DataKey
from ctsec.guard._sync import Throttle
from ctsec.guard._sync_ports import GuardStore
from ctsec.ids import DekId
from ctsec.lazy import kept
from ctsec.mail._sync import Outbox
from ctsec.mfa._sync import Mfa
from ctsec.mfa._sync_authenticators import Authenticators
from ctsec.mfa._sync_parts import MfaParts
from ctsec.mfa._sync_passkeys import Passkeys
from ctsec.rbac._sync_acting import Acting
from ctsec.rbac._sync_authority import Authority
from ctsec.rbac._sync_custom import Policies
from ctsec.rbac._sync_requirements import Requirements
from ctsec.recovery._sync_cases import RecoveryParts
from ctsec.recovery._sync_link import Recoveries
from ctsec.recovery._sync_support import Support
from ctsec.recovery._sync_trail import Trails
from ctsec.secret import Secret
from ctsec.security._sync_engines import Engines
from ctsec.security._sync_factors import sync_factors
from ctsec.security._sync_federation import origin_parts
from ctsec.security._sync_leavers import departure_parts, lifecycle_parts, seen_things
from ctsec.security._sync_recovery import sync_recovery, sync_trails
from ctsec.security.parts import Parts
from ctsec.sso._sync_grants import CarriedSessions
from ctsec.sso._sync_origins import AccountOrigins
from ctsec.storage._sync_ports import Store


class People:
    """The services of people over one transaction: accounts, sign-in, factors, sessions, memberships; and the log that all write."""

    __slots__ = ("__dict__", "_ambient", "_engines", "_guard", "_index_keys", "_made", "_parts", "_reads", "_store")

    def __init__(self, store: Store, *, guard: GuardStore, engines: Engines, parts: Parts, ambient: Ambient, reads: bool = False) -> None:
        self._store = store
        self._guard = guard
        self._engines = engines
        self._parts = parts
        self._ambient = ambient
        self._reads = reads
        self._made: dict[DekId, DataKey] = {}
        self._index_keys: dict[tuple[str, str, int], Secret] = {}

    @kept
    def accounts(self) -> Accounts:
        """Sign-up, verification, password change and reset."""
        return Accounts(self._accounts, audit=self.audit, ambient=self._ambient)

    @kept
    def addresses(self) -> Addresses:
        """The address of an account, changed."""
        return Addresses(self._accounts, audit=self.audit, ambient=self._ambient)

    @kept
    def sign_in(self) -> SignIn:
        """The sign-in journey."""
        return SignIn(self._sign_in, audit=self.audit, ambient=self._ambient)

    @kept
    def owing(self) -> Owing:
        """The steps of a sign-in that owes a first second factor, or a longer password."""
        work = OwingParts(enrolment=self.mfa, passkeys=self.passkeys, post=self._outbox, letters=self._parts.letters)
        return Owing(self._sign_in, work=work, audit=self.audit, ambient=self._ambient)

    @kept
    def requirements(self) -> Requirements:
        """The second factors that organizations require."""
        return Requirements(
            acting=self._acting, authority=self._authority, records=self._store.organizations, entrances=self._store.entrances
        )

    @kept
    def sessions(self) -> Sessions:
        """Sessions of people."""
        return Sessions(
            records=self._store.sessions,
            accounts=self._store.users,
            memberships=self.members,
            requirements=self.requirements,
            epochs=self._store.epochs,
            proofs=self._guard.proofs,
            devices=self._store.devices,
            connections=CarriedSessions(self._store.connections, grants=self._store.grants, policy=self._parts.settings.single_sign_on),
            policy=self._parts.settings.sessions,
            audit=self.audit,
            ambient=self._ambient,
        )

    @kept
    def devices(self) -> DeviceList:
        """The devices that people have used before."""
        return DeviceList(self._store.devices, devices=self._devices, audit=self.audit, ambient=self._ambient)

    @kept
    def mfa(self) -> Mfa:
        """Second factors."""
        return Mfa(self._factors, audit=self.audit, ambient=self._ambient)

    @kept
    def authenticators(self) -> Authenticators:
        """Authenticator apps."""
        return Authenticators(self._factors, audit=self.audit, ambient=self._ambient)

    @kept
    def passkeys(self) -> Passkeys:
        """Passkeys."""
        return Passkeys(self._factors, audit=self.audit, ambient=self._ambient)

    @kept
    def members(self) -> Members:
        """Who belongs to organizations."""
        return Members(
            stores=MemberStores(
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
    def lifecycle(self) -> Lifecycle:
        """Who is leaving, who is not there, and what an organization wants done about it."""
        return Lifecycle(self._lifecycle, audit=self.audit, ambient=self._ambient)

    @kept
    def lifecycle_work(self) -> LifecycleWork:
        """The same, carried out by the worker, and what operators decide."""
        more = LifecycleWorkParts(sessions=self._store.sessions, devices=self._store.devices)
        return LifecycleWork(self._lifecycle, more=more, audit=self.audit, ambient=self._ambient)

    @kept
    def _lifecycle(self) -> LifecycleParts:
        return lifecycle_parts(
            self._store, authority=self._authority, departures=self._departures, post=self._outbox, letters=self._parts.letters
        )

    @kept
    def _departures(self) -> Departures:
        seen = seen_things(self._store, guard=self._guard, rights=self._authority, audit=self.audit, ambient=self._ambient)
        parts = departure_parts(
            self._store, acting=self._acting, post=self._outbox, letters=self._parts.letters, sharing=self._engines.sharing, seen=seen
        )
        return Departures(parts, audit=self.audit, ambient=self._ambient)

    @kept
    def domains(self) -> Domains:
        """Domains that organizations have verified."""
        store = self._store
        return Domains(store.domains, organizations=store.organizations, roster=store.roster, audit=self.audit, ambient=self._ambient)

    @kept
    def audit(self) -> AuditLog:
        """The audit log."""
        return AuditLog(
            inbox=self._store.inbox,
            log=self._store.log,
            aside=self._guard.events,
            sealer=self._engines.secrets,
            ambient=self._ambient,
            subjects=self._engines.subjects,
            catalogue=self._parts.catalogue,
        )

    @kept
    def _authority(self) -> Authority:
        return Authority(
            policy=self._parts.policy,
            acting=self._acting,
            assignments=self._store.assignments,
            elevations=self._store.elevations,
            break_glass=self._store.break_glass,
        )

    @kept
    def _acting(self) -> Acting:
        return Acting(
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
    def _policies(self) -> Policies:
        return Policies(base=self._parts.policy, records=self._store.custom_roles, kept=self._parts.memory.policies)

    @kept
    def _factors(self) -> MfaParts:
        return sync_factors(
            self._store, guard=self._guard, engines=self._engines, parts=self._parts, sessions=self.sessions, throttle=self._throttle,
            devices=self._devices, post=self._outbox,
        )  # fmt: skip

    @kept
    def _passwords(self) -> PasswordVault:
        return PasswordVault(
            records=self._store.passwords,
            hasher=self._engines.slow_hash,
            sealing=self._parts.password_sealing,
            breaches=BreachCheck(self._engines.breaches, optional=self._parts.settings.breaches_optional, audit=self.audit),
            mix=self._parts.memory.password_mix,
            product=self._parts.settings.issuer,
            ambient=self._ambient,
        )

    @kept
    def _sign_in(self) -> SignInParts:
        return SignInParts(
            accounts=self._store.users,
            passwords=self._passwords,
            sessions=self.sessions,
            second_factors=self.mfa,
            throttle=self._throttle,
            proofs=self._guard.proofs,
            devices=self._devices,
            notices=self._notices,
            duties=self._duties,
            trust=Trust(devices=self._devices, duties=self._duties, notices=self._notices, audit=self.audit),
            trails=self._trails,
            links=self._links if self._parts.settings.sign_in_links else None,
            origins=AccountOrigins(origin_parts(self._store), ambient=self._ambient),
        )

    @kept
    def _duties(self) -> Duties:
        return Duties(
            requirements=self.requirements, factors=self.mfa, passwords=self._passwords, throttle=self._throttle,
            proofs=self._guard.proofs, audit=self.audit, ambient=self._ambient,
        )  # fmt: skip

    @kept
    def _accounts(self) -> AccountParts:
        return AccountParts(
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
    def _trails(self) -> Trails:
        return sync_trails(self._store, factors=self.mfa, parts=self._parts, ambient=self._ambient)

    @kept
    def _recovery(self) -> RecoveryParts:
        return sync_recovery(
            self._store, guard=self._guard, parts=self._parts, factors=self._factors, mfa=self.mfa, passwords=self._passwords,
            domains=self.domains, authority=self._authority, post=self._outbox,
        )  # fmt: skip

    @kept
    def support(self) -> Support:
        """Second factors reset by operators of the deployment."""
        return Support(self._recovery, audit=self.audit, ambient=self._ambient)

    @kept
    def recovery(self) -> Recoveries:
        """Resets of both kinds, canceled by their person and carried out."""
        return Recoveries(self._recovery, audit=self.audit, ambient=self._ambient)

    @kept
    def _links(self) -> Links:
        parts = LinkParts(
            accounts=self._store.users,
            passwords=self._passwords,
            throttle=self._throttle,
            proofs=self._guard.proofs,
            post=self._outbox,
            letters=self._parts.letters,
            trails=self._trails,
        )
        return Links(parts, audit=self.audit, ambient=self._ambient)

    @kept
    def _devices(self) -> Devices:
        return Devices(self._store.devices, trust=self._parts.settings.trusted_devices, ambient=self._ambient)

    @kept
    def _notices(self) -> SignInNotices:
        return SignInNotices(
            devices=self._store.devices,
            throttle=self._throttle,
            post=self._outbox,
            letters=self._parts.letters,
            wanted=self._parts.settings.sign_in_notices,
            places=self._parts.settings.places,
            ambient=self._ambient,
        )

    @kept
    def _throttle(self) -> Throttle:
        return Throttle(self._guard, policy=self._parts.settings.throttle, audit=self.audit, ambient=self._ambient)

    @kept
    def _outbox(self) -> Outbox:
        return Outbox(self._store.outbox, sealer=self._engines.secrets, ambient=self._ambient)
