"""What a store, a pin and a move must agree on, decided from values.

Rules that this module keeps:

- a workspace is written where its pin points and the store says that it is at home; it is read there too while it is about to leave, or
  has arrived and waits for the other side to be told;
- a store that is another than the configuration says is never used, for reading either;
- whatever disagrees is a ResidencyError; a workspace that is on its way is a WorkspaceMoving, which may be tried again;
- each step of a move is allowed once, or again as the same step; never after a later one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from ctsec.errors import ResidencyError, WorkspaceMoving
from ctsec.ids import OrganizationId, WorkspaceId
from ctsec.residency.record import Move, Residence, ResidenceState

REGION: Final = "region"
STORE: Final = "store"
_MOVING: Final = "the workspace is moving to another region; reading goes on, try the write again in a while"
_GONE: Final = "the workspace has moved to another region meanwhile; ask again where it is"


def check_store(meta: Mapping[str, str], *, region: str, store: str) -> None:
    """Raise ResidencyError unless a store says of itself what the configuration says of it."""
    told = (meta.get(REGION), meta.get(STORE))
    if told != (region, store):
        found = "has no name" if told == (None, None) else f"is {told[1]} of region {told[0]}"
        raise ResidencyError(f"expected the store {store} of region {region}; the one that answers {found}")


def check_write(held: Residence | None, *, organization: OrganizationId) -> None:
    """Raise unless the workspace may be written in this store (None: nobody has written it anywhere)."""
    _check_owner(held, organization)
    if held is None or held.state is ResidenceState.HOME:
        return
    raise WorkspaceMoving(_GONE if held.state is ResidenceState.LEFT else _MOVING)


def check_read(held: Residence | None, *, organization: OrganizationId) -> None:
    """Raise unless the workspace, whose pin points here, may be read in this store."""
    _check_owner(held, organization)
    if held is not None and held.state is ResidenceState.LEFT:
        raise WorkspaceMoving(_GONE)


def check_arriving(held: Residence | None, move: Move) -> None:
    """Raise unless the rows of this very move may be written in the target's store."""
    if held is None or (held.state, held.epoch) != (ResidenceState.ARRIVING, move.number):
        raise ResidencyError("this move is over, or another has begun; nothing was written")


def check_left(held: Residence | None, move: Move) -> None:
    """Raise unless this very move has left the store for good: only then are rows of the workspace deleted there."""
    if held is None or (held.state, held.epoch) != (ResidenceState.LEFT, move.number):
        raise ResidencyError("the workspace may be here again, by a later move; nothing was deleted")


def leaving(held: Residence | None, move: Move) -> Residence:
    """Return the source's record once the move has begun; raise ResidencyError for a step that comes too late."""
    return _step(held, move, before=ResidenceState.HOME, after=ResidenceState.LEAVING)


def arriving(held: Residence | None, move: Move) -> Residence:
    """Return the target's record once the move has begun."""
    return _step(held, move, before=ResidenceState.LEFT, after=ResidenceState.ARRIVING)


def left(held: Residence | None, move: Move) -> Residence:
    """Return the record of the place that a workspace leaves for good: the source of a move, or the target of one that was given up."""
    return _settled(held, move, ResidenceState.LEFT)


def at_home(held: Residence | None, move: Move) -> Residence:
    """Return the record of the place where a move ends: its target, or its source if it was given up."""
    return _settled(held, move, ResidenceState.HOME)


def _step(held: Residence | None, move: Move, *, before: ResidenceState, after: ResidenceState) -> Residence:
    made = _fresh(move, after)
    if held is None or held == made:
        return made
    _check_owner(held, move.organization_id)
    if held.state is not before or held.epoch >= move.number:
        raise ResidencyError(f"expected the workspace {before.value} here before this move; it is {held.state.value}")
    return made


def _settled(held: Residence | None, move: Move, state: ResidenceState) -> Residence:
    if held is not None and held.epoch > move.number:
        raise ResidencyError("a later move has been here; this step is over")
    made = _fresh(move, state)
    return made if held is None else replace(made, organization_id=held.organization_id)


def _fresh(move: Move, state: ResidenceState) -> Residence:
    return Residence(workspace_id=move.workspace_id, organization_id=move.organization_id, state=state, epoch=move.number)


def _check_owner(held: Residence | None, organization: OrganizationId) -> None:
    if held is not None and held.organization_id != organization:
        raise ResidencyError("the store holds this workspace for another organization")


def check_pin(workspace: WorkspaceId, *, pin: str, wanted: str | None) -> None:
    """Raise ResidencyError if the caller names a region that is not the workspace's."""
    if wanted is not None and wanted != pin:
        raise ResidencyError(f"the workspace {workspace} is pinned to {pin}, and was asked for in {wanted}")
