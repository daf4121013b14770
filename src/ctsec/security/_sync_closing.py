# Generated from src/ctsec/security/_async_closing.py by tools/twin.py; edit that file.
"""What a bundle closes with itself (async source)."""

from __future__ import annotations

from typing import Protocol


class Closing(Protocol):
    """Something that holds connections."""

    def close(self) -> None:
        """Close them."""
        ...


def close_each(*peers: Closing | None) -> None:
    """Close what is there, in this order."""
    for peer in peers:
        if peer is not None:
            peer.close()
