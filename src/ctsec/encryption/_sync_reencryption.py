# Generated from src/ctsec/encryption/_async_reencryption.py by tools/twin.py; edit that file.
"""Sealing a page of rows anew under the data key that seals now (async source)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ctsec.encryption._sync import KeyRing
from ctsec.encryption._sync_ports import DekSource, SealedTable
from ctsec.encryption.dek import DekState
from ctsec.encryption.envelope import dek_id_of
from ctsec.encryption.reencryption import SealedRow
from ctsec.errors import CorruptRecord, DecryptionFailed, KmsError, StoreBusy
from ctsec.ids import DekId


@dataclass(frozen=True, slots=True)
class Page:
    """How many rows were written, the position to go on after (None: the end), which keys were refused, and the code of what was."""

    written: int
    after: str | None
    refused: frozenset[DekId] = frozenset()
    problem: str = ""


class PageSealer:
    """Seals rows anew. A row keeps its region; the key service is asked, and everything sealed, before the table is written."""

    __slots__ = ("_ring", "_source")

    def __init__(self, ring: KeyRing, *, source: DekSource) -> None:
        self._ring = ring
        self._source = source

    def page(self, table: SealedTable, scope: str, *, keys: Mapping[DekId, str], after: str, limit: int) -> Page:
        """Seal the next `limit` rows anew that are under one of `keys` (id to region).

        A row that does not open is passed over, and so are the rows of a key that its service refuses. Raises what stops the rest: a
        service that does not answer, a key that seals now and can not be used.
        """
        rows = table.under(scope, keys=tuple(keys), after=after, limit=limit)
        changes: list[tuple[SealedRow, bytes]] = []
        refused: set[DekId] = set()
        problem = ""
        for row in rows:
            try:
                plaintext = self._ring.open(row.blob, context=row.context)
            except KmsError as error:
                if not error.definite:
                    raise
                refused.add(dek_id_of(row.blob))
                problem = error.code
            except (DecryptionFailed, CorruptRecord) as error:
                problem = problem or error.code
            else:
                blob = self._ring.seal(plaintext, context=row.context, region=keys[dek_id_of(row.blob)])
                changes.append((row, blob))
        written = self._write(table, scope, changes) if changes else 0
        return Page(written, rows[-1].position if len(rows) == limit else None, frozenset(refused), problem)

    def _write(self, table: SealedTable, scope: str, changes: list[tuple[SealedRow, bytes]]) -> int:
        for dek_id in {dek_id_of(blob) for _, blob in changes}:
            # This process may still hold a key that was destroyed a moment ago: nothing may be put under it.
            record = self._source.get(dek_id)
            if record is None or record.state is DekState.DESTROYED:
                self._ring.forget(scope)
                raise StoreBusy("the data key was destroyed while it was used; nothing was written, try again")
        return table.replace(tuple(changes))
