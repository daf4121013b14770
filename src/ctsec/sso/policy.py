"""What the deployment decides about single sign-on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from ctsec.ids import ConnectionId
from ctsec.sso.nameservers import parse_nameserver
from ctsec.transport.fetch import BlockingFetcher
from ctsec.transport.reach import Reach

MAX_DNS_SECONDS: Final = 10
_PLACE: Final = "{connection_id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class SsoPolicy:
    """Where providers send browsers back to, and how far providers may be asked.

    `callback` is the path below the base address, with `{connection_id}` in it once: each connection has a redirect URI of its own. `reach`
    is the deployment's to say and no customer's: ON_PREMISE lets every connection lead to private networks, LOOPBACK is for tests.
    `fetcher` asks providers instead of a guarded `ctsec.transport.fetch.Fetcher` of our own: for tests, where providers' names lead to
    simulators (`ctsec.testing.providers.RoutedFetcher`), or for a `Fetcher` with settings of yours; it may block, an event loop goes on.
    `nameservers` are the resolvers that are asked about domains, such as `192.0.2.1` or `192.0.2.1:53` (none: those of this machine), and
    `dns_seconds` is how long one question may take in all, at most 10. Raises ValueError for another path, address or time.
    """

    callback: str = "/auth/sso/{connection_id}/callback"
    reach: Reach = Reach.PUBLIC
    fetcher: BlockingFetcher | None = None
    nameservers: tuple[str, ...] = ()
    dns_seconds: float = 5.0

    def __post_init__(self) -> None:
        if not self.callback.startswith("/") or self.callback.count(_PLACE) != 1 or any(each in self.callback for each in "?# "):
            raise ValueError("expected a path that starts with / and has {connection_id} in it once")
        if not 0 < self.dns_seconds <= MAX_DNS_SECONDS:
            raise ValueError(f"expected a time for the DNS of up to {MAX_DNS_SECONDS} seconds")
        for each in self.nameservers:
            parse_nameserver(each)

    def redirect_uri(self, base_url: str, connection: ConnectionId) -> str:
        """Return the redirect URI of a connection, as it is registered at the provider."""
        return base_url.rstrip("/") + self.callback.replace(_PLACE, connection)
