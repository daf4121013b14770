"""What an anchor is (async source)."""

from __future__ import annotations

from typing import Protocol

from ctsec.audit.anchors.anchor import Held
from ctsec.audit.tree.checkpoint import SignedCheckpoint


class AsyncKeeper(Protocol):
    """Where checkpoints are kept."""

    async def keep(self, checkpoint: SignedCheckpoint) -> None:
        """Keep a checkpoint and return once it is safe there; raise DeliveryFailed if it is not known to be. It may come again."""
        ...

    async def held(self) -> Held | None:
        """Return the checkpoint of the largest size that is kept, None if there is none, or it can not be read back.

        Raises DeliveryFailed if what is kept can not be read now, or is no checkpoint.
        """
        ...
