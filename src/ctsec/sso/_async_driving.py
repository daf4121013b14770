"""Takes the steps of a sign-in to their end with a client that fetches (async source; the sync colour is generated from it)."""

from __future__ import annotations

from collections.abc import Generator
from typing import TypeVar, cast

from ctsec.errors import FetchError
from ctsec.sso._async_ports import AsyncFetches
from ctsec.sso.oidc.client import OidcClient
from ctsec.transport.request import HttpAnswer, HttpRequest

T = TypeVar("T")


class AsyncDriver:
    """Drives steps with one client that fetches; it keeps nothing between them."""

    __slots__ = ("_fetcher",)

    def __init__(self, fetcher: AsyncFetches) -> None:
        self._fetcher = fetcher

    async def drive(self, steps: Generator[HttpRequest, HttpAnswer, T], *, client: OidcClient) -> T:
        """Return what the steps return; each request goes as far as the connection says, and to its hosts only.

        Raises a FetchError that the steps do not take as an answer.
        """
        hosts = client.known_hosts
        try:
            request = next(steps)
            while True:
                try:
                    answer = await self._fetcher.fetch(request, reach=client.reach, hosts=hosts)
                except FetchError as error:
                    request = steps.throw(error)
                else:
                    request = steps.send(answer)
        except StopIteration as done:
            return cast("T", done.value)
