# Generated from src/ctsec/audit/anchors/_async_ports.py by tools/twin.py; edit that file.
"""What an anchor is (async source)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol, runtime_checkable

from ctsec.audit.anchors.anchor import Held
from ctsec.audit.tree.checkpoint import SignedCheckpoint


class Keeper(Protocol):
    """Where checkpoints are kept."""

    def keep(self, checkpoint: SignedCheckpoint) -> None:
        """Keep a checkpoint and return once it is safe there; raise DeliveryFailed if it is not known to be. It may come again."""
        ...

    def held(self) -> Held | None:
        """Return the checkpoint of the largest size that is kept, None if there is none, or it can not be read back.

        Raises DeliveryFailed if what is kept can not be read now, or is no checkpoint.
        """
        ...


@runtime_checkable
class ProvenKeeper(Keeper, Protocol):
    """A keeper that has others vouch for a checkpoint, who want to be shown that it grew from what they saw: asked before `keep`."""

    def needed(self, checkpoint: SignedCheckpoint) -> frozenset[int]:
        """Return the sizes from which proofs of consistency to a checkpoint are needed. Raises DeliveryFailed."""
        ...

    def vouch(self, checkpoint: SignedCheckpoint, *, proofs: Mapping[int, tuple[bytes, ...]]) -> frozenset[int]:
        """Ask whoever has one of these sizes; return the sizes of those who turned out to have others. Raises DeliveryFailed."""
        ...
