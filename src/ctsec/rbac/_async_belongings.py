"""What a person has in an organization beside the membership: ended when they leave, and woken when they come back (async source).

Rules that this module keeps:

- the caller has locked the organization; what is read here is read by locking reads;
- a role that slept wakes only where somebody may give it now, as they would give any role.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ctsec.ids import OrganizationId, UserId
from ctsec.outcome import Refusal
from ctsec.principal import Credential, CredentialKind, Principal, PrincipalKind
from ctsec.rbac._async_acting import AsyncActing
from ctsec.rbac._async_ports import AsyncAssignmentRecords, AsyncBreakGlassRecords, AsyncElevationRecords
from ctsec.rbac.assignment import RoleAssignment
from ctsec.rbac.standing import Assignment
from ctsec.rbac.writes import may_set_workspace_role


class AsyncBelongings:
    """Workspace roles, roles for a time and permits of one person in one organization."""

    __slots__ = ("_acting", "_assignments", "_break_glass", "_elevations")

    def __init__(
        self,
        acting: AsyncActing,
        *,
        assignments: AsyncAssignmentRecords,
        elevations: AsyncElevationRecords,
        break_glass: AsyncBreakGlassRecords,
    ) -> None:
        self._acting = acting
        self._assignments = assignments
        self._elevations = elevations
        self._break_glass = break_glass

    async def roles(self, organization: OrganizationId, user: UserId) -> tuple[RoleAssignment, ...]:
        """Return the workspace roles of a person."""
        return await self._assignments.of_user(organization, user)

    async def wake(
        self, roles: Sequence[RoleAssignment], *, organization: OrganizationId, user: UserId, by: UserId | None
    ) -> tuple[RoleAssignment, ...]:
        """Write those workspace roles of somebody who came back that `by` may give now (None: whoever gave each); return them."""
        woken: list[RoleAssignment] = []
        for each in roles:
            giver = by or UserId(each.granted_by)
            credential = Credential(kind=CredentialKind.INTERNAL, id="lifecycle")
            acting = await self._acting.actor(Principal(id=giver, kind=PrincipalKind.USER, credential=credential), organization)
            if isinstance(acting, Refusal):
                continue
            refusal = may_set_workspace_role(
                await self._acting.policy(acting.standing),
                actor=acting,
                target=await self._acting.target(organization, user),
                workspace=each.workspace_id,
                workspace_organization=await self._acting.home(each.workspace_id),
                grant=Assignment(each.role, starts_at=each.starts_at, expires_at=each.expires_at),
                now=self._acting.now,
            )
            if refusal is None:
                woken.append(replace(each, granted_by=giver, created_at=self._acting.now))
                await self._assignments.put(woken[-1])
        return tuple(woken)

    async def besides(self, *, organization: OrganizationId, user: UserId) -> tuple[int, int]:
        """Return how many roles for a time a person asked for or holds, and how many permits to break the glass."""
        standing = await self._acting.target(organization, user)
        held = len(standing.elevations) if standing is not None else 0
        waiting = await self._elevations.open_of_user(organization, user)
        return held + waiting, len(await self._break_glass.of_user(organization, user))

    async def expel(self, *, organization: OrganizationId, user: UserId) -> None:
        """End what a person who leaves holds or asked for beside the membership: it must not come back with another one."""
        await self._elevations.end_of_user(organization, user, now=self._acting.now)
        await self._break_glass.remove_of_user(organization, user)
