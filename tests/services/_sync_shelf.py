# Generated from tests/services/_async_shelf.py by tools/twin.py; edit that file.
"""A host's own table with sealed values, in memory (async source of the twin)."""

from __future__ import annotations

from typing import Protocol

from ctsec.encryption import Context, dek_id_of
from ctsec.encryption.reencryption import SealedRow
from ctsec.ids import DekId


class Meanwhile(Protocol):
    """What happens while a row is written."""

    def __call__(self) -> None:
        """Happen."""
        ...


class Shelf:
    """A host's own table: rows in the order of their positions. `away` is what stops every call."""

    name = "shelf"

    def __init__(self) -> None:
        self.rows: dict[str, SealedRow] = {}
        self.away: Exception | None = None
        self.pages = 0
        self.meanwhile: Meanwhile | None = None

    def put(self, position: str, blob: bytes, context: Context) -> None:
        """Write a row, as the host does."""
        self.rows[position] = SealedRow(position=position, blob=blob, context=context)

    def under(self, scope: str, *, keys: tuple[DekId, ...], after: str, limit: int) -> tuple[SealedRow, ...]:
        """See the port."""
        self._check()
        self.pages += 1
        found = sorted(self._found(scope, keys), key=lambda row: row.position)
        return tuple([row for row in found if row.position > after][:limit])

    def count(self, scope: str, *, keys: tuple[DekId, ...]) -> int:
        """See the port."""
        self._check()
        return len(self._found(scope, keys))

    def replace(self, changes: tuple[tuple[SealedRow, bytes], ...]) -> int:
        """See the port."""
        self._check()
        if self.meanwhile is not None:
            self.meanwhile()
        fresh = [(row, blob) for row, blob in changes if self.rows.get(row.position) == row]
        for row, blob in fresh:
            self.put(row.position, blob, row.context)
        return len(fresh)

    def _found(self, scope: str, keys: tuple[DekId, ...]) -> list[SealedRow]:
        return [row for row in self.rows.values() if row.context.organization == scope and dek_id_of(row.blob) in keys]

    def _check(self) -> None:
        if self.away is not None:
            raise self.away
