# Generated from src/ctsec/residency/_async_ports.py by tools/twin.py; edit that file.
"""What residency needs of stores, keys and the host (async source)."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import Protocol

from ctsec.audit._sync_ports import SealedStore
from ctsec.audit.event import Event
from ctsec.audit.record import StoredEvent
from ctsec.directory.record import Workspace
from ctsec.encryption.context import Context
from ctsec.ids import DekId, MoveId, OrganizationId, WorkspaceId
from ctsec.outcome import Refusal
from ctsec.principal import Principal
from ctsec.residency.record import Content, Move, Occupant, Position, Primary, Residence, Tally


class ContentRecords(Protocol):
    """The content of workspaces in the store of a region."""

    def get(self, workspace_id: WorkspaceId, kind: str, key: str) -> Content | None:
        """Return a piece of content."""
        ...

    def put(self, content: Content) -> None:
        """Insert a piece, or write over the one with its workspace, kind and key."""
        ...

    def remove(self, workspace_id: WorkspaceId, kind: str, key: str) -> bool:
        """Delete a piece; False if there was none."""
        ...

    def page(self, *, after: Position, limit: int, workspace_id: WorkspaceId | None = None) -> tuple[Content, ...]:
        """Return content behind a position, of one workspace if it is named, in the order of positions."""
        ...

    def last(self, workspace_id: WorkspaceId) -> Position | None:
        """Return the position of a workspace's last piece."""
        ...

    def shred(self, workspace_id: WorkspaceId, *, through: Position) -> int:
        """Delete a workspace's content up to and including a position; return how many rows."""
        ...

    def under(self, organization_id: OrganizationId, *, keys: tuple[DekId, ...], after: Position, limit: int) -> tuple[Content, ...]:
        """Return content of an organization that is sealed under one of `keys`, behind a position, in the order of positions."""
        ...

    def count_under(self, organization_id: OrganizationId, *, keys: tuple[DekId, ...]) -> int:
        """Return how many pieces of an organization are sealed under one of `keys`."""
        ...

    def reseal(self, position: Position, *, before: bytes, after: bytes) -> bool:
        """Write the same piece under another seal if `before` is stored there; True if it was written."""
        ...

    def occupants(self, organization_id: OrganizationId) -> tuple[Occupant, ...]:
        """Return how much there is of each workspace of an organization, in the order of their ids; those with nothing are left out."""
        ...


class ResidenceRecords(Protocol):
    """What each workspace is in the store of a region."""

    def get(self, workspace_id: WorkspaceId) -> Residence | None:
        """Return what a workspace is here."""
        ...

    def hold(self, workspace_id: WorkspaceId) -> Residence | None:
        """Return it by a locking read: it does not change before this transaction ends. Several may hold it at once."""
        ...

    def change(self, old: Residence | None, new: Residence) -> bool:
        """Write `new` if the stored record still equals `old` (None: there is none), by one compare-and-set."""
        ...

    def page(self, *, after: str, limit: int) -> tuple[Residence, ...]:
        """Return records of workspaces with an id above `after`, in the order of ids."""
        ...


class RegionMeta(Protocol):
    """What a store says of itself."""

    def all(self) -> Mapping[str, str]:
        """Return every name and value: `region` and `store`, written once when the store was made."""
        ...

    def put(self, name: str, value: str) -> None:
        """Write a value; the names `region` and `store` are refused with ValueError."""
        ...


class RegionStore(SealedStore, Protocol):
    """The records of a region over one transaction: content, and the logs of organizations in this store."""

    @property
    def content(self) -> ContentRecords:
        """The content."""
        ...

    @property
    def residences(self) -> ResidenceRecords:
        """What each workspace is here."""
        ...

    @property
    def meta(self) -> RegionMeta:
        """What the store says of itself."""
        ...


class RegionStorage(Protocol):
    """Opens transactions on the store of a region; `place` says where it is, without a password."""

    @property
    def place(self) -> str:
        """Where the store is: database, host and name."""
        ...

    def begin(self) -> AbstractContextManager[RegionStore]:
        """Open a transaction: committed when the block ends, rolled back when it raises."""
        ...

    def reading(self) -> AbstractContextManager[RegionStore]:
        """Open a short READ COMMITTED read."""
        ...

    def sequencing(self) -> AbstractContextManager[RegionStore]:
        """Open a READ COMMITTED transaction of our own, for the sequencer and the signer of the logs in this store."""
        ...

    def join(self, session: object) -> RegionStore:
        """Ride in the host's session on the region's database: never begin, commit, roll back or close it."""
        ...

    def close(self) -> None:
        """Close the engines that this storage made."""
        ...


