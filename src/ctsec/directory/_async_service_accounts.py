"""Service accounts of organizations: made, disabled, enabled and removed (async source).

Every change is judged twice with authority read after the organization is locked: by the permission of that name, and by the write rules
that judge the membership of a person with the same roles. Workspace roles are given and taken through `roles`, as those of people are.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from ctsec.ambient import Ambient
from ctsec.audit._async_ports import AsyncRecorder
from ctsec.audit.event import NOTHING, Detail, EventName, Target
from ctsec.directory._async_leaving import AsyncBelongs, AsyncOwnedKeys
from ctsec.directory._async_ports import AsyncAuthority, AsyncEpochRecords, AsyncMembershipRecords, AsyncOrganizationRecords
from ctsec.directory._async_service_ports import AsyncOwnedRules, AsyncServiceAccountRecords
from ctsec.directory.record import OWNER, Membership, MembershipStatus
from ctsec.directory.service_account import SeatedAccount, ServiceAccount
from ctsec.errors import StoreBusy
from ctsec.ids import OrganizationId, ServiceAccountId, UserId, new_id
from ctsec.outcome import Outcome, Reason, Refusal
from ctsec.principal import Principal
from ctsec.user import parse_name

MAX_PAGE: Final = 500
_MANAGE: Final = "service_accounts:manage"
_NOT_FOUND: Final = Refusal(Reason.NOT_FOUND, "there is no such service account")
_OWNER: Final = Refusal(Reason.INVALID_INPUT, "a service account is never an owner; give it the role admin, or less")
_MOVED: Final = "the membership changed although its organization was locked; roll back and try again"


@dataclass(frozen=True, slots=True, kw_only=True)
class AsyncServiceAccountParts:
    """The records that service accounts are kept in, and who judges."""

    accounts: AsyncServiceAccountRecords
    memberships: AsyncMembershipRecords
    organizations: AsyncOrganizationRecords
    keys: AsyncOwnedKeys
    rules: AsyncOwnedRules
    authority: AsyncAuthority
    belongings: AsyncBelongs
    epochs: AsyncEpochRecords


class AsyncServiceAccounts:
    """The service accounts of organizations."""

    __slots__ = ("_ambient", "_audit", "_parts")

    def __init__(self, parts: AsyncServiceAccountParts, *, audit: AsyncRecorder, ambient: Ambient) -> None:
        self._parts = parts
        self._audit = audit
        self._ambient = ambient

    async def create(self, actor: Principal, *, organization: OrganizationId, name: str, role: str = "member") -> Outcome[SeatedAccount]:
        """Make a service account with an organization role: one that `actor` could give to a person, and not owner."""
        refusal = await self._may(actor, organization)
        if refusal is None and role == OWNER:
            refusal = _OWNER
        if refusal is None:
            refusal = await self._parts.authority.may_admit(
                actor, organization=organization, role=role, workspace=None, workspace_role=None
            )
        if refusal is not None:
            return await self._refuse(actor, organization, refusal, attempted="service_account.create")
        try:
            label = parse_name(name)
        except ValueError as error:
            return Refusal(Reason.INVALID_INPUT, str(error))
        now = self._ambient.now()
        account = ServiceAccount(
            id=new_id(ServiceAccountId, now=now, random=self._ambient.random),
            organization_id=organization,
            name=label,
            created_by=actor.id,
            created_at=now,
        )
        seat = Membership(
            organization_id=organization,
            user_id=UserId(account.id),
            role=role,
            status=MembershipStatus.ACTIVE,
            starts_at=None,
            expires_at=None,
            created_at=now,
        )
        await self._parts.accounts.add(account)
        if not await self._parts.memberships.add(seat):
            raise StoreBusy(_MOVED)
        await self._changed(EventName.SERVICE_ACCOUNT_CREATED, actor, account, {"name": label, "role": role})
        return SeatedAccount(account, seat)

    async def get(self, actor: Principal, *, organization: OrganizationId, account: ServiceAccountId) -> Outcome[SeatedAccount]:
        """Return a service account; it takes the permission that managing takes."""
        refusal = await self._may(actor, organization)
        return await self._seated(organization, account) if refusal is None else refusal

    async def of_organization(
        self, actor: Principal, *, organization: OrganizationId, after: str = "", limit: int = 100
    ) -> Outcome[tuple[SeatedAccount, ...]]:
        """Return service accounts with an id above `after`, at most 500; it takes the permission that managing takes."""
        refusal = await self._parts.authority.may(actor, organization=organization, permission=_MANAGE, lock=False)
        if refusal is not None:
            return refusal
        found = await self._parts.accounts.of_organization(organization, after=after, limit=min(limit, MAX_PAGE))
        seats = [(each, await self._parts.memberships.get(organization, UserId(each.id))) for each in found]
        return tuple(SeatedAccount(account, seat) for account, seat in seats if seat is not None)

    async def disable(self, actor: Principal, *, organization: OrganizationId, account: ServiceAccountId) -> Outcome[SeatedAccount]:
        """Take every right away and keep roles and keys asleep; its keys are refused with the commit."""
        user = UserId(account)
        refusal = await self._may(actor, organization)
        if refusal is None:
            refusal = await self._parts.authority.may_touch(actor, organization=organization, user=user)
        if refusal is None and account == actor.id:
            refusal = Refusal(Reason.SELF_CHANGE, "nobody disables themselves")
        return await self._turn(actor, organization, account, refusal, to=MembershipStatus.SUSPENDED)

    async def enable(self, actor: Principal, *, organization: OrganizationId, account: ServiceAccountId) -> Outcome[SeatedAccount]:
        """Wake roles and keys, which is judged as granting them."""
        refusal = await self._may(actor, organization)
        if refusal is None:
            refusal = await self._parts.authority.may_restore(actor, organization=organization, user=UserId(account))
        return await self._turn(actor, organization, account, refusal, to=MembershipStatus.ACTIVE)

    async def remove(self, actor: Principal, *, organization: OrganizationId, account: ServiceAccountId) -> Outcome[ServiceAccount]:
        """End a service account with its roles, its keys and the rules that give it keys, for good."""
        user = UserId(account)
        refusal = await self._may(actor, organization)
        found = await self._seated(organization, account) if refusal is None else refusal
        if not isinstance(found, Refusal):
            judged = await self._parts.authority.may_touch(actor, organization=organization, user=user)
            found = found if judged is None else judged
        if isinstance(found, Refusal):
            return await self._refuse(actor, organization, found, attempted="service_account.remove", account=account)
        await self._parts.belongings.expel(organization=organization, user=user)
        if not await self._parts.memberships.remove(organization, user) or not await self._parts.accounts.remove(organization, account):
            raise StoreBusy(_MOVED)
        for key in await self._parts.keys.of_owner(organization, account):
            if key.revoked_at is None and await self._parts.keys.revoke(organization, key.id, now=self._ambient.now()):
                await self._parts.epochs.bump(key.id)
                await self._note(EventName.API_KEY_REVOKED, actor, organization, Target("api_key", key.id))
        for rule in await self._parts.rules.of_organization(organization):
            if rule.account_id == account and await self._parts.rules.remove(organization, rule.id):
                await self._note(EventName.WORKLOAD_RULE_REMOVED, actor, organization, Target("workload_rule", rule.id))
        await self._changed(EventName.SERVICE_ACCOUNT_REMOVED, actor, found.account, {"role": found.membership.role})
        return found.account

    async def _turn(
        self, actor: Principal, organization: OrganizationId, account: ServiceAccountId, refusal: Refusal | None, *, to: MembershipStatus
    ) -> Outcome[SeatedAccount]:
        on = to is MembershipStatus.ACTIVE
        found = await self._seated(organization, account) if refusal is None else refusal
        if isinstance(found, Refusal):
            attempted = "service_account.enable" if on else "service_account.disable"
            return await self._refuse(actor, organization, found, attempted=attempted, account=account)
        before = await self._parts.memberships.get(organization, UserId(account), fresh=True)
        if before is None or before.status is to:
            return found if before is not None else _NOT_FOUND
        after = replace(before, status=to, version=before.version + 1)
        if not await self._parts.memberships.replace(after):
            raise StoreBusy(_MOVED)
        name = EventName.SERVICE_ACCOUNT_ENABLED if on else EventName.SERVICE_ACCOUNT_DISABLED
        await self._changed(name, actor, found.account, NOTHING)
        return SeatedAccount(found.account, after)

    async def _seated(self, organization: OrganizationId, account: ServiceAccountId) -> Outcome[SeatedAccount]:
        found = await self._parts.accounts.get(organization, account)
        seat = await self._parts.memberships.get(organization, UserId(account))
        return SeatedAccount(found, seat) if found is not None and seat is not None else _NOT_FOUND

    async def _may(self, actor: Principal, organization: OrganizationId) -> Refusal | None:
        return await self._parts.authority.may(actor, organization=organization, permission=_MANAGE)

    async def _changed(self, name: EventName, actor: Principal, account: ServiceAccount, details: Mapping[str, Detail]) -> None:
        await self._parts.organizations.advance_roles(account.organization_id)
        await self._parts.epochs.bump(account.id)
        await self._note(name, actor, account.organization_id, Target("service_account", account.id), details)

    async def _note(
        self, name: EventName, actor: Principal, organization: OrganizationId, target: Target, details: Mapping[str, Detail] = NOTHING
    ) -> None:
        await self._audit.note(name, actor=actor, targets=(target,), organization=organization, details=details)

    async def _refuse(
        self, actor: Principal, organization: OrganizationId, refusal: Refusal, *, attempted: str, account: str = ""
    ) -> Refusal:
        await self._audit.note_aside(
            EventName.ACCESS_DENIED,
            actor=actor,
            targets=(Target("service_account", account),),
            refused=refusal.reason,
            organization=organization,
            details={"attempted": attempted},
        )
        return refusal
