"""Whether an account is nobody's but the provider's that made it up (async source).

Rules that this module keeps:

- a connection's account is one that it made, of an address in a domain that its organization has verified still; every identity of it is at
  that connection, none was linked by the person from inside;
- it has no password, belongs to no other organization, and no session of it began in another way;
- what is not known to be so is somebody's own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from ctsec.ambient import Ambient
from ctsec.authn.record import Session
from ctsec.authn.ticket import Passage
from ctsec.directory.record import Membership
from ctsec.ids import UserId
from ctsec.sso._async_ports import AsyncSsoDomains
from ctsec.sso._async_record_ports import AsyncIdentityRecords
from ctsec.sso.record import LinkedBy
from ctsec.user import User


class AsyncOriginMemberships(Protocol):
    """To which organizations people belong."""

    async def of_user(self, user_id: UserId) -> tuple[Membership, ...]:
        """Return the memberships of a person, of whatever state."""
        ...


class AsyncOriginPasswords(Protocol):
    """Whether people have passwords."""

    async def get(self, user_id: UserId) -> object | None:
        """Return the record of a password, or None."""
        ...


class AsyncOriginSessions(Protocol):
    """The sessions of people."""

    async def of_user(self, user_id: UserId) -> tuple[Session, ...]:
        """Return the sessions of a person."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class AsyncOriginParts:
    """What tells where an account comes from."""

    identities: AsyncIdentityRecords
    domains: AsyncSsoDomains
    memberships: AsyncOriginMemberships
    passwords: AsyncOriginPasswords
    sessions: AsyncOriginSessions


class AsyncAccountOrigins:
    """Tells accounts that a connection made up from those that are somebody's own."""

    __slots__ = ("_ambient", "_parts")

    def __init__(self, parts: AsyncOriginParts, *, ambient: Ambient) -> None:
        self._parts = parts
        self._ambient = ambient

    async def rests_on(self, user: User, passage: Passage) -> bool:
        """Say whether an account was made by this connection and is nobody's elsewhere: it has nothing of its own to sign in with."""
        linked = await self._parts.identities.of_user(user.id)
        made = any(each.linked_by is LinkedBy.CREATED for each in linked)
        if not made or any(each.connection_id != passage.connection or each.linked_by is LinkedBy.PERSON for each in linked):
            return False
        domain = await self._parts.domains.get(user.email_key.rpartition("@")[2])
        if domain is None or domain.organization_id != passage.organization:
            return False
        if any(each.organization_id != passage.organization for each in await self._parts.memberships.of_user(user.id)):
            return False
        if await self._parts.passwords.get(user.id) is not None:
            return False
        now = self._ambient.now()
        return all(each.connection_id == passage.connection for each in await self._parts.sessions.of_user(user.id) if each.live(now=now))
