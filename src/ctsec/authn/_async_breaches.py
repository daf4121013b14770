"""New passwords are looked up among leaked ones, where the host wants it (async source)."""

from __future__ import annotations

from typing import Final

from ctsec.audit._async_ports import AsyncRecorder
from ctsec.audit.event import EventName
from ctsec.authn._async_ports import AsyncBreachRanges
from ctsec.authn.breaches import query_of, times_seen
from ctsec.errors import BreachesUnavailable
from ctsec.outcome import Reason, Refusal
from ctsec.principal import system

_LEAKED: Final = Refusal(Reason.PASSWORD_COMMON, "this password is known from a leak; use one that you use nowhere else")


class AsyncBreachCheck:
    """Asks the ranges, if there are any. `optional` is the host's reason for going on where they do not answer; empty: it does not."""

    __slots__ = ("_audit", "_optional", "_ranges")

    def __init__(self, ranges: AsyncBreachRanges | None, *, optional: str, audit: AsyncRecorder) -> None:
        self._ranges = ranges
        self._optional = optional
        self._audit = audit

    async def refusal(self, password: bytes) -> Refusal | None:
        """Return why a normalised password may not be set, or None.

        Raises BreachesUnavailable, which says to try again, if nobody answers and the host gave no reason to go on; with one, an event
        says that the password was set unchecked.
        """
        if self._ranges is None:
            return None
        prefix, suffix = query_of(password)
        try:
            seen = times_seen(await self._ranges.answer(prefix), suffix)
        except BreachesUnavailable:
            if not self._optional:
                raise
            details = {"because": self._optional}
            await self._audit.note_aside(EventName.PASSWORD_CHECK_SKIPPED, actor=system("passwords"), details=details)
            return None
        return _LEAKED if seen else None
