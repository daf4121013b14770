"""What every change of roles does: lock the organization, read authority after waiting, write the event with the change (async source)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from ctsec.ambient import Ambient
from ctsec.audit._async_ports import AsyncRecorder
from ctsec.audit.change import Change
from ctsec.audit.event import NOTHING, Detail, EventName, Target
from ctsec.ids import OrganizationId, UserId, WorkspaceId
from ctsec.outcome import Outcome, Reason, Refusal
from ctsec.principal import Principal
from ctsec.rbac._async_ports import AsyncEpochRecords, AsyncOwnerCount, AsyncPolicySource, AsyncStandingRecords
from ctsec.rbac.bounds import Actor, actor_of
from ctsec.rbac.entrance import SSO_REQUIRED, lacks_sso
from ctsec.rbac.methods import MethodTable
from ctsec.rbac.policy import Policy
from ctsec.rbac.requirement import MFA_REQUIRED, lacks_mfa
from ctsec.rbac.standing import Standing
from ctsec.rbac.subject import subject

_NOWHERE: Final = OrganizationId("")
NOT_FOUND: Final = Refusal(Reason.NOT_FOUND, "there is no such organization, workspace or member")


@dataclass(frozen=True, slots=True, kw_only=True)
class AsyncActing:
    """The records that a change of roles reads and writes besides its own, what judges it, and where its event goes.

    Without `locks` no organization is locked: for a reading, which writes nothing and could not.
    """

    policies: AsyncPolicySource
    methods: MethodTable | None
    standings: AsyncStandingRecords
    owners: AsyncOwnerCount
    epochs: AsyncEpochRecords
    audit: AsyncRecorder
    ambient: Ambient
    locks: bool = True

    @property
    def now(self) -> datetime:
        """The unit's time."""
        return self.ambient.now()

    async def actor(
        self, principal: Principal, organization: OrganizationId, *, lock: bool = True, permission: str | None = None
    ) -> Outcome[Actor]:
        """Lock the organization and return what `principal` is there, read after waiting; without `lock` as this transaction sees it.

        `permission` is what the act takes by name: a break-glass code opens one.
        """
        lock = lock and self.locks
        if lock and not await self.owners.lock(organization):
            return NOT_FOUND
        person = subject(principal, organization=organization)
        standing = await self.standings.standing(organization, person, fresh=lock) if person is not None else None
        if standing is None:
            return NOT_FOUND
        if lacks_sso(standing, principal.credential, now=self.now, permission=permission):
            return SSO_REQUIRED
        if lacks_mfa(standing, principal.credential, now=self.now):
            return MFA_REQUIRED
        return self.acting(standing, principal)

    def acting(self, standing: Standing, principal: Principal) -> Actor:
        """Return the person of `standing` as an actor through the credential of `principal`."""
        return actor_of(standing, principal.credential, methods=self.methods, now=self.now)

    async def policy(self, standing: Standing | None) -> Policy:
        """Return the policy that decides for somebody: that of the organization, with its own roles as they were when this was read."""
        return (
            await self.policies.of(standing.organization, standing.custom_roles)
            if standing is not None
            else await self.policies.of(_NOWHERE, 0)
        )

    async def target(self, organization: OrganizationId, user: UserId, *, lock: bool = True) -> Standing | None:
        """Return what somebody is in the locked organization; without `lock` as this transaction sees it."""
        return await self.standings.standing(organization, user, fresh=lock and self.locks)

    async def home(self, workspace: WorkspaceId | None) -> OrganizationId | None:
        """Return the organization of a workspace."""
        return await self.standings.organization_of(workspace) if workspace is not None else None

    async def changed(
        self,
        name: EventName,
        actor: Principal,
        organization: OrganizationId,
        *,
        target: Target,
        user: UserId,
        workspace: WorkspaceId | None,
        details: Mapping[str, Detail] = NOTHING,
        personal: Mapping[str, str] | None = None,
        changes: tuple[Change, ...] = (),
    ) -> None:
        """Raise the version of the organization's roles, have caches forget the person, and write the event."""
        await self.owners.advance_roles(organization)
        await self.epochs.bump(user)
        await self.audit.note(
            name,
            actor=actor,
            targets=(target,),
            subject=user,
            organization=organization,
            workspace=workspace,
            details=details,
            personal=personal,
            changes=changes,
        )

    async def refuse(
        self,
        actor: Principal,
        organization: OrganizationId,
        refusal: Refusal,
        *,
        target: Target,
        workspace: WorkspaceId | None,
        details: Mapping[str, Detail],
        subject: UserId | None = None,
    ) -> Refusal:
        """Write the refusal aside, so that a rollback of the host does not erase it, and return it."""
        await self.audit.note_aside(
            EventName.ACCESS_DENIED,
            actor=actor,
            targets=(target,),
            subject=subject,
            refused=refusal.reason,
            organization=organization,
            workspace=workspace,
            details=details,
        )
        return refusal
