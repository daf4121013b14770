"""Providers' own names without the network: each leads to the simulator that stands for it, and no other name leads anywhere."""

from __future__ import annotations

from dataclasses import replace
from typing import Final
from urllib.parse import urlsplit

from ctsec.errors import FetchFailed, FetchRefused
from ctsec.testing.providers.base import ProviderSimulator, hosts_of
from ctsec.transport.fetch import BlockingFetcher, Fetcher
from ctsec.transport.reach import Reach
from ctsec.transport.request import FetchReason, HttpAnswer, HttpRequest

_HERE: Final = frozenset({"127.0.0.1"})


class RoutedFetcher:
    """A fetcher for tests, as `SsoPolicy(fetcher=RoutedFetcher(google, github))` takes it.

    It asks no host but the connection's, as the guarded fetcher does, and asks over loopback; what is not https it leaves to `fetcher`.
    `asked` are the addresses that were asked for, in order, also those that were refused.
    """

    def __init__(self, *providers: ProviderSimulator, fetcher: BlockingFetcher | None = None) -> None:
        self.providers = list(providers)
        self.asked: list[str] = []
        self._fetcher = fetcher if fetcher is not None else Fetcher()

    def fetch(self, request: HttpRequest, *, reach: Reach = Reach.PUBLIC, hosts: frozenset[str] | None = None) -> HttpAnswer:
        """Return what the simulator of the host answers; raise as `ctsec.transport.fetch.Fetcher.fetch` does."""
        self.asked.append(request.url)
        parts = urlsplit(request.url)
        if parts.scheme != "https":
            return self._fetcher.fetch(request, reach=reach, hosts=hosts)
        if hosts is not None and parts.hostname not in hosts:
            raise FetchRefused("expected an address at a host of this connection", reason=FetchReason.HOST_NOT_ALLOWED.value)
        found = next((each for each in self.providers if parts.netloc in hosts_of(each)), None)
        if found is None:
            raise FetchFailed("no simulator stands for this name", reason=FetchReason.UNKNOWN_NAME.value)
        query = f"?{parts.query}" if parts.query else ""
        here = replace(request, url=f"{found.at}/{parts.netloc}{parts.path}{query}")
        return self._fetcher.fetch(here, reach=Reach.LOOPBACK, hosts=_HERE)
