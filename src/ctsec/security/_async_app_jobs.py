"""The job that gives the tokens of ended connections back to their providers (async source).

Rules that this module keeps:

- no transaction is open while a provider is asked; a connection is claimed in one before, and what came of it is written in one after;
- tokens are leased before they are given back: a refresh that is under way ends first, and none begins;
- one that fails stops no other.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from datetime import timedelta
from typing import Final, Protocol, TypeAlias

from ctsec.ambient import Ambient
from ctsec.connections._async_ports import AsyncAppFetches
from ctsec.connections.exchange import is_revoked, revocation_request
from ctsec.connections.provider import AppPolicy
from ctsec.connections.record import AppConnection, Lease, Pair, Waiting
from ctsec.errors import CtsecError, FetchError
from ctsec.ids import AppId
from ctsec.security._async_app_work import AsyncAppWork
from ctsec.worker._async import AsyncJob

_EVERY: Final = timedelta(minutes=1)
_LOG: Final = logging.getLogger("ctsec.connections")


class AsyncEndingUnit(Protocol):
    """A unit of work, as far as the job needs it."""

    @property
    def app_work(self) -> AsyncAppWork:
        """What is done with connected apps."""
        ...


Units: TypeAlias = Callable[[], AbstractAsyncContextManager[AsyncEndingUnit]]


class AsyncAppRevocations:
    """Gives back what is due; several processes may run it at once."""

    __slots__ = ("_ambient", "_begin", "_fetcher", "_policy")

    def __init__(self, begin: Units, *, policy: AppPolicy, ambient: Ambient, fetcher: AsyncAppFetches) -> None:
        self._fetcher = fetcher
        self._begin = begin
        self._policy = policy
        self._ambient = ambient

    def job(self) -> AsyncJob:
        """Return the job, which every process runs: each connection is claimed by one of them."""
        return AsyncJob(name="connected-apps", every=_EVERY, work=self.run_due, shared=False)

    async def run_due(self) -> int:
        """Give back what is due, at most a hundred connections a run; return how many were looked at."""
        async with self._begin() as unit:
            due = await unit.app_work.endings.due()
        for app_id in due:
            try:
                await self._look_at(app_id)
            except CtsecError as error:
                _LOG.warning("a connected app could not be given back: %s", error.code)
            except Exception:  # noqa: BLE001 - a mistake about one must not keep those of other organizations
                _LOG.exception("a connected app could not be given back")
        return len(due)

    async def _look_at(self, app_id: AppId) -> None:
        async with self._begin() as unit:
            app = await unit.app_work.endings.claim(app_id)
        if app is None:
            return
        async with self._begin() as unit:
            lease = await unit.app_work.tokens.opened(app)
        if isinstance(lease, Waiting):
            return
        why = await self._asked(app, lease.pair) if isinstance(lease, Lease) else ""
        async with self._begin() as unit:
            if not why:
                # The tokens first: what is left of an interruption is a connection without any, which is done.
                await unit.app_work.tokens.forget(app)
                await unit.app_work.endings.done(app, revoked=isinstance(lease, Lease) and self._offered(app))
                return
            if app.given_up(now=self._ambient.now()):
                await unit.app_work.tokens.forget(app)
            await unit.app_work.endings.unheard(app, why=why)

    def _offered(self, app: AppConnection) -> bool:
        provider = self._policy.provider(app.provider)
        return provider is not None and bool(provider.revocation_endpoint)

    async def _asked(self, app: AppConnection, pair: Pair) -> str:
        """Ask the provider to take tokens back; return why it did not, empty if it did or offers nothing."""
        provider = self._policy.provider(app.provider)
        if provider is None:
            return "provider_not_configured"
        request = revocation_request(provider, pair=pair, now=self._ambient.now(), random=self._ambient.random)
        if request is None:
            return ""
        try:
            answer = await self._fetcher.fetch(request, reach=provider.reach, hosts=provider.hosts)
        except FetchError as error:
            return error.reason
        return "" if is_revoked(answer) else "provider_error"
