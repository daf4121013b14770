"""Tokens of workloads, from the request to the key: short units of work, and the issuer asked between them (async source).

Rules that this module keeps:

- no transaction is open while an issuer is asked, however slow it is, and nobody is asked whom no rule names;
- what is known of an issuer is kept for a while, for a bounded number of them; what a refused token told of its keys is kept as well;
- every exchange that comes to no key answers the same, whatever was wrong.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, Protocol, TypeAlias, TypeVar, cast

from ctsec.ambient import Ambient, Request
from ctsec.errors import FetchError
from ctsec.guard.attempts import Charge
from ctsec.ids import ServiceAccountId
from ctsec.jose.key_cache import KEYS_INTERVAL, KeyCache, Steps
from ctsec.jose.rejection import Rejected
from ctsec.keys._async_exchanges import REFUSED, AsyncExchanges
from ctsec.keys.policy import MintedKey
from ctsec.keys.workload import WorkloadRule
from ctsec.keys.workload_policy import WorkloadPolicy
from ctsec.keys.workload_token import ProvedWorkload, WorkloadReason, document_request, judge_token, presented, read_document
from ctsec.outcome import Outcome, Refusal
from ctsec.transport.address import check_url
from ctsec.transport.fetch import AsyncFetcher, Fetcher  # sync: from ctsec.transport.fetch import Fetcher
from ctsec.transport.reach import Reach
from ctsec.transport.request import HttpAnswer, HttpRequest
from ctsec.worker._async import AsyncJob

T = TypeVar("T")
DOCUMENT_LIFE: Final = timedelta(minutes=10)
MOST_KEPT: Final = 1_000
KEPT: Final = timedelta(days=1)
TRIM_JOB: Final = "exchanged-keys"
_BATCH: Final = 200
_BATCHES: Final = 50
_HOURLY: Final = timedelta(hours=1)


class AsyncExchangeUnit(Protocol):
    """A unit of work, as far as exchanges need it."""

    @property
    def exchanges(self) -> AsyncExchanges:
        """What is done with tokens of workloads."""
        ...


class AsyncFetching(Protocol):
    """Fetches over https, guarded as `ctsec.transport.fetch` is."""

    async def fetch(self, request: HttpRequest, *, reach: Reach, hosts: frozenset[str] | None) -> HttpAnswer:
        """Return the answer; raise a FetchError if there is none, or the address may not be asked."""
        ...


Units: TypeAlias = Callable[[Request | None], AbstractAsyncContextManager[AsyncExchangeUnit]]


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownIssuer:
    """Where an issuer publishes its keys (None: its document does not say), since when that is known, and the keys."""

    url: str | None
    came_at: datetime
    keys: KeyCache | None = None

    def good(self, now: datetime) -> bool:
        """Tell whether this may be used; what was asked in vain is asked again after a while."""
        life = DOCUMENT_LIFE if self.url is not None else KEYS_INTERVAL
        return timedelta() <= now - self.came_at < life


class AsyncWorkload:
    """Exchanges the tokens of workloads for keys. `begin` opens units that write."""

    __slots__ = ("_ambient", "_begin", "_fetcher", "_kept", "_policy")

    def __init__(self, begin: Units, *, ambient: Ambient, policy: WorkloadPolicy, fetcher: AsyncFetching | None = None) -> None:
        asking = policy.fetcher or Fetcher()
        guarded = AsyncFetcher(asking)  # sync: guarded = asking
        self._fetcher = fetcher if fetcher is not None else guarded
        self._ambient = ambient
        self._begin = begin
        self._policy = policy
        self._kept: dict[str, KnownIssuer] = {}

    def jobs(self) -> tuple[AsyncJob, ...]:
        """Return the worker's jobs."""
        return (AsyncJob(name=TRIM_JOB, every=_HOURLY, work=self.trim),)

    async def exchange(self, token: str, *, account: ServiceAccountId, request: Request | None = None) -> Outcome[MintedKey]:
        """Return a key of the service account for the token of a workload, if a rule of the account says so (RFC 8693, 2).

        Reasons: INVALID_TOKEN for everything that is wrong with the token or the rule; which it was is in the log of the rule's
        organization. THROTTLED where the address block has tried too many.
        """
        found = presented(token)
        async with self._begin(request) as unit:
            charge = await unit.exchanges.charge()
            if isinstance(charge, Refusal):
                return charge
            rules = await unit.exchanges.rules(account, found) if found is not None else ()
        if not rules:
            return REFUSED
        rule, proved = await self._judge(token, rules)
        async with self._begin(request) as unit:
            return await self._given(unit.exchanges, rule, proved, charge)

    async def trim(self) -> int:
        """Delete the keys that rules gave and that ended a day ago; return how many."""
        count = 0
        for _ in range(_BATCHES):
            async with self._begin(None) as unit:
                done = await unit.exchanges.trim(before=self._ambient.now() - KEPT, limit=_BATCH)
            count += done
            if done < _BATCH:
                break
        return count

    async def _given(
        self, exchanges: AsyncExchanges, rule: WorkloadRule, proved: ProvedWorkload | StrEnum, charge: Charge
    ) -> Outcome[MintedKey]:
        if isinstance(proved, StrEnum):
            return await exchanges.refuse(rule, proved)
        if not await exchanges.take(rule, proved):
            return await exchanges.refuse(rule, WorkloadReason.REPLAYED)
        given = await exchanges.give(rule, proved)
        if not isinstance(given, Refusal):
            await exchanges.settle(charge)
        return given

    async def _judge(self, token: str, rules: tuple[WorkloadRule, ...]) -> tuple[WorkloadRule, ProvedWorkload | StrEnum]:
        """Return the first rule that accepts a token, and what that proves; or the last one that does not, and why."""
        rule, proved = rules[0], cast("ProvedWorkload | StrEnum", WorkloadReason.ISSUER_UNKNOWN)
        for rule in rules:
            proved = await self._judged(token, rule)
            if isinstance(proved, ProvedWorkload):
                break
        return rule, proved

    async def _judged(self, token: str, rule: WorkloadRule) -> ProvedWorkload | StrEnum:
        now = self._ambient.now()
        known = await self._known(rule.issuer, now)
        if known.url is None:
            return WorkloadReason.ISSUER_UNKNOWN
        try:
            found, keys = await self._drive(judge_token(token, rule, url=known.url, cache=known.keys, now=now), issuer=rule.issuer)
        except FetchError:
            return WorkloadReason.KEYS_UNAVAILABLE
        self._kept[rule.issuer] = replace(self._kept.get(rule.issuer, known), keys=keys)
        return found.reason if isinstance(found, Rejected) else found

    async def _known(self, issuer: str, now: datetime) -> KnownIssuer:
        kept = self._kept.get(issuer)
        if kept is not None and kept.good(now):
            return kept
        loopback = self._policy.reach is Reach.LOOPBACK
        try:
            answer = await self._fetch(document_request(issuer), issuer)
            url = read_document(answer, issuer, loopback=loopback)
        except FetchError:
            url = None
        made = KnownIssuer(url=url, came_at=now, keys=kept.keys if kept is not None and kept.url == url else None)
        self._kept.pop(issuer, None)
        while len(self._kept) >= MOST_KEPT:
            self._kept.pop(next(iter(self._kept)))
        self._kept[issuer] = made
        return made

    async def _fetch(self, request: HttpRequest, issuer: str) -> HttpAnswer:
        return await self._fetcher.fetch(request, reach=self._policy.reach, hosts=frozenset({check_url(issuer).host}))

    async def _drive(self, steps: Steps[T], *, issuer: str) -> T:
        """Return what steps return; each request goes to the issuer's own host only."""
        try:
            request = next(steps)
            while True:
                try:
                    answer = await self._fetch(request, issuer)
                except FetchError as error:
                    request = steps.throw(error)
                else:
                    request = steps.send(answer)
        except StopIteration as done:
            return cast("T", done.value)
