"""Sessions that a provider is asked about again: claimed, and what its answer makes of them (async source).

Rules that this module keeps:

- a grant is claimed, and that is committed, before its token is used: of two workers one asks;
- a refresh token whose worker was lost is not used again: its session ends, and nothing else;
- what a provider gave in exchange is written before anything else is asked;
- a no ends every session of the identity through the connection; no answer ends nothing until the session was unheard for too long;
- a token whose key was destroyed, or that does not open, can not be asked with any more: its session ends at once, and the log says so;
- a refresh token that is refused after an answer was lost may be one that was replaced: that session ends alone, others are asked about;
- a session that is over is given up: its grant is deleted, then its token is given back.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from ctsec.ambient import Ambient
from ctsec.errors import DecryptionFailed, KeyNotFound
from ctsec.ids import SessionId
from ctsec.secret import SecretText
from ctsec.sso._async_grants import AsyncGrantParts, AsyncGrants
from ctsec.sso._async_ports import AsyncRefreshed, AsyncSsoClients
from ctsec.sso._async_record_ports import AsyncIdentityRecords
from ctsec.sso.grant import Grant, Token, grant_context, pack, unpack
from ctsec.sso.oidc.client import OidcClient
from ctsec.sso.oidc.identity import ExternalIdentity
from ctsec.sso.oidc.reason import OidcReason
from ctsec.sso.record import Connection, identity_digest

BATCH: Final = 200
# What a provider says of a person, and not of the moment.
NOES: Final = frozenset(
    each.value
    for each in (
        OidcReason.GRANT_REFUSED,
        OidcReason.REFRESHED_OTHER_SUBJECT,
        OidcReason.REFRESHED_OTHER_ISSUER,
        OidcReason.REFRESHED_OTHER_SIGN_IN,
        OidcReason.USERINFO_WRONG_SUBJECT,
        OidcReason.NO_IDENTITY,
        OidcReason.WRONG_DOMAIN,
        OidcReason.WRONG_DIRECTORY,
        OidcReason.NOT_A_MEMBER,
    )
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A grant that one worker may ask about; `over` if there is no session any more, and the token is only to be given back."""

    grant: Grant
    connection: Connection
    client: OidcClient
    token: Token
    over: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class AsyncCheckParts:
    """What checks take beside grants: whose identities are, the clients of connections, and who hears of what is new."""

    identities: AsyncIdentityRecords
    clients: AsyncSsoClients
    refreshed: AsyncRefreshed


