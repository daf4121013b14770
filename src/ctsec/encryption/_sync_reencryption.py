# Generated from src/ctsec/encryption/_async_reencryption.py by tools/twin.py; edit that file.
"""Sealing anew what is under a data key that seals no more, a page at a time (async source)."""

from __future__ import annotations

from ctsec.encryption._sync import KeyRing
from ctsec.encryption._sync_ports import DekRecords, SealedRows
from ctsec.encryption.data_key import NoDataKey
from ctsec.encryption.envelope import dek_id_of
from ctsec.encryption.reencryption import Reencrypted, SealedRow
from ctsec.errors import CtsecError
from ctsec.ids import OrganizationId


class Reencryption:
    """Moves an organization's sealed values to the data key that seals now.

    A row keeps its region. One that does not open is passed over and named, and one that changed meanwhile is left as it is. Killed in
    the middle of a page, it has changed nothing of it; it starts again wherever one likes, since what is under the present key already is
    not written.
    """

    __slots__ = ("_records", "_ring")

    def __init__(self, ring: KeyRing, *, records: DekRecords) -> None:
        self._ring = ring
        self._records = records

    def run(self, rows: SealedRows, *, organization: OrganizationId, after: str = "", limit: int = 100) -> Reencrypted:
        """Seal the next `limit` rows anew, and return how far that came; raises an error that may be retried, such as KmsUnavailable."""
        page = rows.page(organization, after=after, limit=limit)
        written, failed = 0, list[str]()
        for row in page:
            try:
                blob = self._sealed_anew(row, organization)
            except CtsecError as error:
                if error.retryable:
                    raise
                failed.append(row.position)
            else:
                written += blob is not None and rows.replace(row, blob)
        return Reencrypted(written, tuple(failed), page[-1].position if len(page) == limit else None)

    def _sealed_anew(self, row: SealedRow, organization: OrganizationId) -> bytes | None:
        """Return the row's value under the key that seals now; None if it is under that one already."""
        record = self._records.get(dek_id_of(row.blob))
        if record is None or record.scope != organization or row.context.organization != organization:
            raise NoDataKey("the data key of this row is not one of this organization")
        active = self._records.active(organization, record.region)
        if active is None or active.id == record.id:
            return None
        return self._ring.seal(self._ring.open(row.blob, context=row.context), context=row.context, region=record.region)
