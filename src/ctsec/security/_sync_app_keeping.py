# Generated from src/ctsec/security/_async_app_keeping.py by tools/twin.py; edit that file.
"""The job that refreshes connected apps that nobody uses, before their refresh tokens end (async source).

Rules that this module keeps:

- only tokens whose provider states a life are refreshed unasked, and only of connections that may be used;
- of several processes one refreshes: it has the lease, as whoever asks for a token has;
- one that fails stops no other; it is waited out as any refresh is, and what can not even be tried, as under a customer's key that is
  disabled, goes behind all others: a hundred such of one organization keep no other organization's waiting.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import timedelta
from typing import Final, Protocol, TypeAlias

from ctsec.connections.record import AppConnection, StoredTokens
from ctsec.errors import CtsecError
from ctsec.security._sync_app_work import AppBeside, AppWork
from ctsec.worker._sync import Job

BATCH: Final = 100
_EVERY: Final = timedelta(minutes=10)
_LOG: Final = logging.getLogger("ctsec.connections")


class KeepingUnit(Protocol):
    """A unit of work, as far as the job needs it."""

    @property
    def app_work(self) -> AppWork:
        """What is done with connected apps."""
        ...


class Refreshes(Protocol):
    """Refreshes one connection, if that is due."""

    def __call__(self, app: AppConnection, /) -> None:
        """Do it."""
        ...


Reading: TypeAlias = Callable[[], AbstractContextManager[KeepingUnit]]


class AppKeeping:
    """Keeps alive what would end unused; several processes may run it at once."""

    __slots__ = ("_beside", "_reading", "_refresh")

    def __init__(self, reading: Reading, *, beside: AppBeside, refresh: Refreshes) -> None:
        self._reading = reading
        self._beside = beside
        self._refresh = refresh

    def job(self) -> Job:
        """Return the job, which every process runs: each connection is leased by one of them."""
        return Job(name="connected-apps-kept", every=_EVERY, work=self.run_due, shared=False)

    def run_due(self) -> int:
        """Refresh what is due, at most a hundred connections a run; return how many were looked at."""
        due = self._beside.storage.guard.app_tokens.to_keep(now=self._beside.ambient.now(), limit=BATCH)
        for tokens in due:
            try:
                try:
                    self._look_at(tokens)
                except Exception:
                    self._beside.tokens(None).put_off(tokens, by=_EVERY)
                    raise
            except CtsecError as error:
                _LOG.warning("a connected app could not be kept: %s", error.code)
            except Exception:  # noqa: BLE001 - a mistake about one must not keep those of other organizations
                _LOG.exception("a connected app could not be kept")
        return len(due)

    def _look_at(self, tokens: StoredTokens) -> None:
        with self._reading() as unit:
            app = unit.app_work.ages.to_keep(tokens.id)
        if app is None:
            self._beside.tokens(None).let_go(tokens)
        else:
            self._refresh(app)
