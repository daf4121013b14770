"""What this process knows of providers, and how they are asked (async source).

Rules that this module keeps:

- a provider's document and keys are kept for a while, for one version of its connection, and for a bounded number of connections;
- what a refused answer told of a provider's keys is kept as well, or whoever makes tokens up would make us ask each time.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final, TypeVar

from ctsec.ambient import Ambient
from ctsec.errors import FetchError
from ctsec.ids import ConnectionId
from ctsec.jose.rejection import Rejected
from ctsec.sso._async_driving import AsyncDriver
from ctsec.sso._async_ports import AsyncFetches
from ctsec.sso.oidc.authorization import PendingSignIn
from ctsec.sso.oidc.client import OidcClient
from ctsec.sso.oidc.flow import Judged, ProvedSignIn, complete_sign_in, discover
from ctsec.sso.oidc.key_cache import KeyCache, Steps
from ctsec.sso.oidc.metadata import ProviderMetadata
from ctsec.sso.oidc.tokens import Exchange
from ctsec.sso.policy import SsoPolicy
from ctsec.sso.record import Connection
from ctsec.transport.fetch import AsyncFetcher, Fetcher  # sync: from ctsec.transport.fetch import Fetcher
from ctsec.transport.reach import Reach
from ctsec.transport.request import HttpAnswer, HttpRequest

METADATA_LIFE: Final = timedelta(minutes=10)
MOST_KEPT: Final = 1000
T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownProvider:
    """What is known of a provider, for one version of its connection."""

    connection: ConnectionId
    version: int
    metadata: ProviderMetadata
    came_at: datetime
    keys: KeyCache | None = None


class AsyncProviders:
    """Asks the providers of connections; no transaction is open meanwhile, which callers see to."""

    __slots__ = ("_ambient", "_driver", "_fetcher", "_kept")

    def __init__(self, *, ambient: Ambient, policy: SsoPolicy, fetcher: AsyncFetches | None = None) -> None:
        asking = policy.fetcher or Fetcher()
        guarded = AsyncFetcher(asking)  # sync: guarded = asking
        self._fetcher = fetcher if fetcher is not None else guarded
        self._driver = AsyncDriver(self._fetcher)
        self._ambient = ambient
        self._kept: dict[ConnectionId, KnownProvider] = {}

    def forget(self, connection: ConnectionId) -> None:
        """Ask for the document and the keys of a provider anew at the next time."""
        self._kept.pop(connection, None)

    def exchange(self, known: KnownProvider, client: OidcClient) -> Exchange:
        """Return who asks now, and where."""
        return Exchange(client=client, metadata=known.metadata, now=self._ambient.now(), random=self._ambient.random)

    async def drive(self, steps: Steps[T], *, client: OidcClient) -> T | str:
        """Return what steps return, or the reason of the FetchError that ended them."""
        try:
            return await self._driver.drive(steps, client=client)
        except FetchError as error:
            return error.reason

    async def fetched(self, request: HttpRequest, *, reach: Reach, hosts: frozenset[str]) -> HttpAnswer | str:
        """Return one answer of one of these hosts, or the reason of the FetchError that stands in its place."""
        try:
            return await self._fetcher.fetch(request, reach=reach, hosts=hosts)
        except FetchError as error:
            return error.reason

    async def judge(self, known: KnownProvider, client: OidcClient, steps: Callable[[Exchange, KeyCache | None], Steps[Judged]]) -> Judged:
        """Take steps that judge a token to their end, and keep what they learned of the keys; raises FetchError."""
        kept = self._kept.get(known.connection, known)
        current = kept if kept.version == known.version else known
        judged = await self._driver.drive(steps(self.exchange(known, client), current.keys), client=client)
        self._kept[known.connection] = replace(current, keys=judged.keys)
        return judged

    async def proved(
        self, known: KnownProvider, client: OidcClient, *, pending: PendingSignIn, given: tuple[tuple[str, str], ...]
    ) -> ProvedSignIn | str:
        """Return who a provider says it is that came back, or in one word why that is not believed."""

        def judging(exchange: Exchange, keys: KeyCache | None) -> Steps[Judged]:
            return complete_sign_in(exchange, pending=pending, parameters=given, keys=keys)

        try:
            judged = (await self.judge(known, client, judging)).outcome
        except FetchError as error:
            return error.reason
        if isinstance(judged, ProvedSignIn):
            return judged
        return judged.reason.value if isinstance(judged, Rejected) else "unexpected"

    async def known(self, connection: Connection, client: OidcClient) -> KnownProvider | str:
        """Return what the provider says of itself, or in one word why that is not known."""
        now, kept = self._ambient.now(), self._kept.get(connection.id)
        if kept is not None and kept.version == connection.version and timedelta() <= now - kept.came_at < METADATA_LIFE:
            return kept
        found = await self.drive(discover(client), client=client)
        if isinstance(found, str):
            return found
        if isinstance(found, Rejected):
            return found.reason.value
        keys = kept.keys if kept is not None and kept.version == connection.version else None
        made = KnownProvider(connection=connection.id, version=connection.version, metadata=found, came_at=now, keys=keys)
        self._kept.pop(connection.id, None)
        while len(self._kept) >= MOST_KEPT:
            self._kept.pop(next(iter(self._kept)))
        self._kept[connection.id] = made
        return made
