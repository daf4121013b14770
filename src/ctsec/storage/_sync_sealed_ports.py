# Generated from src/ctsec/storage/_async_sealed_ports.py by tools/twin.py; edit that file.
"""What has sealed logs: the home store, and the store of each region (async source)."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Protocol

from ctsec.audit._sync_ports import SealedStore


class SealedStorage(Protocol):
    """Opens what the sequencer, the signer and readers of sealed logs need."""

    def reading(self) -> AbstractContextManager[SealedStore]:
        """Open a short READ COMMITTED read; nothing is written."""
        ...

    def sequencing(self) -> AbstractContextManager[SealedStore]:
        """Open a READ COMMITTED transaction of our own."""
        ...
