"""Who is asking, and what may they do: answered for every request from records that this process keeps for a few seconds (async source).

Every record is filled by a short read of our own, never through a host's transaction, and is gone at the commit that changes it. Where
there is a change feed, records are believed for as long as the process has asked it lately; if nobody answers, the store is read.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Final, cast

from ctsec.ambient import Ambient, Request
from ctsec.audit._async import AsyncAsideLog
from ctsec.authn.record import Session
from ctsec.authn.session_token import check_session, parse_session_token
from ctsec.cache import Key
from ctsec.encryption._async_ports import AsyncSealer
from ctsec.errors import KeyNotFound, KmsError, StaleRead
from ctsec.guard._async_allowances import AsyncAllowances
from ctsec.guard._async_ports import AsyncAllowanceRecords
from ctsec.guard.allowance import address_block
from ctsec.guard.counters import key_counter, scim_counter
from ctsec.ids import KeyId, OrganizationId, SessionId, UserId, WorkspaceId
from ctsec.keys._async_rate_ports import AsyncSharedRates
from ctsec.keys.attenuation import check_derived, looks_derived, parse_derived
from ctsec.keys.credential import AdmittedKey, key_principal, single_use
from ctsec.keys.rate import RateRefusal
from ctsec.keys.record import ApiKey
from ctsec.keys.token import claimed_id, parse
from ctsec.keys.verify import VerifiableKey, proving_secret
from ctsec.outcome import Outcome, Reason, Refusal
from ctsec.principal import Principal
from ctsec.rbac._async_custom import AsyncPolicies
from ctsec.rbac.access import Access
from ctsec.rbac.policy import Policy
from ctsec.rbac.resolution import authenticated, resolve_access
from ctsec.rbac.snapshot import Snapshot
from ctsec.rbac.standing import Standing
from ctsec.rbac.subject import subject
from ctsec.security._async_key_loading import AsyncLoadedKey, load_key
from ctsec.security._async_key_rating import AsyncKeyRating
from ctsec.security._async_mirror import AsyncMirroring
from ctsec.security._async_news import AsyncNews
from ctsec.security._async_scim_parts import scim_read_parts
from ctsec.security.parts import Cached, Parts
from ctsec.sso._async_grants import AsyncCarriedSessions
from ctsec.sso.scim._async_reads import AsyncScimReads
from ctsec.sso.scim.source import ScimSource
from ctsec.storage._async_ports import AsyncChangeFeed, AsyncStorage
from ctsec.user import User

# What a record is stands before its ids in its key: a session's id that comes where a workspace's is expected finds no record.
_SESSION: Final = "session"
_API_KEY: Final = "api key"
_HOME: Final = "home"
_STANDING: Final = "standing"
_NO_KEY = Refusal(Reason.INVALID_TOKEN, "this is not an API key")
_DISABLED = Refusal(Reason.DISABLED, "the owner of this API key is disabled")


class AsyncGate:
    """Turns credentials into principals and principals into access."""

    __slots__ = ("_aside", "_failures", "_mirroring", "_news", "_parts", "_pushes", "_rating", "_records", "_sealer", "_storage")

    def __init__(
        self,
        storage: AsyncStorage,
        *,
        parts: Parts,
        allowances: AsyncAllowanceRecords,
        sealer: AsyncSealer,
        feed: AsyncChangeFeed | None = None,
        rates: AsyncSharedRates | None = None,
        aside: AsyncAsideLog,
    ) -> None:
        self._storage = storage
        self._sealer = sealer
        self._parts = parts
        self._records = parts.memory.records
        self._failures = AsyncAllowances(allowances, policy=parts.settings.throttle.addresses, ambient=Ambient(clock=parts.clock))
        pushes = parts.settings.single_sign_on.scim_requests
        self._pushes = AsyncAllowances(allowances, policy=pushes, ambient=Ambient(clock=parts.clock))
        self._news = AsyncNews(feed, parts.memory)
        self._rating = AsyncKeyRating(parts, allowances=allowances, shared=rates)
        self._aside = aside
        mirror = parts.memory.mirror
        self._mirroring = AsyncMirroring(mirror, storage=storage, news=self._news, parts=parts) if mirror is not None else None

    async def session(self, token: str) -> Outcome[Principal]:
        """Return the principal that a session token proves, or NOT_AUTHENTICATED or DISABLED."""
        presented = parse_session_token(token)
        if isinstance(presented, Refusal):
            return presented
        cached = self._records.get((_SESSION, presented.session_id))
        if cached is None:
            cached = await self._load_session(presented.session_id)
        session, user, until = cast(tuple[Session, User | None, datetime | None], cached) if cached else (None, None, None)
        now = self._parts.clock.now()
        connected = until is not None and now < until
        outcome = check_session(presented, session=session, user=user, connected=connected, now=now)
        if session is not None and isinstance(outcome, Principal):
            self._note_session(session, now)
        return outcome

    async def api_key(self, token: str, request: Request) -> Outcome[Principal]:
        """Return the principal that an API key proves from the request's address; see `ctsec.keys.verify` for the refusals.

        What proves no key counts against the address block, and is answered THROTTLED when that has tried too much. A key that is right is
        held back by its own rate only: nobody guesses 256 bits, so what is bounded is the load, and not at the expense of others behind
        the address.
        """
        admitted = await self.admit_key(token, request)
        return admitted if isinstance(admitted, Refusal) else admitted.principal

    async def admit_key(self, token: str, request: Request) -> Outcome[AdmittedKey]:
        """Do what `api_key` does, and say what is left of the key's rate; `RateRefusal` where nothing is."""
        claimed = claimed_id(token)
        if claimed is None and looks_derived(token):
            return await self._derived(token, request)
        cached = self._records.get((_API_KEY, claimed)) if claimed is not None else None
        remembered = cached is not None
        if cached is None:
            # Only a well-formed token is worth a read; a cached record's MAC covers every character of the token anyway.
            parsed = parse(token)
            if isinstance(parsed, Refusal):
                return parsed
            cached = await self._load_key(parsed.key_id)
        if cached is None:
            return await self.unproved(_NO_KEY, request)
        (loaded,) = cast(tuple[AsyncLoadedKey], cached)
        now, prepared = self._parts.clock.now(), loaded.prepared
        key = prepared.check(token.encode("ascii"), ring=self._parts.key_peppers, now=now, address=request.address)
        admitted = await self._admit(key, loaded, request, now=now)
        if not remembered and not isinstance(admitted, Refusal):
            self._note_old_pepper(token.encode("ascii"), prepared)
        return admitted

    async def _derived(self, token: str, request: Request) -> Outcome[AdmittedKey]:
        """Admit a derived key: its key's principal, narrowed to what the caveats leave."""
        parsed = parse_derived(token)
        if isinstance(parsed, Refusal):
            return parsed
        cached = self._records.get((_API_KEY, parsed.key_id)) or await self._load_key(parsed.key_id)
        if cached is None:
            return await self.unproved(_NO_KEY, request)
        (loaded,) = cast(tuple[AsyncLoadedKey], cached)
        now = self._parts.clock.now()
        key = check_derived(parsed, prepared=loaded.prepared, roots=loaded.roots, now=now, address=request.address)
        if isinstance(loaded.unopened, KmsError) and not isinstance(loaded.unopened, KeyNotFound) and isinstance(key, Refusal):
            raise loaded.unopened.with_traceback(None)  # it may be a key that is right: nobody can tell until the service answers
        return await self._admit(key, loaded, request, now=now, derived=True)

    async def _admit(
        self, key: Outcome[ApiKey], loaded: AsyncLoadedKey, request: Request, *, now: datetime, derived: bool = False
    ) -> Outcome[AdmittedKey]:
        """Let in a key that was checked, if its owner is there and its rate allows; count the use, whatever became of it."""
        if isinstance(key, Refusal):
            await self._note_use(loaded.prepared.key, key.reason, request, now=now)
            return await self.unproved(key, request) if key.reason is Reason.INVALID_TOKEN else key
        if not loaded.alive:
            await self._note_use(key, Reason.DISABLED, request, now=now)
            return _DISABLED
        rate = await self._rating.take(key)
        if isinstance(rate, RateRefusal):
            await self._note_use(key, rate.reason, request, now=now)
            return rate
        await self._note_use(key, None, request, now=now)
        return AdmittedKey(key_principal(key, enrolled=loaded.enrolled, derived=derived), rate)

    async def _note_use(self, key: ApiKey, refused: Reason | None, request: Request, *, now: datetime) -> None:
        """Count a use in memory; where the policy wants each request in the log, write its event before it goes on."""
        self._parts.memory.key_uses.note(key, refused=refused, now=now, address=request.address)
        if self._parts.settings.keys.audit_each_request:
            around = Ambient(clock=self._parts.clock, request=request)
            await self._aside.record_aside(single_use(key, refused=refused, ambient=around))

    async def scim(self, token: str, request: Request) -> Outcome[ScimSource]:
        """Return who pushes with a SCIM credential, read anew for each request: INVALID_TOKEN, EXPIRED, or THROTTLED.

        What proves nothing counts against the address block, as a wrong API key does; what is right, against its own connection.
        """
        async with self._storage.reading() as store:
            found = await AsyncScimReads(scim_read_parts(store), ambient=Ambient(clock=self._parts.clock)).authenticate(token)
        if isinstance(found, Refusal):
            return await self.unproved(found, request)
        throttled = await self._pushes.take(scim_counter(found.scim.id))
        return found if throttled is None else throttled

    async def unproved(self, refusal: Refusal, request: Request) -> Refusal:
        """Charge the address block of a request that proved nothing; return `refusal`, or THROTTLED if the block has tried too much."""
        block = address_block(request.address)
        throttled = await self._failures.take(key_counter(block)) if block is not None else None
        return refusal if throttled is None else throttled

    def _note_old_pepper(self, token: bytes, prepared: VerifiableKey) -> None:
        """Have the worker write the MAC under the current pepper, while the token is at hand; seen once for each reading of the record."""
        ring = self._parts.key_peppers
        secret = proving_secret(token, secrets=prepared.secrets, ring=ring)
        if secret is not None and secret.pepper_id != ring.current:
            pepper, mac = ring.mac(token)
            self._parts.memory.key_macs[secret.key_id] = (replace(secret, pepper_id=pepper, mac=mac), secret.pepper_id)

    async def access(
        self, principal: Principal, organization: OrganizationId, *, workspace: WorkspaceId | None = None, at_least: int | None = None
    ) -> Access:
        """Return what `principal` may do in the organization, or in one workspace of it, within its key's scopes.

        With `at_least`, a version of the organization's roles (`unit.roles.version`), what is remembered from before it is read again;
        raises StaleRead where the store is behind it.
        """
        person = subject(principal, organization=organization)
        if person is not None and at_least is None and self._mirroring is not None:
            mirrored = await self._mirrored(self._mirroring, principal, person, organization, workspace)
            if mirrored is not None:
                return mirrored
        standing = await self._standing(organization, person, at_least=at_least) if person is not None else None
        home = await self.organization_of(workspace) if workspace is not None else None
        return resolve_access(
            await self._policy(standing),
            principal,
            standing,
            organization=organization,
            workspace=workspace,
            home=home,
            now=self._parts.clock.now(),
            methods=self._parts.methods,
        )

    async def _policy(self, standing: Standing | None) -> Policy:
        """Return the policy that decides for somebody; an organization's own roles are read once for each number that they get."""
        if standing is None or standing.custom_roles == 0:
            return self._parts.policy
        kept = self._parts.memory.policies.get(standing.organization, standing.custom_roles)
        if kept is not None:
            return kept
        async with self._storage.reading() as store:
            policies = AsyncPolicies(base=self._parts.policy, records=store.custom_roles, kept=self._parts.memory.policies)
            return await policies.of(standing.organization, standing.custom_roles)

    async def organization_of(self, workspace: WorkspaceId) -> OrganizationId | None:
        """Return the organization that a workspace belongs to, or None if there is no such workspace."""
        key = (_HOME, workspace)
        cached = self._records.get(key) or await self._recall(key)
        if cached is None:
            generation = self._records.begin()
            async with self._storage.reading() as store:
                home = await store.standings.organization_of(workspace)
            if home is None:
                # Not kept: a workspace that is created a moment later must not stay unknown.
                return None
            cached = (home,)
            self._records.put(key, cached, scopes=(workspace,), generation=generation)
        return cast(tuple[OrganizationId], cached)[0]

    async def roles(self, organization: OrganizationId, user: UserId) -> Snapshot | None:
        """Return the roles in memory, good for `user` in `organization` until the caller next waits for something; None: ask the store.

        For hosts that ask many questions in one request. It knows of no key's scopes, of no method of authenticating and of no required
        second factor: `access` alone narrows to these.
        """
        return await self._mirroring.ready(organization, user) if self._mirroring is not None else None

    async def _mirrored(
        self,
        mirroring: AsyncMirroring,
        principal: Principal,
        person: UserId,
        organization: OrganizationId,
        workspace: WorkspaceId | None,
    ) -> Access | None:
        snapshot = await mirroring.ready(organization, person)
        if snapshot is None or (workspace is not None and not snapshot.has_workspace(organization, workspace)):
            # A workspace may have been made by another process that was not heard of yet: the store knows.
            return None
        now, credential = self._parts.clock.now(), principal.credential
        if mirroring.requires(organization, credential):
            # Whether it is refused is a question to the whole standing.
            return None
        access = snapshot.access(
            person, organization, now=now, workspace=workspace, scopes=credential.scopes, workspaces=credential.workspaces
        )
        if access is None:
            return None
        return authenticated(access, principal, organization=organization, workspace=workspace, now=now, methods=self._parts.methods)

    async def _standing(self, organization: OrganizationId, person: UserId, *, at_least: int | None) -> Standing | None:
        key = (_STANDING, organization, person)
        cached = self._records.get(key) or await self._recall(key)
        if cached is not None:
            (remembered,) = cast(tuple[Standing | None], cached)
            if at_least is None or (remembered is not None and remembered.version >= at_least):
                return remembered
        generation = self._records.begin()
        async with self._storage.reading() as store:
            # Before the standing, which is then as new as that or newer.
            version = await store.standings.version(organization) if at_least is not None else 0
            standing = await store.standings.standing(organization, person)
        if at_least is not None and version < at_least:
            raise StaleRead("the store is behind the version that was asked for; try again")
        seen = standing.version if standing is not None else None
        self._records.put(key, (standing,), scopes=(organization, person), generation=generation, version=seen)
        return standing

    async def _recall(self, key: Key) -> Cached | None:
        """Ask what others changed, if it is time to, and return the record of `key` if it is still good."""
        return self._records.recall(key) if await self._news.hear() else None

    async def _load_session(self, session_id: SessionId) -> Cached | None:
        key = (_SESSION, session_id)
        if (recalled := await self._recall(key)) is not None:
            return recalled
        generation = self._records.begin()
        async with self._storage.reading() as store:
            session = await store.sessions.get(session_id)
            user = await store.users.get(session.user_id) if session is not None else None
            through = session.connection_id if session is not None else None
            carried = AsyncCarriedSessions(store.connections, grants=store.grants, policy=self._parts.settings.single_sign_on)
            until = await carried.carried_until(session) if session is not None and through is not None else None
        if session is None:
            return None
        scopes = (session_id, session.user_id) if through is None else (session_id, session.user_id, through)
        self._records.put(key, (session, user, until), scopes=scopes, generation=generation)
        return session, user, until

    async def _load_key(self, key_id: KeyId) -> Cached | None:
        key = (_API_KEY, key_id)
        if (recalled := await self._recall(key)) is not None:
            return recalled
        unknown = self._parts.memory.unknown_keys
        if unknown.get(key) is not None:
            return None
        generation, before = self._records.begin(), unknown.begin()
        loaded = await load_key(self._storage, key_id, sealer=self._sealer)
        if loaded is None:
            unknown.put(key, True, scopes=(key_id,), generation=before)
            return None
        owner = loaded.prepared.key
        self._records.put(key, (loaded,), scopes=(key_id, owner.owner_id, owner.organization_id), generation=generation)
        return (loaded,)

    def _note_session(self, session: Session, now: datetime) -> None:
        seen = max(session.last_seen_at, self._parts.memory.session_uses.get(session.id, session.last_seen_at))
        if now - seen >= self._parts.settings.sessions.touch_every:
            self._parts.memory.session_uses[session.id] = now
