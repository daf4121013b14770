"""Roles for a time: asked for with a reason, given by somebody else, over by themselves (async source)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Final

from ctsec.audit.event import Detail, EventName, Target
from ctsec.ids import ElevationId, OrganizationId, WorkspaceId, new_id
from ctsec.outcome import Outcome, Reason, Refusal
from ctsec.principal import CredentialKind, Principal
from ctsec.rbac._async_acting import NOT_FOUND, AsyncActing
from ctsec.rbac._async_ports import AsyncElevationRecords
from ctsec.rbac.elevation import ElevationKind, ElevationPolicy, ElevationRequest, ElevationState, parse_duration, parse_reason
from ctsec.rbac.elevation_writes import elevation_refusal, may_decide, may_elevate
from ctsec.rbac.writes import may_lay_down

MAX_OPEN: Final = 10
MAX_PAGE: Final = 500
_DECIDED: Final = Refusal(Reason.CONFLICT, "this request is decided or over already")
_SIGN_IN: Final = Refusal(Reason.DENIED, "sign in yourself to ask for a role; an API key can not")


class AsyncElevations:
    """Roles that people ask for and are given for a time; every decision locks the organization and reads authority after waiting."""

    __slots__ = ("_acting", "_policy", "_records")

    def __init__(self, *, acting: AsyncActing, records: AsyncElevationRecords, policy: ElevationPolicy) -> None:
        self._acting = acting
        self._records = records
        self._policy = policy

    async def request(
        self,
        principal: Principal,
        *,
        organization: OrganizationId,
        workspace: WorkspaceId | None,
        role: str,
        reason: str,
        duration: timedelta,
    ) -> Outcome[ElevationRequest]:
        """Ask for `role` in a workspace, or (None) in the organization, for `duration` from the approval on, and say why.

        At most ten requests of a person wait at a time.
        """
        now = self._acting.now
        try:
            why, seconds = parse_reason(reason), parse_duration(duration, longest=self._policy.longest)
        except ValueError as error:
            return Refusal(Reason.INVALID_INPUT, str(error))
        if principal.credential.kind is CredentialKind.API_KEY:
            return _SIGN_IN
        asking = await self._acting.actor(principal, organization)
        if isinstance(asking, Refusal):
            return asking
        person = asking.standing
        request = ElevationRequest(
            id=new_id(ElevationId, now=now, random=self._acting.ambient.random),
            organization_id=organization,
            workspace_id=workspace,
            user_id=person.user,
            role=role,
            kind=ElevationKind.REQUESTED,
            state=ElevationState.OPEN,
            reason=why,
            seconds=seconds,
            requested_at=now,
        )
        refusal = elevation_refusal(await self._acting.policy(person), target=person, elevation=request.granted(now), now=now)
        if workspace is not None and await self._acting.home(workspace) != organization:
            refusal = NOT_FOUND
        if refusal is None and await self._records.open_of_user(organization, person.user) >= MAX_OPEN:
            refusal = Refusal(Reason.CONFLICT, f"{MAX_OPEN} requests of yours wait already")
        if refusal is not None:
            return await self._refuse(principal, request, refusal, attempted="elevation.request")
        await self._records.add(request)
        await self._changed(EventName.ELEVATION_REQUESTED, principal, request, personal={"reason": why})
        return request

    async def approve(self, actor: Principal, *, organization: OrganizationId, elevation: ElevationId) -> Outcome[ElevationRequest]:
        """Give what was asked for, from now on; judged like giving the role, and never by who asked."""
        now = self._acting.now
        acting = await self._acting.actor(actor, organization)
        if isinstance(acting, Refusal):
            return acting
        request = await self._records.get(organization, elevation, fresh=True)
        if request is None:
            return NOT_FOUND
        target = await self._acting.target(organization, request.user_id)
        refusal = may_elevate(
            await self._acting.policy(acting.standing),
            actor=acting,
            target=target,
            elevation=request.granted(now),
            workspace_organization=await self._acting.home(request.workspace_id),
            now=now,
        )
        if refusal is None and request.state is not ElevationState.OPEN:
            refusal = _DECIDED
        if refusal is None and now >= request.requested_at + self._policy.request_life:
            refusal = Refusal(Reason.EXPIRED, "this request has waited too long; ask again")
        if refusal is not None:
            return await self._refuse(actor, request, refusal, attempted="elevation.approve")
        granted = request.granted(now)
        after = replace(
            request,
            state=ElevationState.ACTIVE,
            decided_by=actor.id,
            decided_at=now,
            starts_at=granted.starts_at,
            expires_at=granted.expires_at,
        )
        return await self._written(EventName.ELEVATION_APPROVED, actor, after, before=request.state)

    async def deny(self, actor: Principal, *, organization: OrganizationId, elevation: ElevationId) -> Outcome[ElevationRequest]:
        """Turn a waiting request down; whoever manages the people of the place may."""
        return await self._end(actor, organization, elevation, deny=True)

    async def end(self, actor: Principal, *, organization: OrganizationId, elevation: ElevationId) -> Outcome[ElevationRequest]:
        """End a role for a time before its end, or withdraw one's own request; who holds it may, and who manages the people there."""
        return await self._end(actor, organization, elevation, deny=False)

    async def in_state(
        self, *, organization: OrganizationId, state: ElevationState = ElevationState.OPEN, after: str = "", limit: int = 100
    ) -> tuple[ElevationRequest, ...]:
        """Return requests in a state with an id above `after`, at most 500; what is over counts as active until the worker notes it."""
        return await self._records.of_organization(organization, state=state, after=after, limit=min(limit, MAX_PAGE))

    async def _end(
        self, actor: Principal, organization: OrganizationId, elevation: ElevationId, *, deny: bool
    ) -> Outcome[ElevationRequest]:
        now = self._acting.now
        acting = await self._acting.actor(actor, organization)
        if isinstance(acting, Refusal):
            return acting
        request = await self._records.get(organization, elevation, fresh=True)
        if request is None:
            return NOT_FOUND
        own = request.user_id == acting.standing.user and not deny
        if own:
            refusal = may_lay_down(acting)
        else:
            target = await self._acting.target(organization, request.user_id)
            policy = await self._acting.policy(acting.standing)
            refusal = may_decide(policy, actor=acting, target=target, workspace=request.workspace_id, now=now)
        wanted = {ElevationState.OPEN} if deny else {ElevationState.OPEN, ElevationState.ACTIVE} if own else {ElevationState.ACTIVE}
        if refusal is None and request.state not in wanted:
            refusal = _DECIDED
        if refusal is not None:
            return await self._refuse(actor, request, refusal, attempted="elevation.deny" if deny else "elevation.end")
        if request.state is ElevationState.ACTIVE:
            after = replace(request, state=ElevationState.ENDED, ended_at=now)
            return await self._written(EventName.ELEVATION_ENDED, actor, after, before=request.state)
        state = ElevationState.DENIED if deny else ElevationState.WITHDRAWN
        name = EventName.ELEVATION_DENIED if deny else EventName.ELEVATION_WITHDRAWN
        return await self._written(name, actor, replace(request, state=state, decided_by=actor.id, decided_at=now), before=request.state)

    async def _written(
        self, name: EventName, actor: Principal, after: ElevationRequest, *, before: ElevationState
    ) -> Outcome[ElevationRequest]:
        if not await self._records.change(after, before=before):
            return _DECIDED
        await self._changed(name, actor, after)
        return after

    async def _changed(
        self, name: EventName, actor: Principal, request: ElevationRequest, *, personal: Mapping[str, str] | None = None
    ) -> None:
        await self._acting.changed(
            name,
            actor,
            request.organization_id,
            target=Target("elevation", request.id),
            user=request.user_id,
            workspace=request.workspace_id,
            details=told(request),
            personal=personal,
        )

    async def _refuse(self, actor: Principal, request: ElevationRequest, refusal: Refusal, *, attempted: str) -> Refusal:
        return await self._acting.refuse(
            actor,
            request.organization_id,
            refusal,
            target=Target("user", request.user_id),
            workspace=request.workspace_id if refusal is not NOT_FOUND else None,
            details={"attempted": attempted, "role": request.role[:64]},
        )


def told(request: ElevationRequest) -> Mapping[str, Detail]:
    """Return what an event says of a request: ids and numbers, without the reason, which may name people."""
    until = request.expires_at.isoformat() if request.expires_at is not None else None
    return {"role": request.role, "seconds": request.seconds, "kind": request.kind.value, "expires_at": until}
