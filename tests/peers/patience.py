"""How long a host of the tests waits for a provider: a machine may be busy, and who stands still is not waited for."""

from __future__ import annotations

from typing import Final

from ctsec.transport.fetch import Fetcher
from ctsec.transport.reach import Reach
from ctsec.transport.request import HttpAnswer, HttpRequest

LONG: Final = 60.0
SHORT: Final = 0.3  # for a provider of which it is known that it answers never


class Patience:
    """Asks as a host does, and is told how long to wait."""

    def __init__(self) -> None:
        self.seconds = LONG

    def fetch(self, request: HttpRequest, *, reach: Reach = Reach.PUBLIC, hosts: frozenset[str] | None = None) -> HttpAnswer:
        """Return the answer that a `Fetcher` with this patience gets."""
        return Fetcher(seconds=self.seconds).fetch(request, reach=reach, hosts=hosts)
