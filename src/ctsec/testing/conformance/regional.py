"""Records of regions for the conformance suite; see `samples`."""

from __future__ import annotations

from ctsec.ids import MoveId
from ctsec.residency.record import Content, Move, MoveState, Residence, ResidenceState
from ctsec.testing.conformance.samples import NOW, number, org_id, workspace_id


def content(n: int, kind: str, key: str) -> Content:
    """Return a piece of content of the n-th workspace."""
    return Content(
        workspace_id=workspace_id(n), kind=kind, key=key, organization_id=org_id(1), sealed=b"\x00sealed\xff" * 100, changed_at=NOW
    )


def residence(n: int) -> Residence:
    """Return the record of the n-th workspace at home."""
    return Residence(workspace_id=workspace_id(n), organization_id=org_id(1), state=ResidenceState.HOME)


def move(n: int, *, number_: int = 1, state: MoveState = MoveState.COPYING) -> Move:
    """Return the n-th move, of the first workspace."""
    return Move(
        id=MoveId(number("mov", n)),
        organization_id=org_id(1),
        workspace_id=workspace_id(1),
        source="eu",
        target="us",
        number=number_,
        state=state,
        started_by="usr_1",
        started_at=NOW,
        changed_at=NOW,
    )
