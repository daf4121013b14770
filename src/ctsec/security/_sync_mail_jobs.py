# Generated from src/ctsec/security/_async_mail_jobs.py by tools/twin.py; edit that file.
"""Mail as the worker and an operator see it: sent, counted, and tried again (async source)."""

from __future__ import annotations

from typing import Final

from ctsec.ambient import Ambient
from ctsec.encryption._sync_ports import Sealer
from ctsec.mail._sync import MailRound
from ctsec.mail._sync_ports import Mailer
from ctsec.mail.message import NOBODY
from ctsec.mail.record import OutboxEntry, OutboxOverview, renewed
from ctsec.storage._sync_ports import Storage

_PAGE: Final = 100


def _nothing(scopes: frozenset[str]) -> None:
    """Mail changes nothing that a cache holds."""


class MailJobs:
    """The outbox of a deployment. Addresses and texts are sealed: what is shown of a message is its kind, its times and its error."""

    __slots__ = ("_ambient", "_mailer", "_sealer", "_storage")

    def __init__(self, storage: Storage, *, sealer: Sealer, mailer: Mailer | None, ambient: Ambient) -> None:
        self._storage = storage
        self._sealer = sealer
        self._mailer = mailer
        self._ambient = ambient

    def send(self) -> int:
        """Send what is due: leased in one transaction, sent, and noted in another. Mail for nobody is deleted. No mailer, and it waits."""
        if self._mailer is None:
            return 0
        round_ = MailRound(mailer=self._mailer, sealer=self._sealer, ambient=self._ambient)
        with self._storage.begin(after_commit=_nothing) as store:
            taken = round_.take(store.outbox)
        for entry in taken:
            after = round_.send(entry) if entry.kind != NOBODY else None
            with self._storage.begin(after_commit=_nothing) as store:
                (store.outbox.replace(after) if after is not None else store.outbox.drop(entry))
        return len(taken)

    def overview(self) -> OutboxOverview:
        """Return how much mail waits, how much was given up, and since when the oldest waits."""
        with self._storage.reading() as store:
            return store.outbox.overview()

    def given_up(self, *, after: str = "", limit: int = _PAGE) -> tuple[OutboxEntry, ...]:
        """Return messages whose last attempt failed, in the order of their ids, behind the id `after`."""
        with self._storage.reading() as store:
            return store.outbox.given_up(after=after, limit=limit)

    def retry(self) -> int:
        """Have every given-up message tried again, from its first attempt on; return how many. A link in it may have ended meanwhile."""
        count, after = 0, ""
        while True:
            with self._storage.begin(after_commit=_nothing) as store:
                found = store.outbox.given_up(after=after, limit=_PAGE)
                count += sum([store.outbox.replace(renewed(entry, now=self._ambient.now())) for entry in found])
            if len(found) < _PAGE:
                return count
            after = found[-1].id
