# Generated from src/ctsec/rbac/_async_break_glass.py by tools/twin.py; edit that file.
"""Breaking the glass: a role taken in an emergency with a permit given before, loudly and shortly (async source).

The use is written to the audit log, committed, before it has any effect; the owners are told by mail; nothing makes it last longer than
the permit and the policy say.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from ctsec.audit.event import EventName, Target
from ctsec.ids import BreakGlassId, ElevationId, OrganizationId, UserId, WorkspaceId, new_id
from ctsec.outcome import Outcome, Reason, Refusal
from ctsec.principal import CredentialKind, Principal
from ctsec.rbac._sync_acting import NOT_FOUND, Acting
from ctsec.rbac._sync_elevations import told
from ctsec.rbac._sync_ports import Alarm, BreakGlassRecords, ElevationRecords
from ctsec.rbac.elevation import (
    BreakGlassPermit,
    ElevationKind,
    ElevationPolicy,
    ElevationRequest,
    ElevationState,
    parse_duration,
    parse_reason,
)
from ctsec.rbac.elevation_writes import elevation_refusal, may_decide, may_elevate
from ctsec.rbac.standing import Standing
from ctsec.rbac.writes import may_lay_down

MAX_PERMITS: Final = 20
MAX_PAGE: Final = 500
_SIGN_IN: Final = Refusal(Reason.DENIED, "sign in yourself to break the glass; an API key can not")
_STEP_UP: Final = Refusal(Reason.STEP_UP_REQUIRED, "prove your second factor again to break the glass")
_NO_PERMIT: Final = Refusal(Reason.DENIED, "you have no permit for this role here")


class BreakGlass:
    """Permits to take a role in an emergency, and their use."""

    __slots__ = ("_acting", "_alarm", "_elevations", "_permits", "_policy")

    def __init__(
        self,
        *,
        acting: Acting,
        permits: BreakGlassRecords,
        elevations: ElevationRecords,
        alarm: Alarm,
        policy: ElevationPolicy,
    ) -> None:
        self._acting = acting
        self._permits = permits
        self._elevations = elevations
        self._alarm = alarm
        self._policy = policy

    def permit(
        self,
        actor: Principal,
        *,
        organization: OrganizationId,
        user: UserId,
        workspace: WorkspaceId | None,
        role: str,
        longest: timedelta,
        expires_at: datetime | None = None,
    ) -> Outcome[BreakGlassPermit]:
        """Let a member take `role` in an emergency, for at most `longest` each time; judged like giving the role, and never for oneself."""
        now = self._acting.now
        try:
            seconds = parse_duration(longest, longest=self._policy.longest_break_glass)
        except ValueError as error:
            return Refusal(Reason.INVALID_INPUT, str(error))
        if expires_at is not None and (expires_at.tzinfo is None or expires_at <= now):
            return Refusal(Reason.INVALID_INPUT, "expected an end with a time zone that is still to come")
        acting = self._acting.actor(actor, organization)
        if isinstance(acting, Refusal):
            return acting
        permit = BreakGlassPermit(
            id=new_id(BreakGlassId, now=now, random=self._acting.ambient.random),
            organization_id=organization,
            workspace_id=workspace,
            user_id=user,
            role=role,
            seconds=seconds,
            granted_by=actor.id,
            created_at=now,
            expires_at=expires_at,
        )
        refusal = may_elevate(
            self._acting.policy(acting.standing),
            actor=acting,
            target=self._acting.target(organization, user),
            elevation=self._use(permit, seconds=seconds, reason="").granted(now),
            workspace_organization=self._acting.home(workspace),
            now=now,
        )
        if refusal is None and len(self._permits.of_user(organization, user)) >= MAX_PERMITS:
            refusal = Refusal(Reason.CONFLICT, f"this person has {MAX_PERMITS} permits already")
        if refusal is not None:
            return self._refuse(actor, permit, refusal, attempted="break_glass.permit")
        self._permits.add(permit)
        self._changed(EventName.BREAK_GLASS_PERMITTED, actor, permit)
        return permit

    def withdraw(self, actor: Principal, *, organization: OrganizationId, permit: BreakGlassId) -> Outcome[BreakGlassPermit | None]:
        """Take a permit back, or lay one's own down; None if there was none. What was taken with it goes on until it ends."""
        acting = self._acting.actor(actor, organization)
        if isinstance(acting, Refusal):
            return acting
        found = self._permits.get(organization, permit)
        if found is None:
            return None
        if found.user_id == acting.standing.user:
            refusal = may_lay_down(acting)
        else:
            target = self._acting.target(organization, found.user_id)
            policy = self._acting.policy(acting.standing)
            refusal = may_decide(policy, actor=acting, target=target, workspace=found.workspace_id, now=self._acting.now)
        if refusal is not None:
            return self._refuse(actor, found, refusal, attempted="break_glass.withdraw")
        if self._permits.remove(organization, permit):
            self._changed(EventName.BREAK_GLASS_WITHDRAWN, actor, found)
        return found

    def permits(self, *, organization: OrganizationId, after: str = "", limit: int = 100) -> tuple[BreakGlassPermit, ...]:
        """Return the permits of an organization with an id above `after`, at most 500."""
        return self._permits.of_organization(organization, after=after, limit=min(limit, MAX_PAGE))

    def use(
        self,
        principal: Principal,
        *,
        organization: OrganizationId,
        workspace: WorkspaceId | None,
        role: str,
        reason: str,
        duration: timedelta,
    ) -> Outcome[ElevationRequest]:
        """Take the role of a permit now, for `duration`, and say why; a fresh second factor is needed, and the owners are told."""
        now = self._acting.now
        if principal.credential.kind is CredentialKind.API_KEY:
            return _SIGN_IN
        if not principal.credential.second_factor_fresh(now=now):
            return _STEP_UP
        taking = self._acting.actor(principal, organization)
        if isinstance(taking, Refusal):
            return taking
        person = taking.standing
        covering = [each for each in self._permits.of_user(organization, person.user) if each.covers(role, workspace=workspace, now=now)]
        if not covering:
            details = {"attempted": "break_glass.use", "role": role[:64]}
            target = Target("user", person.user)
            return self._acting.refuse(principal, organization, _NO_PERMIT, target=target, workspace=None, details=details)
        permit = max(covering, key=lambda each: each.seconds)
        try:
            most = min(timedelta(seconds=permit.seconds), self._policy.longest_break_glass)
            request = self._use(permit, seconds=parse_duration(duration, longest=most), reason=parse_reason(reason))
        except ValueError as error:
            return Refusal(Reason.INVALID_INPUT, str(error))
        refusal = self._judge(person, request)
        if refusal is not None:
            return self._refuse(principal, permit, refusal, attempted="break_glass.use")
        return self._take(principal, request)

    def _judge(self, person: Standing, request: ElevationRequest) -> Refusal | None:
        if request.workspace_id is not None and self._acting.home(request.workspace_id) != request.organization_id:
            return NOT_FOUND
        now = self._acting.now
        return elevation_refusal(self._acting.policy(person), target=person, elevation=request.granted(now), now=now)

    def _take(self, principal: Principal, request: ElevationRequest) -> ElevationRequest:
        target, personal = Target("elevation", request.id), {"reason": request.reason}
        self._acting.audit.note_aside(
            EventName.BREAK_GLASS_USED,
            actor=principal,
            targets=(target,),
            subject=request.user_id,
            organization=request.organization_id,
            workspace=request.workspace_id,
            details=told(request),
            personal=personal,
        )
        self._elevations.add(request)
        self._acting.changed(
            EventName.ELEVATION_STARTED,
            principal,
            request.organization_id,
            target=target,
            user=request.user_id,
            workspace=request.workspace_id,
            details=told(request),
        )
        self._alarm.glass_broken(
            request.organization_id,
            user=request.user_id,
            role=request.role,
            workspace=request.workspace_id,
            minutes=-(-request.seconds // 60),
            reason=request.reason,
        )
        return request

    def _use(self, permit: BreakGlassPermit, *, seconds: int, reason: str) -> ElevationRequest:
        now = self._acting.now
        return ElevationRequest(
            id=new_id(ElevationId, now=now, random=self._acting.ambient.random),
            organization_id=permit.organization_id,
            workspace_id=permit.workspace_id,
            user_id=permit.user_id,
            role=permit.role,
            kind=ElevationKind.BREAK_GLASS,
            state=ElevationState.ACTIVE,
            reason=reason,
            seconds=seconds,
            requested_at=now,
            starts_at=now,
            expires_at=now + timedelta(seconds=seconds),
        )

    def _changed(self, name: EventName, actor: Principal, permit: BreakGlassPermit) -> None:
        self._acting.changed(
            name,
            actor,
            permit.organization_id,
            target=Target("break_glass", permit.id),
            user=permit.user_id,
            workspace=permit.workspace_id,
            details={"role": permit.role, "seconds": permit.seconds},
        )

    def _refuse(self, actor: Principal, permit: BreakGlassPermit, refusal: Refusal, *, attempted: str) -> Refusal:
        return self._acting.refuse(
            actor,
            permit.organization_id,
            refusal,
            target=Target("user", permit.user_id),
            workspace=permit.workspace_id if refusal.reason is not Reason.NOT_FOUND else None,
            details={"attempted": attempted, "role": permit.role[:64]},
        )
