"""What a bundle closes with itself (async source)."""

from __future__ import annotations

from typing import Protocol


class AsyncClosing(Protocol):
    """Something that holds connections."""

    async def aclose(self) -> None:
        """Close them."""
        ...


async def close_each(*peers: AsyncClosing | None) -> None:
    """Close what is there, in this order."""
    for peer in peers:
        if peer is not None:
            await peer.aclose()
