"""What single sign-on needs from outside (async source; the sync colour is generated from it)."""

from __future__ import annotations

from typing import Protocol

from ctsec.transport.reach import Reach
from ctsec.transport.request import HttpAnswer, HttpRequest


class AsyncFetches(Protocol):
    """Fetches over https, guarded as `ctsec.transport.fetch` is."""

    async def fetch(self, request: HttpRequest, *, reach: Reach, hosts: frozenset[str] | None) -> HttpAnswer:
        """Return the answer; raise a FetchError if there is none, or the address may not be asked."""
        ...
