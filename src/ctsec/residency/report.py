"""A report of where the bytes of an organization's workspaces are, and whether all that says so agrees.

Rules that this module keeps:

- what a store holds is counted in that store, in every one that is configured: a region without a workspace's rows has said so itself;
- a store that did not answer is named, and the report is then no proof;
- the report is the same for the same facts: it is in the order of ids and names, and digests go over what is stored.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ctsec.ids import OrganizationId, WorkspaceId


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreFinding:
    """What one store holds of a workspace: rows and bytes as sealed, the SHA-256 over them, and what wrapped the keys that sealed them."""

    store: str
    place: str
    replica: bool
    rows: int
    size: int
    digest: str
    keys: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkspaceFinding:
    """A workspace: its pin, what each store that has something of it holds, its unfinished move, and what does not agree."""

    workspace: WorkspaceId
    pin: str
    holdings: tuple[StoreFinding, ...]
    moving_to: str | None
    disagreements: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreAnswer:
    """A configured store: where it is, which region it says it belongs to, and what is wrong with it, empty if nothing is."""

    store: str
    region: str
    place: str
    problem: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ResidencyReport:
    """Where the bytes of an organization's workspaces are."""

    organization: OrganizationId
    made_at: datetime
    stores: tuple[StoreAnswer, ...]
    workspaces: tuple[WorkspaceFinding, ...]

    @property
    def agrees(self) -> bool:
        """Whether every store answered as itself and nothing disagrees: then the report is a proof."""
        return not any(each.problem for each in self.stores) and not any(each.disagreements for each in self.workspaces)

    def as_data(self) -> Mapping[str, Any]:
        """Return the report as JSON can hold it."""
        return {
            "organization_id": self.organization,
            "made_at": self.made_at.isoformat(),
            "agrees": self.agrees,
            "stores": [{"store": s.store, "region": s.region, "place": s.place, "problem": s.problem or None} for s in self.stores],
            "workspaces": [_workspace(each) for each in self.workspaces],
        }

    def as_json(self) -> str:
        """Return the report as JSON text."""
        return json.dumps(self.as_data(), indent=2, sort_keys=True)

    def as_text(self) -> str:
        """Return the report as lines for a person."""
        lines = [f"Residency of {self.organization}, {self.made_at:%Y-%m-%d %H:%M:%S} UTC"]
        lines += [f"store {s.store} of region {s.region}: {s.place}" + (f"; {s.problem}" if s.problem else "") for s in self.stores]
        for each in self.workspaces:
            lines.append(f"workspace {each.workspace}: region {each.pin}" + (f", moving to {each.moving_to}" if each.moving_to else ""))
            lines += [
                f"  in {held.store}{' (replica)' if held.replica else ''}: {held.rows} rows, {held.size} bytes, "
                f"sha256 {held.digest}, keys {', '.join(held.keys)}"
                for held in each.holdings
            ]
            lines += [f"  ! {problem}" for problem in each.disagreements]
        lines.append("everything agrees" if self.agrees else "this is no proof: see what is marked above")
        return "\n".join(lines)


def _workspace(found: WorkspaceFinding) -> Mapping[str, Any]:
    held = [
        {
            "store": h.store,
            "place": h.place,
            "replica": h.replica,
            "rows": h.rows,
            "bytes": h.size,
            "sha256": h.digest,
            "keys": list(h.keys),
        }
        for h in found.holdings
    ]
    return {
        "workspace_id": found.workspace,
        "region": found.pin,
        "holdings": held,
        "moving_to": found.moving_to,
        "disagreements": list(found.disagreements),
    }
