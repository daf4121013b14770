"""Mail as the worker and an operator see it: sent, counted, and tried again (async source)."""

from __future__ import annotations

from typing import Final

from ctsec.ambient import Ambient
from ctsec.encryption._async_ports import AsyncSealer
from ctsec.mail._async import AsyncMailRound
from ctsec.mail._async_ports import AsyncMailer
from ctsec.mail.message import NOBODY
from ctsec.mail.record import OutboxEntry, OutboxOverview, renewed
from ctsec.storage._async_ports import AsyncStorage

_PAGE: Final = 100


def _nothing(scopes: frozenset[str]) -> None:
    """Mail changes nothing that a cache holds."""


class AsyncMailJobs:
    """The outbox of a deployment. Addresses and texts are sealed: what is shown of a message is its kind, its times and its error."""

    __slots__ = ("_ambient", "_mailer", "_sealer", "_storage")

    def __init__(self, storage: AsyncStorage, *, sealer: AsyncSealer, mailer: AsyncMailer | None, ambient: Ambient) -> None:
        self._storage = storage
        self._sealer = sealer
        self._mailer = mailer
        self._ambient = ambient

    async def send(self) -> int:
        """Send what is due: leased in one transaction, sent, and noted in another. Mail for nobody is deleted. No mailer, and it waits."""
        if self._mailer is None:
            return 0
        round_ = AsyncMailRound(mailer=self._mailer, sealer=self._sealer, ambient=self._ambient)
        async with self._storage.begin(after_commit=_nothing) as store:
            taken = await round_.take(store.outbox)
        for entry in taken:
            after = await round_.send(entry) if entry.kind != NOBODY else None
            async with self._storage.begin(after_commit=_nothing) as store:
                await (store.outbox.replace(after) if after is not None else store.outbox.drop(entry))
        return len(taken)

    async def overview(self) -> OutboxOverview:
        """Return how much mail waits, how much was given up, and since when the oldest waits."""
        async with self._storage.reading() as store:
            return await store.outbox.overview()

    async def given_up(self, *, after: str = "", limit: int = _PAGE) -> tuple[OutboxEntry, ...]:
        """Return messages whose last attempt failed, in the order of their ids, behind the id `after`."""
        async with self._storage.reading() as store:
            return await store.outbox.given_up(after=after, limit=limit)

    async def retry(self) -> int:
        """Have every given-up message tried again, from its first attempt on; return how many. A link in it may have ended meanwhile."""
        count, after = 0, ""
        while True:
            async with self._storage.begin(after_commit=_nothing) as store:
                found = await store.outbox.given_up(after=after, limit=_PAGE)
                count += sum([await store.outbox.replace(renewed(entry, now=self._ambient.now())) for entry in found])
            if len(found) < _PAGE:
                return count
            after = found[-1].id
