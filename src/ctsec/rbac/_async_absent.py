"""Whether somebody who is not here still may what was done in their name (async source)."""

from __future__ import annotations

from ctsec.ids import OrganizationId, ServiceAccountId, UserId, WorkspaceId
from ctsec.outcome import Reason, Refusal
from ctsec.rbac._async_acting import NOT_FOUND, AsyncActing
from ctsec.rbac._async_ports import AsyncAccountStates
from ctsec.rbac.bounds import Actor
from ctsec.rbac.minting import may_mint_for
from ctsec.user import UserStatus


class AsyncAbsentMinters:
    """Judges keys that are made by a rule, in the name of who made the rule, with locking reads."""

    __slots__ = ("_accounts", "_acting")

    def __init__(self, acting: AsyncActing, *, accounts: AsyncAccountStates) -> None:
        self._acting = acting
        self._accounts = accounts

    async def may_still_mint_for(
        self,
        minter: str,
        *,
        organization: OrganizationId,
        account: ServiceAccountId,
        scopes: frozenset[str] | None,
        workspaces: frozenset[WorkspaceId] | None,
    ) -> Refusal | None:
        """Return why no key of the service account is to be made now in the name of `minter`, who let it be made before, or None.

        Whoever let it be made is not here, so nothing is asked of a credential; the account has to be enabled.
        """
        acting = self._acting
        if not await acting.owners.lock(organization):
            return NOT_FOUND
        standing, target = await acting.target(organization, UserId(minter)), await acting.target(organization, UserId(account))
        if standing is None or target is None:
            return NOT_FOUND
        person = await self._accounts.get(UserId(minter))  # None: a service account, whose standing says whether it is enabled
        closed = person is not None and person.status is not UserStatus.ACTIVE
        if closed or not standing.in_force(acting.now) or not target.in_force(acting.now):
            return Refusal(Reason.DENIED, "the service account is disabled, or who let its keys be made is no member in force")
        policy, maker = await acting.policy(standing), Actor(standing=standing)
        return may_mint_for(policy, actor=maker, target=target, scopes=scopes, workspaces=workspaces, now=acting.now)
