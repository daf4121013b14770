# Generated from src/ctsec/sso/_async_driving.py by tools/twin.py; edit that file.
"""Takes the steps of a sign-in to their end with a client that fetches (async source; the sync colour is generated from it)."""

from __future__ import annotations

from collections.abc import Generator
from typing import TypeVar, cast

from ctsec.errors import FetchError
from ctsec.sso._sync_ports import Fetches
from ctsec.sso.oidc.client import OidcClient
from ctsec.transport.request import HttpAnswer, HttpRequest

T = TypeVar("T")


class Driver:
    """Drives steps with one client that fetches; it keeps nothing between them."""

    __slots__ = ("_fetcher",)

    def __init__(self, fetcher: Fetches) -> None:
        self._fetcher = fetcher

    def drive(self, steps: Generator[HttpRequest, HttpAnswer, T], *, client: OidcClient) -> T:
        """Return what the steps return; each request goes as far as the connection says, and to its hosts only.

        Raises a FetchError that the steps do not take as an answer.
        """
        hosts = client.known_hosts
        try:
            request = next(steps)
            while True:
                try:
                    answer = self._fetcher.fetch(request, reach=client.reach, hosts=hosts)
                except FetchError as error:
                    request = steps.throw(error)
                else:
                    request = steps.send(answer)
        except StopIteration as done:
            return cast("T", done.value)
