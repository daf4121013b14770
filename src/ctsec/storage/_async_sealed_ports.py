"""What has sealed logs: the home store, and the store of each region (async source)."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from typing import Protocol

from ctsec.audit._async_ports import AsyncCheckpointRecords, AsyncInboxRecords, AsyncLogRecords, AsyncTreeRecords
from ctsec.audit.retention._async_ports import AsyncPurgeRecords


class AsyncSealedStore(Protocol):
    """The records of sealed logs over one transaction."""

    @property
    def inbox(self) -> AsyncInboxRecords:
        """Audit events on their way into the log."""
        ...

    @property
    def log(self) -> AsyncLogRecords:
        """The audit log."""
        ...

    @property
    def tree(self) -> AsyncTreeRecords:
        """The trees over the logs."""
        ...

    @property
    def checkpoints(self) -> AsyncCheckpointRecords:
        """The signed checkpoints of the logs."""
        ...

    @property
    def purges(self) -> AsyncPurgeRecords:
        """What is left of events that were purged."""
        ...


class AsyncSealedStorage(Protocol):
    """Opens what the sequencer, the signer and readers of sealed logs need."""

    def reading(self) -> AbstractAsyncContextManager[AsyncSealedStore]:
        """Open a short READ COMMITTED read; nothing is written."""
        ...

    def sequencing(self) -> AbstractAsyncContextManager[AsyncSealedStore]:
        """Open a READ COMMITTED transaction of our own."""
        ...
