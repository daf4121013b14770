# Generated from src/ctsec/guard/_async_key_rates.py by tools/twin.py; edit that file.
"""Rates of API keys in the records of allowances: exact over processes, at the cost of a write for each request (async source)."""

from __future__ import annotations

from datetime import timedelta

from ctsec.ambient import Ambient
from ctsec.guard._sync_allowances import Allowances
from ctsec.guard._sync_ports import AllowanceRecords
from ctsec.guard.allowance import AllowancePolicy
from ctsec.guard.counters import rate_counter
from ctsec.ids import KeyId

MINUTE = timedelta(minutes=1)


class StoredTaking:
    """Takes requests of keys out of allowances, wherever those are kept: in the guard store, or in Redis."""

    __slots__ = ("_ambient", "_records")

    def __init__(self, records: AllowanceRecords, *, ambient: Ambient) -> None:
        self._records = records
        self._ambient = ambient

    def take(self, key_id: KeyId, *, limit: int) -> timedelta | None:
        """Take one of `limit` requests a minute; return None, or how long to wait. Raises StoreBusy if too many take at once."""
        policy = AllowancePolicy(burst=limit, every=MINUTE / limit)
        refusal = Allowances(self._records, policy=policy, ambient=self._ambient).take(rate_counter(key_id))
        return None if refusal is None else refusal.retry_after or policy.every
