"""The list of erasures of a store in memory, which ends with it."""

from __future__ import annotations

from ctsec.audit.erasure.record import Erased


class MemoryErasureList:
    """See `ctsec.audit.erasure.ports.ErasureList`."""

    __slots__ = ("_entries",)

    def __init__(self) -> None:
        self._entries: list[Erased] = []

    def add(self, erased: Erased) -> None:
        """Append an entry."""
        self._entries.append(erased)

    def add_all(self, erased: tuple[Erased, ...]) -> None:
        """Append entries."""
        self._entries.extend(erased)

    def all(self) -> tuple[Erased, ...]:
        """Return every entry."""
        return tuple(self._entries)
