"""Leaked API keys, and keys derived from them: verified, revoked, and told to their owners (async source).

Rules that this module keeps:

- a token counts for a key only by its whole text, as at the door: what is well-formed, unknown or wrong is answered all the same;
- a key whose secret works, now or in an overlap, is revoked in the transaction that records the report; a secret that had ended is
  recorded and told, and revokes nothing: a key that was rotated in time goes on;
- a derived key is proved by what roots open; one that none of them proves, while another does not open, can not be judged now;
- a derived key that has not ended ends the key that it comes from: nothing else ends it, and who found one can use it;
- a report that comes again changes nothing and mails nobody.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Protocol

from ctsec.ambient import Ambient
from ctsec.audit._async_ports import AsyncRecorder
from ctsec.audit.event import Detail, EventName, Target
from ctsec.encryption._async_ports import AsyncSealer
from ctsec.keys._async_ports import AsyncEpochRecords, AsyncKeyRecords
from ctsec.keys._async_roots import open_roots
from ctsec.keys.attenuation import deriving_secret, narrowing, parse_derived
from ctsec.keys.mac import PepperRing
from ctsec.keys.record import ApiKey, KeySecret, KeyStatus, status_at
from ctsec.keys.token import parse
from ctsec.keys.verify import proving_secret
from ctsec.outcome import Refusal
from ctsec.principal import system

ROTATED = "rotated"
_LOG: Final = logging.getLogger("ctsec.keys")


class AsyncLeakNotice(Protocol):
    """Who tells the owner of a key that it leaked."""

    async def key_leaked(self, key: ApiKey) -> None:
        """Tell the owner, in the transaction of the revocation."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class AsyncKeyLeakParts:
    """What the judging of reports needs."""

    records: AsyncKeyRecords
    epochs: AsyncEpochRecords
    ring: PepperRing
    sealer: AsyncSealer
    notice: AsyncLeakNotice


class AsyncKeyLeaks:
    """Judges of two kinds of what is reported: keys and derived keys (`_async_leaks`)."""

    __slots__ = ("_ambient", "_audit", "_parts")

    def __init__(self, parts: AsyncKeyLeakParts, *, audit: AsyncRecorder, ambient: Ambient) -> None:
        self._parts = parts
        self._audit = audit
        self._ambient = ambient

    async def key(self, text: str, *, told: Mapping[str, Detail]) -> bool:
        """Revoke the key of this text; False if it is none of ours."""
        parsed = parse(text)
        found = None if isinstance(parsed, Refusal) else await self._parts.records.get(parsed.key_id)
        if found is None or isinstance(parsed, Refusal):
            return False
        key, secrets = found
        proved = proving_secret(parsed.token, secrets=secrets, ring=self._parts.ring)
        if proved is None:
            return False
        await self._end(key, proved, told)
        return True

    async def derived(self, text: str, *, told: Mapping[str, Detail]) -> bool | None:
        """Revoke the key that this derived one comes from; False if it comes from none of ours, None if that can not be told now."""
        parsed = parse_derived(text)
        found = None if isinstance(parsed, Refusal) else await self._parts.records.get(parsed.key_id)
        left = narrowing(parsed.caveats) if not isinstance(parsed, Refusal) else parsed
        if found is None or isinstance(parsed, Refusal) or isinstance(left, Refusal):
            return False
        key, secrets = found
        roots, unopened = await open_roots(key, secrets, sealer=self._parts.sealer)
        proved = deriving_secret(parsed, roots=roots)
        if proved is None and unopened is not None:
            _LOG.warning("a leaked key that was derived could not be judged: %s", unopened.code)
            return None
        if proved is None:
            return False
        await self._end(key, proved, told, over=self._ambient.now() >= left.expires_at)
        return True

    async def _end(self, key: ApiKey, proved: KeySecret, told: Mapping[str, Detail], *, over: bool = False) -> None:
        now = self._ambient.now()
        status = KeyStatus.EXPIRED if over and status_at(key, now) is KeyStatus.VALID else status_at(key, now)
        if status is KeyStatus.REVOKED:
            return
        rotated = proved.expires_at is not None and now >= proved.expires_at
        works = status is KeyStatus.VALID and not rotated
        if works:
            if not await self._parts.records.revoke(key.organization_id, key.id, now=now):
                return
            await self._parts.epochs.bump(key.id)
        await self._audit.note(
            EventName.API_KEY_LEAK_REPORTED,
            actor=system("leak_report"),
            targets=(Target("api_key", key.id),),
            organization=key.organization_id,
            details={**told, "was": ROTATED if rotated else status.value},
        )
        if works:
            await self._parts.notice.key_leaked(key)
