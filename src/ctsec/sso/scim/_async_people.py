"""Users that a provider pushes: kept, and carried out on memberships (async source).

Rules that this module keeps:

- a user is of the account with its address only if the organization has verified the address's domain; an account whose address its person
  never confirmed is not taken: it may be a stranger's; without an account a resource gives nothing;
- which account a user is of is decided once: another address later changes the resource and nothing else;
- of an account nothing is changed: not its address, its name, its password, its factors, nor whether it is disabled;
- `active` false and a deletion end the membership, whoever made it and whatever its role, by the one way in which memberships end; the
  organization may lose its last owner so; `active` true gives back what this provider ended, never as an owner, and not what an
  administrator ended or suspended;
- roles are what the rules of the connection give for the groups that were pushed; while no group was pushed they are unknown;
- where the connection for sign-in is gone that had the rules, nobody is let in and no role changes, and who is gone still goes;
- what changed of a member's work is told by the names of attributes, as a move;
- of an owner no role is given or taken, in no workspace, unless an owner allowed that;
- every write locks the organization first, and names its connection in every question.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from ctsec.ambient import Ambient
from ctsec.audit._async_ports import AsyncRecorder
from ctsec.audit.event import Detail, EventName, Target
from ctsec.directory.lifecycle import Cause
from ctsec.directory.record import Membership
from ctsec.errors import StoreBusy
from ctsec.ids import ScimUserId, UserId, new_id
from ctsec.outcome import Outcome, Reason, Refusal
from ctsec.principal import system
from ctsec.rbac.role import OWNER
from ctsec.sso._async_ports import AsyncSsoAccounts, AsyncSsoDomains
from ctsec.sso.oidc.identity import ExternalIdentity
from ctsec.sso.scim._async_ports import (
    AsyncScimConnectionRecords,
    AsyncScimDepartures,
    AsyncScimGroupRecords,
    AsyncScimMemberRecords,
    AsyncScimMemberships,
    AsyncScimOrganizations,
    AsyncScimProvisioning,
    AsyncScimUserRecords,
)
from ctsec.sso.scim._async_same import AsyncSamePeople
from ctsec.sso.scim.drift import Look
from ctsec.sso.scim.record import ScimState, ScimUser, name_key
from ctsec.sso.scim.source import ScimSource
from ctsec.sso.scim.wish import UserWish, wished
from ctsec.sso.scim.work import moves
from ctsec.user import User, UserStatus, parse_email, parse_name

_TAKEN: Final = Refusal(Reason.ALREADY_EXISTS, "a user of this userName is there already")
_GONE: Final = Refusal(Reason.NOT_FOUND, "there is no such user")
_LEFT: Final = Refusal(Reason.DENIED, "an administrator removed this person; they come back by an invitation")
_MOVED: Final = "the user changed although its organization was locked; try again"


@dataclass(frozen=True, slots=True, kw_only=True)
class AsyncScimPeopleParts:
    """What pushed users are kept in, and carried out with."""

    records: AsyncScimConnectionRecords
    users: AsyncScimUserRecords
    groups: AsyncScimGroupRecords
    members: AsyncScimMemberRecords
    accounts: AsyncSsoAccounts
    domains: AsyncSsoDomains
    organizations: AsyncScimOrganizations
    memberships: AsyncScimMemberships
    departures: AsyncScimDepartures
    provisioning: AsyncScimProvisioning
    same: AsyncSamePeople


class AsyncScimPeople:
    """The users of SCIM connections. Who calls it has proved the connection, and passes its record."""

    __slots__ = ("_ambient", "_audit", "_parts")

    def __init__(self, parts: AsyncScimPeopleParts, *, audit: AsyncRecorder, ambient: Ambient) -> None:
        self._parts = parts
        self._audit = audit
        self._ambient = ambient

    async def create(self, source: ScimSource, wish: UserWish) -> Outcome[ScimUser]:
        """Keep a new user, and make its person a member. Reasons: ALREADY_EXISTS, DENIED."""
        await self._parts.organizations.lock(source.organization)
        if await self._parts.users.named(source.scim.id, name=name_key(wish.user_name)):
            return _TAKEN
        now = self._ambient.now()
        made = ScimUser(
            id=new_id(ScimUserId, now=now, random=self._ambient.random),
            scim_id=source.scim.id,
            organization_id=source.organization,
            user_id=None,
            user_name="",
            name_key="",
            external_id=None,
            external_key=None,
            state=ScimState.INACTIVE,
            attributes="{}",
            created_at=now,
            changed_at=now,
            version=0,
        )
        made, why = await self._linked(source, wished(made, wish), wish)
        standing = await self.settle(source, made)
        if isinstance(standing, Refusal):
            return standing
        await self._parts.users.add(made)
        return await self._noted(source, made, EventName.SCIM_USER_CREATED, why=why or standing)

    async def change(self, source: ScimSource, user_id: ScimUserId, wish: UserWish, *, version: int | None = None) -> Outcome[ScimUser]:
        """Write a user as it is told now, over `version` if one is named.

        Reasons: NOT_FOUND, CONFLICT, ALREADY_EXISTS, DENIED.
        """
        await self._parts.organizations.lock(source.organization)
        before = await self._parts.users.get(source.scim.id, user_id)
        if before is None:
            return _GONE
        if version is not None and before.version != version:
            return Refusal(Reason.CONFLICT, "the user was changed meanwhile")
        named = await self._parts.users.named(source.scim.id, name=name_key(wish.user_name))
        if any(each.id != user_id for each in named):
            return _TAKEN
        after, why = wished(before, wish), ""
        if after.user_id is None:
            after, why = await self._linked(source, after, wish)
        after = replace(after, changed_at=self._ambient.now())
        standing = await self.settle(source, after)
        if isinstance(standing, Refusal):
            return standing
        if not await self._parts.users.replace(after):
            raise StoreBusy(_MOVED)
        await self._noted(source, after, EventName.SCIM_USER_CHANGED, why=why or standing)
        if not (why or standing):
            await self._reassigned(source, after, moves(before.attributes, after.attributes))
        return after

    async def remove(self, source: ScimSource, user_id: ScimUserId, *, version: int | None = None) -> Outcome[ScimUser]:
        """Forget a user and end its membership; the account stays. Reasons: NOT_FOUND, CONFLICT."""
        await self._parts.organizations.lock(source.organization)
        before = await self._parts.users.get(source.scim.id, user_id)
        if before is None:
            return _GONE
        if version is not None and before.version != version:
            return Refusal(Reason.CONFLICT, "the user was changed meanwhile")
        after = replace(before, state=ScimState.INACTIVE)
        standing = await self.settle(source, after)
        if isinstance(standing, Refusal):
            return standing
        await self._parts.users.remove(source.scim.id, user_id)
        return await self._noted(source, after, EventName.SCIM_USER_REMOVED, why=standing)

    async def settle(self, source: ScimSource, user: ScimUser, *, grouped: bool = False) -> Outcome[str]:
        """Bring the membership of a user's person to what is told of it; return in one word why it is not a member, empty if it is.

        `grouped` says that the provider has just spoken of groups: then a user in none is in none, though no group is left.
        """
        if user.user_id is None:
            return "no_account"
        account = await self._parts.accounts.get(user.user_id)
        if account is None:
            return "no_account"
        membership = await self._parts.memberships.get(source.organization, account.id, fresh=True)
        if not user.active:
            if membership is not None:
                await self._end(source, membership, but=user)
            return "inactive"
        if source.adrift:
            return "connection_removed"
        identity = await self._identity(source, user, grouped=grouped)
        if membership is not None:
            barred = self._parts.provisioning.barred(source.giver, identity)
            if membership.role == OWNER and source.scim.owners_by is None and not barred:
                return ""
            return await self._parts.provisioning.refresh(source.giver, account, identity)
        return await self._admitted(source, account, identity)

    async def look(self, source: ScimSource, user: ScimUser) -> Look:
        """Return what a user is, and what pushing it again would make of it; nothing changes."""
        account = await self._parts.accounts.get(user.user_id) if user.user_id is not None else None
        if account is None:
            return Look(user=user, why="no_account")
        identity = await self._identity(source, user, grouped=False)
        seen = await self._parts.provisioning.foresee_of(source.giver, identity, user=account.id)
        why = seen.barred
        if not user.active:
            twice = seen.member is not None and await self._there_twice(source, account.id, but=user)
            why = "there_twice" if twice else "inactive"
        elif source.adrift:
            why = "connection_removed"
        elif seen.member is None:
            barred = await self._barred(source, account, identity)
            why = "removed" if isinstance(barred, Refusal) else barred
        return Look(user=user, why=why, groups=identity.groups, foreseen=seen)

    async def _admitted(self, source: ScimSource, account: User, identity: ExternalIdentity) -> Outcome[str]:
        why = await self._barred(source, account, identity)
        if why == "":
            await self._parts.provisioning.admit(source.giver, account, identity, by=system(source.scim.id))
        return why

    async def _barred(self, source: ScimSource, account: User, identity: ExternalIdentity) -> Outcome[str]:
        """Return in one word why an account does not come in, empty if it does; a refusal if somebody removed it."""
        left = await self._parts.memberships.departure(source.organization, account.id)
        own = left is None or left.removed_by in {source.scim.id, source.giver.id}
        if not own and not await self._parts.departures.invited(source.organization, account.email_key):
            return _LEFT
        if account.status is not UserStatus.ACTIVE:
            return "account_disabled"
        if not await self._speaks_for(source, account.email_key):
            return "address_of_another_domain"
        return self._parts.provisioning.barred(source.giver, identity)

    async def _there_twice(self, source: ScimSource, account: UserId, *, but: ScimUser) -> bool:
        """Tell whether the provider has a person twice, and the other one is there."""
        others = await self._parts.users.of_account(source.scim.id, account)
        return any(each.id != but.id and each.active for each in others)

    async def _end(self, source: ScimSource, membership: Membership, *, but: ScimUser) -> None:
        if await self._there_twice(source, membership.user_id, but=but):
            return
        await self._parts.departures.force(system(source.scim.id), membership, cause=Cause.PROVIDER, connection=source.giver.id)

    async def _identity(self, source: ScimSource, user: ScimUser, *, grouped: bool) -> ExternalIdentity:
        """Return what the provider says of a person: its groups, and nothing by which an account would be found or renamed."""
        groups: tuple[str, ...] | None = None
        if grouped or await self._parts.groups.count(source.scim.id):
            found = [await self._parts.groups.get(source.scim.id, group) for _, group in await self._parts.members.groups_of([user.id])]
            groups = tuple(name for each in found if each is not None for name in each.names)
        return ExternalIdentity(connection=source.giver.id, issuer="scim", subject=user.id, groups=groups)

    async def _linked(self, source: ScimSource, user: ScimUser, wish: UserWish) -> tuple[ScimUser, str]:
        """Return a user with the account that it is of, and in one word why it is nobody's; an active one gets an account if need be."""
        try:
            address, key = parse_email(wish.address)
        except ValueError:
            return user, "no_address"
        if not await self._speaks_for(source, key):
            return user, "address_of_another_domain"
        account = await self._parts.accounts.by_email(key)
        if account is None:
            if not user.active:
                return user, "inactive"
            account = await self._new_account(address, key, wish.display)
        elif account.email_verified_at is None and not await self._same(source, user, account):
            return user, "address_not_verified"
        return replace(user, user_id=account.id), ""

    async def _same(self, source: ScimSource, user: ScimUser, account: User) -> bool:
        """Tell whether an account whose address nobody confirmed is the user's; where it is only this provider's, what it holds ends."""
        if await self._parts.same.arrived(source.giver, user.external_id, user=account.id):
            return True
        membership = await self._parts.memberships.get(source.organization, account.id, fresh=True)
        if not user.active and membership is not None and membership.provisioned_by == source.giver.id:
            await self._end(source, membership, but=user)
        return False

    async def _new_account(self, address: str, key: str, display: str) -> User:
        try:
            name = parse_name(display)
        except ValueError:
            name = address.rpartition("@")[0][:200] or address
        now = self._ambient.now()
        made = User(
            id=new_id(UserId, now=now, random=self._ambient.random),
            email=address,
            email_key=key,
            name=name,
            status=UserStatus.ACTIVE,
            email_verified_at=now,
            created_at=now,
        )
        if not await self._parts.accounts.add(made):
            raise StoreBusy("an account of this address was made meanwhile; try again")
        return made

    async def _speaks_for(self, source: ScimSource, email_key: str) -> bool:
        domain = await self._parts.domains.get(email_key.rpartition("@")[2])
        return domain is not None and domain.organization_id == source.organization

    async def _reassigned(self, source: ScimSource, user: ScimUser, changed: tuple[str, ...]) -> None:
        if not changed or user.user_id is None:
            return
        details: Mapping[str, Detail] = {"scim": source.scim.id, "changed": changed}
        target, organization = Target("user", user.user_id), source.organization
        await self._audit.note(
            EventName.MEMBER_REASSIGNED,
            actor=system(source.scim.id),
            targets=(target,),
            subject=user.user_id,
            organization=organization,
            details=details,
        )

    async def _noted(self, source: ScimSource, user: ScimUser, name: EventName, *, why: str) -> ScimUser:
        details: Mapping[str, Detail] = {"scim": source.scim.id, "active": user.active, "why": why}
        await self._audit.note(
            name,
            actor=system(source.scim.id),
            targets=(Target("scim_user", user.id),),
            subject=user.user_id,
            organization=source.organization,
            details=details,
        )
        return user
