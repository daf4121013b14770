"""What the deployment decides about single sign-on."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from ctsec.guard.allowance import AllowancePolicy
from ctsec.ids import ConnectionId
from ctsec.sso.nameservers import parse_nameserver
from ctsec.transport.fetch import BlockingFetcher
from ctsec.transport.reach import Reach

MAX_DNS_SECONDS: Final = 10
_PLACE: Final = "{connection_id}"
LONGEST_INTERVAL: Final = timedelta(hours=1)
SHORTEST_INTERVAL: Final = timedelta(minutes=15)  # longer than a ticket lives: no session is asked about before it began
LONGEST_UNHEARD: Final = timedelta(hours=24)


@dataclass(frozen=True, slots=True, kw_only=True)
class SsoPolicy:
    """Where providers send browsers back to, how far providers may be asked, and how long sessions go on without their word.

    `callback` is the path below the base address, with `{connection_id}` in it once: each connection has a redirect URI of its own. `saml`
    is the same for SAML, with `/metadata`, `/acs` and `/slo` behind it: where the routes of the JSON API are mounted. `reach`
    is the deployment's to say and no customer's: ON_PREMISE lets every connection lead to private networks, LOOPBACK is for tests.
    `fetcher` asks providers instead of a guarded `ctsec.transport.fetch.Fetcher` of our own: for tests, where providers' names lead to
    simulators (`ctsec.testing.providers.RoutedFetcher`), or for a `Fetcher` with settings of yours; it may block, an event loop goes on.
    `nameservers` are the resolvers that are asked about domains, such as `192.0.2.1` or `192.0.2.1:53` (none: those of this machine), and
    `dns_seconds` is how long one question may take in all, at most 10. Raises ValueError for another path, address or time.
    A provider that can be asked about its sessions is asked every `revalidate_every` (15 minutes to 1 hour). A session that it gave no
    answer about in `unchecked` counts no more; one of a provider that can not be asked ends after `unasked` (24 hours at
    most, both). `after_sign_in` is the path below the base address where a browser goes on that comes back from a provider to one of our
    routes; it reads there what came of it (`GET /sso/landed`); empty answers it as every other client. `after_sign_out` is the same for a
    provider that a browser has signed out at; empty leaves the browser with the provider. `scim_requests` is how many requests each SCIM
    connection may make. Raises ValueError for anything else.
    """

    callback: str = "/auth/sso/{connection_id}/callback"
    saml: str = "/auth/sso/{connection_id}/saml"
    reach: Reach = Reach.PUBLIC
    fetcher: BlockingFetcher | None = None
    nameservers: tuple[str, ...] = ()
    dns_seconds: float = 5.0
    revalidate_every: timedelta = timedelta(hours=1)
    unchecked: timedelta = timedelta(hours=4)
    unasked: timedelta = timedelta(hours=12)
    after_sign_in: str = ""
    after_sign_out: str = ""
    scim_requests: AllowancePolicy = field(default_factory=lambda: AllowancePolicy(burst=1_000, every=timedelta(milliseconds=40)))

    def __post_init__(self) -> None:
        for path in (self.callback, self.saml):
            if not path.startswith("/") or path.count(_PLACE) != 1 or any(each in path for each in "?# "):
                raise ValueError("expected a path that starts with / and has {connection_id} in it once")
        if not 0 < self.dns_seconds <= MAX_DNS_SECONDS:
            raise ValueError(f"expected a time for the DNS of up to {MAX_DNS_SECONDS} seconds")
        for each in self.nameservers:
            parse_nameserver(each)
        if not SHORTEST_INTERVAL <= self.revalidate_every <= LONGEST_INTERVAL:
            raise ValueError("expected to ask providers every 15 minutes to 1 hour")
        if not self.revalidate_every < self.unchecked <= LONGEST_UNHEARD or not timedelta() < self.unasked <= LONGEST_UNHEARD:
            raise ValueError("expected sessions to go on unchecked longer than the interval, and unasked at all, for 24 hours at most")
        for path in filter(None, (self.after_sign_in, self.after_sign_out)):
            if not path.startswith("/") or path.startswith("//") or any(each in path for each in "?# \\") or not path.isprintable():
                raise ValueError("expected a path that starts with one /, or none")

    def redirect_uri(self, base_url: str, connection: ConnectionId) -> str:
        """Return the redirect URI of a connection, as it is registered at the provider."""
        return base_url.rstrip("/") + self.callback.replace(_PLACE, connection)

    def saml_url(self, base_url: str, connection: ConnectionId) -> str:
        """Return where the addresses of a connection that speaks SAML begin: `/metadata`, its entity id, `/acs` and `/slo`."""
        return base_url.rstrip("/") + self.saml.replace(_PLACE, connection)

    def landing(self, base_url: str) -> str:
        """Return the address where a browser goes on that comes back from a provider; empty for none."""
        return base_url.rstrip("/") + self.after_sign_in if self.after_sign_in else ""

    def back_to(self, base_url: str) -> str:
        """Return the address that a provider sends a signed-out browser to, as it is registered there; empty for none."""
        return base_url.rstrip("/") + self.after_sign_out if self.after_sign_out else ""
