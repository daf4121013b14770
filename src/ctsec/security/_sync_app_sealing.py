# Generated from src/ctsec/security/_async_app_sealing.py by tools/twin.py; edit that file.
"""Tokens of connected apps, sealed anew after a data key was rotated (async source).

Rules that this module keeps:

- tokens that are being refreshed are passed over: what the refresh brings is sealed under the newer key, and must find its place;
- what is passed over is counted all the same, so that no key that tokens need is taken for one that nothing needs.
"""

from __future__ import annotations

from dataclasses import replace

from ctsec.connections._sync_ports import AppTokenRecords
from ctsec.connections.record import StoredTokens, tokens_context
from ctsec.encryption.context import DEPLOYMENT
from ctsec.encryption.envelope import dek_id_of
from ctsec.encryption.reencryption import SealedRow
from ctsec.errors import CorruptRecord
from ctsec.ids import AppId, DekId, OrganizationId

_PAGE = 200


class AppTokenTable:
    """The table of tokens; see `ctsec.encryption.ports.SealedTable`."""

    __slots__ = ("_records",)

    def __init__(self, records: AppTokenRecords) -> None:
        self._records = records

    @property
    def name(self) -> str:
        """The table's name."""
        return "app_token"

    def under(self, scope: str, *, keys: tuple[DekId, ...], after: str, limit: int) -> tuple[SealedRow, ...]:
        """Return rows under one of `keys` behind a position, those apart that are being refreshed."""
        found = [each for each in self._every(scope, keys, after) if each.lease_until is None]
        return tuple(
            SealedRow(position=each.id, blob=each.sealed, context=tokens_context(each.organization_id, each.id)) for each in found[:limit]
        )

    def count(self, scope: str, *, keys: tuple[DekId, ...]) -> int:
        """Return how many rows are under one of `keys`."""
        return len(self._every(scope, keys, ""))

    def replace(self, changes: tuple[tuple[SealedRow, bytes], ...]) -> int:
        """Write the new blobs of rows that did not change meanwhile, and are not being refreshed; each by itself."""
        done = 0
        for row, blob in changes:
            found = self._records.get(AppId(row.position))
            if found is not None and found.sealed == row.blob and found.lease_until is None:
                done += self._records.replace(replace(found, sealed=blob, version=found.version + 1))
        return done

    def _every(self, scope: str, keys: tuple[DekId, ...], after: str) -> list[StoredTokens]:
        if scope == DEPLOYMENT:
            return []
        found: list[StoredTokens] = []
        while page := self._records.of_organization(OrganizationId(scope), after=after, limit=_PAGE):
            found += [each for each in page if _key_of(each) in keys]
            after = page[-1].id
        return found


def _key_of(tokens: StoredTokens) -> DekId | None:
    try:
        return dek_id_of(tokens.sealed)
    except CorruptRecord:
        return None