class MoveRecords(Protocol):
    """Moves of workspaces, in the home store."""

    def add(self, move: Move) -> bool:
        """Insert a move; False if one of the workspace with its number is there."""
        ...

    def get(self, move_id: MoveId) -> Move | None:
        """Return a move."""
        ...

    def last(self, workspace_id: WorkspaceId) -> Move | None:
        """Return the latest move of a workspace."""
        ...

    def open(self, *, limit: int) -> tuple[Move, ...]:
        """Return moves that have not ended, in the order of their ids."""
        ...

    def touching(self, organization_id: OrganizationId, region: str) -> int:
        """Return how many moves of an organization, from or to a region, have not ended."""
        ...

    def of_organization(self, organization_id: OrganizationId, *, after: str, limit: int) -> tuple[Move, ...]:
        """Return the moves of an organization with an id above `after`, in the order of ids."""
        ...

    def replace(self, move: Move) -> bool:
        """Write `move` if the stored version is one less, by one compare-and-set."""
        ...


class PrimaryRecords(Protocol):
    """Which replicas were promoted, in the home store."""

    def get(self, region: str) -> Primary | None:
        """Return the promotion of a region; None: its own store serves it."""
        ...

    def put(self, primary: Primary) -> bool:
        """Write a promotion whose version is one above the stored one (0 where there is none), by one compare-and-set."""
        ...


class Pins(Protocol):
    """Where workspaces are pinned, in the home store."""

    def get(self, workspace_id: WorkspaceId) -> Workspace | None:
        """Return a workspace."""
        ...

    def pinned(self, organization_id: OrganizationId, region: str) -> int:
        """Return how many workspaces of an organization are pinned to a region."""
        ...

    def repin(self, workspace_id: WorkspaceId, *, source: str, target: str) -> bool:
        """Pin a workspace to `target` if it is pinned to `source`, by one compare-and-set."""
        ...


class ResidencyRights(Protocol):
    """Who may move workspaces; answered by the roles feature."""

    def may(self, actor: Principal, *, organization: OrganizationId, permission: str) -> Refusal | None:
        """Return why `actor` may not use an organization permission, or None; the organization is locked."""
        ...


class RegionalKeys(Protocol):
    """Seals and opens content under the data keys of its region."""

    def seal(self, plaintext: bytes, *, context: Context, region: str) -> bytes:
        """Return a blob under the organization's data key of the region; raise ResidencyError if that is a key of another."""
        ...

    def open(self, blob: bytes, *, context: Context, region: str) -> bytes:
        """Return the plaintext; raise ResidencyError if the blob is under a data key of another region."""
        ...


class RegionalEvents(Protocol):
    """Gives events of regions the form in which they are stored there."""

    def written(self, event: Event) -> StoredEvent:
        """Return the row of an event that says its region, the personal part sealed under the region's key too.

        Raises ValueError for what its schema does not declare.
        """
        ...


class RegionalTables(Protocol):
    """Tables of the host's own whose rows belong to workspaces and are kept in the stores of regions, so that they move along.

    Every method may be called again with the same arguments: a move that was interrupted goes on with the step that it was at. What is
    sealed under the source's data key has to be sealed anew under the target's while it is copied: the source's may be destroyed.
    Whether the move is still at that step is seen right before each call and not during it. The worker's lease keeps two processes apart;
    who carries moves out in another way has to see to that.
    """

    def copy(self, workspace: WorkspaceId, *, source: str, target: str) -> int:
        """Copy every row of a workspace from the region `source` to `target`, over what is there; return how many there are."""
        ...

    def count(self, workspace: WorkspaceId, *, region: str) -> Tally:
        """Return how many rows of a workspace are in a region, and a digest of what they say that does not depend on where they are."""
        ...

    def shred(self, workspace: WorkspaceId, *, region: str) -> int:
        """Delete every row of a workspace in a region; return how many there were."""
        ...
