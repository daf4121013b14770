# Generated from src/ctsec/vault/_async_rows.py by tools/twin.py; edit that file.
"""The vault's secrets as rows that can be sealed anew (async source)."""

from __future__ import annotations

from ctsec.encryption.reencryption import SealedRow
from ctsec.ids import CredentialId, OrganizationId
from ctsec.vault._sync_ports import CredentialRecords
from ctsec.vault.record import secret_context


class VaultRows:
    """What `DataKeys.reencrypt` takes for the vault."""

    __slots__ = ("_records",)

    def __init__(self, records: CredentialRecords) -> None:
        self._records = records

    def page(self, organization: OrganizationId, *, after: str, limit: int) -> tuple[SealedRow, ...]:
        """Return the sealed secrets of credentials with an id above `after`, in the order of their ids."""
        found = self._records.of_organization(organization, after=after, limit=limit)
        pairs = [(each, self._records.sealed(each.id)) for each in found]
        return tuple(SealedRow(position=each.id, blob=blob or b"", context=secret_context(each)) for each, blob in pairs)

    def replace(self, row: SealedRow, blob: bytes) -> bool:
        """Write the secret under another seal, if it is still the one of `row`."""
        return self._records.reseal(CredentialId(row.position), before=row.blob, after=blob)
