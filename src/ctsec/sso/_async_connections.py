"""Connections of organizations to their identity providers: drafted, tested, enabled, disabled, removed (async source).

Rules that this module keeps:

- every change takes `sso:manage` (owners and admins, where the policy does not name it) and a second factor proved just now;
- every role that newcomers or groups get is one that the actor may give, and never that of an owner or an admin;
- people sign in only through what was tested as it is: a change of anything that the provider sees makes the connection a draft again;
- whom a connection believes is what its owners' links trust: who is no owner and changes that makes these count no more;
- whoever loses their way in loses it at once: disabling, changing and removing end the sessions that came through the connection.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from ctsec.ambient import Ambient
from ctsec.audit._async_ports import AsyncRecorder
from ctsec.audit.change import Change, diff
from ctsec.audit.event import Detail, EventName, Target
from ctsec.errors import StoreBusy
from ctsec.ids import ConnectionId, OrganizationId, new_id
from ctsec.outcome import Outcome, Reason, Refusal
from ctsec.principal import Principal
from ctsec.rbac.entrance import SSO_MANAGE
from ctsec.secret import SecretText
from ctsec.sso._async_ready import AsyncConnectionParts, AsyncReady
from ctsec.sso._async_rule_rights import may_give
from ctsec.sso.client_key import public_keys
from ctsec.sso.entrance import LAST_WAY
from ctsec.sso.fitting import another_key, check_fit, drafted, proving, stand_in, told
from ctsec.sso.oidc.client import OidcClient
from ctsec.sso.record import Connection, ConnectionState
from ctsec.sso.settings import MAX_NAME, MAX_SECRET, ConnectionWish

MAX_CONNECTIONS: Final = 20
_NO_CONNECTION: Final = Refusal(Reason.NOT_FOUND, "there is no such connection")
_STEP_UP: Final = Refusal(Reason.STEP_UP_REQUIRED, "prove your second factor again to change how people sign in")
_NO_SECRET: Final = Refusal(Reason.INVALID_INPUT, "expected the client's secret, or a private key and no secret")
_PROTOCOL: Final = Refusal(Reason.INVALID_INPUT, "a connection keeps its protocol; draft another one")
_MOVED: Final = "the connection was changed meanwhile; try again"


class AsyncConnections:
    """The connections of organizations to identity providers."""

    __slots__ = ("_ambient", "_audit", "_parts", "_ready")

    def __init__(self, parts: AsyncConnectionParts, *, audit: AsyncRecorder, ambient: Ambient) -> None:
        self._parts = parts
        self._ready = AsyncReady(parts)
        self._audit = audit
        self._ambient = ambient

    async def of_organization(self, *, organization: OrganizationId) -> tuple[Connection, ...]:
        """Return the connections of an organization, in the order in which they were made."""
        return await self._parts.records.of_organization(organization)

    async def client(self, connection: Connection) -> OidcClient | None:
        """Return the client of a connection, its secret opened; None if it fits its provider no more. Raises as the sealer does.

        What a provider needs may have gone since the connection was written: the last verified domain, for one.
        """
        try:
            return await self._ready.client(connection)
        except ValueError:
            return None

    async def refusal(self, actor: Principal, *, organization: OrganizationId) -> Refusal | None:
        """Return why `actor` may not change connections now, or None."""
        return await self._judge(actor, organization)

    async def create(
        self, actor: Principal, *, organization: OrganizationId, wish: ConnectionWish, secret: SecretText | None = None
    ) -> Outcome[Connection]:
        """Draft a connection, with a secret or, if the settings say so, with a key that is made for it.

        Reasons: what `sso:manage` refuses, STEP_UP_REQUIRED, INVALID_INPUT, CEILING_EXCEEDED.
        """
        refusal = await self._judge(actor, organization, wish=wish)
        if refusal is None and len(await self._parts.records.of_organization(organization)) >= MAX_CONNECTIONS:
            refusal = Refusal(Reason.CEILING_EXCEEDED, f"an organization has at most {MAX_CONNECTIONS} connections")
        now = self._ambient.now()
        made = drafted(
            Connection(
                id=new_id(ConnectionId, now=now, random=self._ambient.random),
                organization_id=organization,
                name="",
                provider=wish.provider,
                client_id="",
                sealed_secret=b"",
                settings="{}",
                default_role=wish.default_role,
                state=ConnectionState.DRAFT,
                created_by=actor.id,
                created_at=now,
                version=0,
            ),
            wish,
        )
        made, proof = proving(made, wish, secret, kept=False, now=now, random=self._ambient.random)
        if refusal is None:
            refusal = await self._unfit(made, proof)
        if refusal is not None or proof is None:
            refusal = refusal if refusal is not None else _NO_SECRET
            return await self._refuse(actor, organization, refusal, attempted="sso_connection.create")
        made = replace(made, sealed_secret=await self._ready.sealed(made, proof))
        await self._parts.records.add(made)
        await self._note(EventName.SSO_CONNECTION_CREATED, actor, made, {"provider": made.provider.value, "role": made.default_role})
        return made

    async def change(
        self,
        actor: Principal,
        connection: ConnectionId,
        *,
        organization: OrganizationId,
        wish: ConnectionWish,
        secret: SecretText | None = None,
    ) -> Outcome[Connection]:
        """Write what a connection is, with another secret or the one that it has; what the provider sees has to be tested again."""
        found = await self._found(actor, organization, connection, wish=wish)
        if isinstance(found, Refusal):
            return await self._refuse(actor, organization, found, attempted="sso_connection.change")
        keeps = secret is None and wish.has_key == bool(found.public_keys)
        after, proof = proving(drafted(found, wish), wish, secret, kept=keeps, now=self._ambient.now(), random=self._ambient.random)
        refusal = await self._unfit(after, stand_in(wish) if keeps else proof) if wish.provider.saml == found.provider.saml else _PROTOCOL
        if refusal is not None:
            return await self._refuse(actor, organization, refusal, attempted="sso_connection.change")
        if proof is not None:
            after = replace(after, sealed_secret=await self._ready.sealed(after, proof))
        seen = ("provider", "client_id", "settings", "sealed_secret")
        changed = tuple(each for each in (*seen, "name", "default_role", "provisioning") if getattr(found, each) != getattr(after, each))
        if set(changed).isdisjoint(seen):
            after = replace(after, state=found.state, tested_at=found.tested_at, enabled_at=found.enabled_at)
        elif (refusal := await self._last_way(found)) is not None:
            return await self._refuse(actor, organization, refusal, attempted="sso_connection.change")
        names = tuple("secret" if each == "sealed_secret" else each for each in changed)
        if not {"provider", "client_id", "settings"}.isdisjoint(changed):
            names += await self._parts.owner_links.unsettle(actor, found)
        changes = diff(told(found), told(after))
        return await self._written(EventName.SSO_CONNECTION_CHANGED, actor, after, {"changed": names}, changes=changes)

    async def tested(
        self, actor: Principal, tested: Connection, *, organization: OrganizationId, problem: str | None
    ) -> Outcome[Connection]:
        """Keep how a test of `tested` ended: None if it passed, else why not. CONFLICT if the connection was changed meanwhile."""
        found = await self._found(actor, organization, tested.id)
        if not isinstance(found, Refusal) and found.version != tested.version:
            found = Refusal(Reason.CONFLICT, _MOVED)
        if isinstance(found, Refusal):
            return await self._refuse(actor, organization, found, attempted="sso_connection.test")
        passed = problem is None
        after = replace(found, tested_at=self._ambient.now() if passed else None, version=found.version + 1)
        return await self._written(EventName.SSO_CONNECTION_TESTED, actor, after, {"passed": passed, "problem": problem})

    async def rotate_key(self, actor: Principal, connection: ConnectionId, *, organization: OrganizationId) -> Outcome[Connection]:
        """Make another key, which signs from now on; the one before stays published. CONFLICT for a connection with a secret."""
        found = await self._found(actor, organization, connection)
        if not isinstance(found, Refusal) and not found.public_keys:
            found = Refusal(Reason.CONFLICT, "the connection has a secret and no key")
        if isinstance(found, Refusal):
            return await self._refuse(actor, organization, found, attempted="sso_connection.rotate_key")
        after = replace(found, version=found.version + 1)
        pem, published = another_key(after, await self._ready.opened(found), now=self._ambient.now(), random=self._ambient.random)
        after = replace(after, public_keys=published, sealed_secret=await self._ready.sealed(found, pem))
        return await self._written(EventName.SSO_CONNECTION_CHANGED, actor, after, {"changed": ("key",)})

    async def keys(self, connection: ConnectionId) -> Outcome[tuple[Mapping[str, object], ...]]:
        """Return the public keys of a connection, for its provider and everybody; NOT_FOUND where there are none."""
        found = await self._parts.records.get(connection)
        return public_keys(found.public_keys) if found is not None and found.public_keys else _NO_CONNECTION

    async def enable(self, actor: Principal, connection: ConnectionId, *, organization: OrganizationId) -> Outcome[Connection]:
        """Let people sign in through a connection whose test has passed; CONFLICT for one that was not tested as it is."""
        found = await self._found(actor, organization, connection)
        if not isinstance(found, Refusal) and found.tested_at is None:
            found = Refusal(Reason.CONFLICT, "test the connection as it is before people sign in through it")
        if isinstance(found, Refusal):
            return await self._refuse(actor, organization, found, attempted="sso_connection.enable")
        if found.state is ConnectionState.ENABLED:
            return found
        after = replace(found, state=ConnectionState.ENABLED, enabled_at=self._ambient.now(), version=found.version + 1)
        return await self._written(EventName.SSO_CONNECTION_ENABLED, actor, after, {})

    async def disable(self, actor: Principal, connection: ConnectionId, *, organization: OrganizationId) -> Outcome[Connection]:
        """End sign-ins through a connection, and the sessions that came through it."""
        found = await self._given_up(actor, organization, connection)
        if isinstance(found, Refusal):
            return await self._refuse(actor, organization, found, attempted="sso_connection.disable")
        after = replace(found, state=ConnectionState.DISABLED, enabled_at=None, version=found.version + 1)
        return await self._written(EventName.SSO_CONNECTION_DISABLED, actor, after, {})

    async def remove(self, actor: Principal, connection: ConnectionId, *, organization: OrganizationId) -> Outcome[Connection]:
        """Remove a connection with every identity of it; accounts and memberships stay."""
        found = await self._given_up(actor, organization, connection)
        if isinstance(found, Refusal):
            return await self._refuse(actor, organization, found, attempted="sso_connection.remove")
        await self._parts.records.remove(organization, connection)
        await self._parts.epochs.bump(connection)
        await self._note(EventName.SSO_CONNECTION_REMOVED, actor, found, {})
        return found

    async def _found(
        self, actor: Principal, organization: OrganizationId, connection: ConnectionId, *, wish: ConnectionWish | None = None
    ) -> Outcome[Connection]:
        refusal = await self._judge(actor, organization, wish=wish)
        if refusal is not None:
            return refusal
        found = await self._parts.records.get(connection)
        return found if found is not None and found.organization_id == organization else _NO_CONNECTION

    async def _given_up(self, actor: Principal, organization: OrganizationId, connection: ConnectionId) -> Outcome[Connection]:
        """Return a connection that people need not come in through."""
        found = await self._found(actor, organization, connection)
        if isinstance(found, Refusal):
            return found
        refusal = await self._last_way(found)
        return found if refusal is None else refusal

    async def _last_way(self, connection: Connection) -> Refusal | None:
        """Return why a connection may not stop to sign people in, or None: behind the lock that the question of rights took."""
        entrances, organization = self._parts.entrances, connection.organization_id
        if await entrances.required_from(organization, fresh=True) is None:
            return None
        return LAST_WAY if await entrances.enabled(organization) == frozenset({connection.id}) else None

    async def _judge(self, actor: Principal, organization: OrganizationId, *, wish: ConnectionWish | None = None) -> Refusal | None:
        refusal = await self._parts.rights.may(actor, organization=organization, permission=SSO_MANAGE)
        if refusal is None and not actor.credential.second_factor_fresh(now=self._ambient.now()):
            refusal = _STEP_UP
        if refusal is None and wish is not None:
            refusal = await may_give(self._parts.rights, actor, organization=organization, wish=wish)
        return refusal

    async def _unfit(self, connection: Connection, secret: SecretText | None) -> Refusal | None:
        """Return why this is no connection: judged by the very client that would sign people in."""
        if secret is None:
            return _NO_SECRET
        if not 0 < len(connection.name) <= MAX_NAME or not connection.name.isprintable():
            return Refusal(Reason.INVALID_INPUT, f"expected a name of 1 to {MAX_NAME} printable characters")
        if not connection.provider.saml and (not 0 < len(secret.reveal()) <= MAX_SECRET or not secret.reveal().isascii()):
            return Refusal(Reason.INVALID_INPUT, f"expected a client secret of 1 to {MAX_SECRET} ASCII characters")
        try:
            check_fit(connection, secret, await self._ready.around(connection))
        except ValueError as error:
            return Refusal(Reason.INVALID_INPUT, str(error))
        return None

    async def _written(
        self, name: EventName, actor: Principal, after: Connection, details: Mapping[str, Detail], *, changes: tuple[Change, ...] = ()
    ) -> Connection:
        if not await self._parts.records.replace(after):
            raise StoreBusy(_MOVED)
        await self._parts.epochs.bump(after.id)
        await self._note(name, actor, after, details, changes=changes)
        return after

    async def _note(
        self, name: EventName, actor: Principal, connection: Connection, details: Mapping[str, Detail], *, changes: tuple[Change, ...] = ()
    ) -> None:
        target, organization = Target("sso_connection", connection.id), connection.organization_id
        await self._audit.note(name, actor=actor, targets=(target,), organization=organization, details=details, changes=changes)

    async def _refuse(self, actor: Principal, organization: OrganizationId, refusal: Refusal, *, attempted: str) -> Refusal:
        target = Target("organization", organization)
        details = {"attempted": attempted}
        await self._audit.note_aside(
            EventName.ACCESS_DENIED, actor=actor, targets=(target,), refused=refusal.reason, organization=organization, details=details
        )
        return refusal
