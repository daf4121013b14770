"""Where workspaces are, and moves of them that people start and abort (async source). What carries a move out is the worker's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from ctsec.ambient import Ambient
from ctsec.audit._async_ports import AsyncRecorder
from ctsec.audit.event import Detail, EventName, Target
from ctsec.ids import MoveId, OrganizationId, WorkspaceId, new_id
from ctsec.outcome import Outcome, Reason, Refusal
from ctsec.principal import Principal
from ctsec.residency._async_ports import AsyncMoveRecords, AsyncPins, AsyncResidencyRights
from ctsec.residency.record import ABORTABLE, ENDED, Move, MoveState
from ctsec.residency.region import Regions

WORKSPACES_MANAGE: Final = "workspaces:manage"
STEP_UP: Final = Refusal(Reason.STEP_UP_REQUIRED, "prove your second factor again to move a workspace")
_NO_WORKSPACE: Final = Refusal(Reason.NOT_FOUND, "there is no such workspace")
_NO_MOVE: Final = Refusal(Reason.NOT_FOUND, "this workspace is not moving")
_HERE: Final = Refusal(Reason.CONFLICT, "the workspace is in this region already")
_MOVING: Final = Refusal(Reason.CONFLICT, "the workspace is moving already; wait for that move, or abort it")
_SWITCHED: Final = Refusal(Reason.CONFLICT, "the workspace is in the other region already; move it back when the move is done")
_CHANGED: Final = Refusal(Reason.CONFLICT, "it was changed by somebody else meanwhile")
_ONE_REGION: Final = Refusal(Reason.INVALID_INPUT, "this deployment has no regions to move between")


@dataclass(frozen=True, slots=True, kw_only=True)
class AsyncResidencyParts:
    """What residency reads and writes in the home store."""

    moves: AsyncMoveRecords
    pins: AsyncPins
    rights: AsyncResidencyRights


class AsyncResidency:
    """Moves of workspaces between regions. Both calls need `workspaces:manage` and a fresh second factor."""

    __slots__ = ("_ambient", "_audit", "_parts", "_regions")

    def __init__(self, regions: Regions | None, *, parts: AsyncResidencyParts, audit: AsyncRecorder, ambient: Ambient) -> None:
        self._regions = regions
        self._parts = parts
        self._audit = audit
        self._ambient = ambient

    async def move_of(self, *, workspace: WorkspaceId) -> Move | None:
        """Return the latest move of a workspace, ended or not."""
        return await self._parts.moves.last(workspace)

    async def moves(self, *, organization: OrganizationId, after: str = "", limit: int = 100) -> tuple[Move, ...]:
        """Return the moves of an organization with an id above `after`, in the order of ids."""
        return await self._parts.moves.of_organization(organization, after=after, limit=limit)

    async def start(self, actor: Principal, *, organization: OrganizationId, workspace: WorkspaceId, region: str) -> Outcome[Move]:
        """Start to move a workspace to `region`; the worker carries it out. Writes are refused from its first step to its switch."""
        refusal = await self._judge(actor, organization)
        if refusal is not None:
            return await self._refuse(actor, organization, workspace, refusal, attempted="workspace_move.start")
        found = await self._parts.pins.get(workspace)
        if found is None or found.organization_id != organization:
            return await self._refuse(actor, organization, workspace, _NO_WORKSPACE, attempted="workspace_move.start")
        before = await self._parts.moves.last(workspace)
        refusal = self._may_move(found.region, region, before)
        if refusal is not None:
            return refusal
        now = self._ambient.now()
        move = Move(
            id=new_id(MoveId, now=now, random=self._ambient.random),
            organization_id=organization,
            workspace_id=workspace,
            source=found.region,
            target=region,
            number=before.number + 1 if before is not None else 1,
            state=MoveState.COPYING,
            started_by=actor.id,
            started_at=now,
            changed_at=now,
        )
        if not await self._parts.moves.add(move):
            return _MOVING
        await self._note(EventName.WORKSPACE_MOVE_STARTED, actor, move, {"source": move.source, "target": move.target})
        return move

    async def abort(self, actor: Principal, *, organization: OrganizationId, workspace: WorkspaceId) -> Outcome[Move]:
        """Give a move up before its switch: the workspace stays where it is, and what was copied is shredded by the worker."""
        refusal = await self._judge(actor, organization)
        if refusal is not None:
            return await self._refuse(actor, organization, workspace, refusal, attempted="workspace_move.abort")
        move = await self._parts.moves.last(workspace)
        if move is None or move.organization_id != organization or move.state in ENDED:
            return await self._refuse(actor, organization, workspace, _NO_MOVE, attempted="workspace_move.abort")
        if move.state not in ABORTABLE:
            return _SWITCHED
        aborted = replace(move, state=MoveState.ABORTING, changed_at=self._ambient.now(), version=move.version + 1)
        if not await self._parts.moves.replace(aborted):
            return _CHANGED
        await self._note(EventName.WORKSPACE_MOVE_ABORTED, actor, aborted, {"state": move.state.value})
        return aborted

    def _may_move(self, pin: str, region: str, before: Move | None) -> Refusal | None:
        if self._regions is None:
            return _ONE_REGION
        if region not in self._regions.names:
            return Refusal(Reason.INVALID_INPUT, f"expected one of the regions {', '.join(self._regions.names)}")
        if before is not None and before.state not in ENDED:
            return _MOVING
        return _HERE if pin == region else None

    async def _judge(self, actor: Principal, organization: OrganizationId) -> Refusal | None:
        refusal = await self._parts.rights.may(actor, organization=organization, permission=WORKSPACES_MANAGE)
        fresh = actor.credential.second_factor_fresh(now=self._ambient.now())
        return refusal if refusal is not None or fresh else STEP_UP

    async def _note(self, name: EventName, actor: Principal, move: Move, details: Mapping[str, Detail]) -> None:
        await self._audit.note(
            name,
            actor=actor,
            targets=(Target("workspace", move.workspace_id), Target("workspace_move", move.id)),
            organization=move.organization_id,
            workspace=move.workspace_id,
            details=details,
        )

    async def _refuse(
        self, actor: Principal, organization: OrganizationId, workspace: WorkspaceId, refusal: Refusal, *, attempted: str
    ) -> Refusal:
        await self._audit.note_aside(
            EventName.ACCESS_DENIED,
            actor=actor,
            targets=(Target("workspace", workspace),),
            refused=refusal.reason,
            organization=organization,
            details={"attempted": attempted},
        )
        return refusal
