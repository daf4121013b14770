"""What erasures need of a store, and of a place outside of its backups (async source)."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from ctsec.audit.erasure.record import Erased, Erasure
from ctsec.ids import ErasureId, UserId


class AsyncErasureRecords(Protocol):
    """Erasures."""

    async def add(self, erasure: Erasure) -> None:
        """Insert one."""
        ...

    async def get(self, erasure_id: ErasureId) -> Erasure | None:
        """Return one."""
        ...

    async def replace(self, erasure: Erasure) -> bool:
        """Write if the stored version is one less; True if written."""
        ...

    async def of_user(self, user_id: UserId) -> tuple[Erasure, ...]:
        """Return those of a person, in the order of ids."""
        ...

    async def unfinished(self, *, after: str, limit: int) -> tuple[Erasure, ...]:
        """Return those with an id above `after` that are not done, in the order of ids."""
        ...

    async def page(self, *, after: str, limit: int) -> tuple[Erasure, ...]:
        """Return those with an id above `after`, in the order of ids."""
        ...


class AsyncErasureList(Protocol):
    """Who was erased until when, kept where no restored backup brings an older state of it."""

    async def add(self, erased: Erased) -> None:
        """Append an entry, durable before this returns; one that is there already may be appended again."""
        ...

    async def all(self) -> tuple[Erased, ...]:
        """Return every entry; raise CorruptRecord if the list is not what was written."""
        ...


@runtime_checkable
class AsyncErasureBatches(Protocol):
    """What a list may have besides: many entries for one wait for the disk."""

    async def add_all(self, erased: tuple[Erased, ...]) -> None:
        """Append entries, all of them durable before this returns; after an error any of them may be there."""
        ...
