"""The use of API keys: written in batches, and shown to their owners (async source)."""

from __future__ import annotations

from ctsec.ambient import Ambient
from ctsec.audit._async_ports import AsyncRecorder
from ctsec.audit.event import EventName, Target
from ctsec.ids import KeyId, OrganizationId
from ctsec.keys._async_ports import AsyncKeyRecords
from ctsec.keys._async_usage_ports import AsyncKeyDayRecords
from ctsec.keys.credential import key_actor
from ctsec.keys.usage import DAYS_KEPT, DAYS_SHOWN, KeyFigures, day_of, days_of, last_uses
from ctsec.keys.uses import ELSEWHERE, KeyUse
from ctsec.outcome import Outcome, Reason, Refusal
from ctsec.principal import LOCAL, Principal

_NOT_FOUND = Refusal(Reason.NOT_FOUND, "there is no such API key")


class AsyncKeyUsage:
    """What is known of the use of keys. `each_request` says that every request was an event of its own already."""

    __slots__ = ("_ambient", "_audit", "_days", "_each_request", "_records")

    def __init__(
        self,
        *,
        records: AsyncKeyRecords,
        days: AsyncKeyDayRecords,
        each_request: bool,
        audit: AsyncRecorder,
        ambient: Ambient,
    ) -> None:
        self._records = records
        self._days = days
        self._each_request = each_request
        self._audit = audit
        self._ambient = ambient

    async def of(self, actor: Principal, *, organization: OrganizationId, key_id: KeyId) -> Outcome[KeyFigures]:
        """Return the use of a key that `actor` owns in the organization: the last 90 days that it was used on, newest first.

        What this and other processes have not written yet is not in it; they write every minute.
        """
        local = actor.credential.kind in LOCAL and actor.organization != organization
        found = None if local else await self._records.get(key_id)
        if found is None or found[0].organization_id != organization or found[0].owner_id != actor.id:
            return _NOT_FOUND
        key = found[0]
        days = await self._days.of(key_id, limit=DAYS_SHOWN)
        return KeyFigures(key_id=key_id, last_used_at=key.last_used_at, last_used_address=key.last_used_address, days=days)

    async def write(self, uses: tuple[KeyUse, ...]) -> int:
        """Write what a process has seen: last uses, days, and one event for each line; return how many lines."""
        for use in last_uses(uses):
            await self._records.touch(use.key.id, at=use.last_at, address=use.last_address)
        for day in days_of(uses):
            await self._days.add(day)
        if not self._each_request:
            for use in uses:
                await self._note(use)
        return len(uses)

    async def trim(self) -> int:
        """Delete days that are no longer kept; return how many."""
        return await self._days.trim(before=day_of(self._ambient.now()) - DAYS_KEPT)

    async def _note(self, use: KeyUse) -> None:
        network, _, prefix = use.block.partition("/")
        await self._audit.note(
            EventName.API_KEY_USED,
            actor=key_actor(use.key, use.refused),
            targets=(Target("api_key", use.key.id),),
            refused=use.refused,
            organization=use.key.organization_id,
            details={
                "count": use.count,
                "minute": use.minute.isoformat(),
                "prefix": int(prefix) if prefix else None,
                "further_blocks": use.block == ELSEWHERE,
            },
            personal={"address": network} if prefix else None,
        )
