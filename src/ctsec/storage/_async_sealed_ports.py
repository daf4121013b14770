"""What has sealed logs: the home store, and the store of each region (async source)."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from typing import Protocol

from ctsec.audit._async_ports import AsyncSealedStore


class AsyncSealedStorage(Protocol):
    """Opens what the sequencer, the signer and readers of sealed logs need."""

    def reading(self) -> AbstractAsyncContextManager[AsyncSealedStore]:
        """Open a short READ COMMITTED read; nothing is written."""
        ...

    def sequencing(self) -> AbstractAsyncContextManager[AsyncSealedStore]:
        """Open a READ COMMITTED transaction of our own."""
        ...