class AsyncChecks:
    """What the worker does with grants in short transactions; the provider is asked between them."""

    __slots__ = ("_ambient", "_grants", "_more", "_parts")

    def __init__(self, parts: AsyncGrantParts, *, more: AsyncCheckParts, grants: AsyncGrants, ambient: Ambient) -> None:
        self._parts = parts
        self._more = more
        self._grants = grants
        self._ambient = ambient

    async def due(self) -> tuple[SessionId, ...]:
        """Return the sessions that are to be asked about, at most two hundred."""
        found = await self._parts.grants.due(now=self._ambient.now(), limit=BATCH)
        return tuple(each.session_id for each in found)

    async def claim(self, session_id: SessionId) -> Claim | None:
        """Claim a due grant for this worker; None if there is nothing to ask: another has it, or its session is over and it had no token.

        Raises as the sealer does where its token can not be opened now, but may be later.
        """
        now = self._ambient.now()
        grant = await self._parts.grants.get(session_id)
        if grant is None or grant.due_at > now or (grant.claimed_until is not None and now < grant.claimed_until):
            return None
        connection, over = await self._standing(grant)
        if connection is None or not grant.sealed:
            await self._parts.grants.remove(session_id)
            return None
        try:
            claim = await self._opened(grant, connection, over=over)
        except (DecryptionFailed, KeyNotFound):
            await self._close(grant, why="token_unreadable")
            return None
        except ValueError:
            # The connection fits its provider no more, so nobody comes in through it: the last verified domain is gone, for one.
            await self._close(grant, why="connection_unfit")
            return None
        if over:
            return claim if await self._parts.grants.remove(session_id) else None
        if grant.claimed_until is not None and claim.token.refreshes:
            await self._close(grant, why="interrupted")
            return None
        taken = grant.claimed(now=now)
        return replace(claim, grant=taken) if await self._parts.grants.replace(taken) else None

    async def renewed(self, claim: Claim, refresh_token: SecretText) -> Claim | None:
        """Write the refresh token that the provider gave for the one that was used; None if the grant is not this worker's any more."""
        token = replace(claim.token, secret=refresh_token)
        after = replace(claim.grant, sealed=await self._sealed(claim.grant, token), version=claim.grant.version + 1)
        return replace(claim, grant=after, token=token) if await self._parts.grants.replace(after) else None

    async def checked(self, claim: Claim, identity: ExternalIdentity) -> bool:
        """Note that the provider says yes, and let others hear what it says now; False if the session ended instead, or meanwhile."""
        if identity_digest(*identity.key) != claim.grant.identity:
            return await self.refused(claim, OidcReason.REFRESHED_OTHER_SUBJECT.value)
        linked = await self._more.identities.get(claim.grant.identity)
        if linked is None or linked.user_id != claim.grant.user_id:
            return await self.refused(claim, "identity_not_linked")
        sealed = claim.grant.sealed if claim.token.refreshes else await self._sealed(claim.grant, claim.token)
        after = claim.grant.checked(now=self._ambient.now(), policy=self._parts.policy, random=self._ambient.random, sealed=sealed)
        if not await self._parts.grants.replace(after):
            return False
        await self._more.refreshed.refreshed(claim.connection, claim.grant.user_id, identity)
        return True

    async def refused(self, claim: Claim, why: str) -> bool:
        """End every session of the identity through the connection, or, where the no may be about the token alone, this one; False."""
        if why == OidcReason.GRANT_REFUSED.value and claim.token.refreshes and claim.grant.failures:
            await self._close(claim.grant, why="interrupted")
            return False
        every = await self._parts.grants.of_identity(claim.grant.identity)
        await self._grants.end(every, why=why)
        await self._parts.grants.remove(claim.grant.session_id)
        return False

    async def unheard(self, session_id: SessionId, *, asked: bool) -> None:
        """Note that there was no answer: the next question comes later, or the session ends, if there was none for too long.

        `asked` says that this worker has claimed the grant, and gives the claim back.
        """
        grant, now = await self._parts.grants.get(session_id), self._ambient.now()
        if grant is None:
            return
        _, over = await self._standing(grant)
        if over:
            await self._parts.grants.remove(session_id)
        elif now >= grant.counts_until(self._parts.policy):
            await self._close(grant, why="provider_not_heard")
        else:
            after = grant.unheard(now=now)
            await self._parts.grants.replace(after if asked else replace(after, claimed_until=grant.claimed_until))

    async def _standing(self, grant: Grant) -> tuple[Connection | None, bool]:
        """Return the connection of a grant, and whether its session is over."""
        connection = await self._parts.connections.get(grant.connection_id)
        session = await self._parts.sessions.get(grant.session_id)
        live = session is not None and session.live(now=self._ambient.now())
        carried = session is not None and connection is not None and connection.carries(grant.began_at)
        return connection, not (live and carried)

    async def _opened(self, grant: Grant, connection: Connection, *, over: bool) -> Claim:
        context = grant_context(grant.organization_id, grant.session_id)
        token = unpack(await self._parts.sealer.open(grant.sealed, context=context))
        return Claim(grant=grant, connection=connection, client=await self._more.clients.client(connection), token=token, over=over)

    async def _sealed(self, grant: Grant, token: Token) -> bytes:
        return await self._parts.sealer.seal(pack(token), context=grant_context(grant.organization_id, grant.session_id))

    async def _close(self, grant: Grant, *, why: str) -> None:
        await self._grants.end((grant,), why=why)
        await self._parts.grants.remove(grant.session_id)
