"""The client's address behind proxies.

Rules that this module keeps:

- a forwarding header is read only if the connection itself comes from a trusted proxy, from right to left, until an address that is no
  trusted proxy: what stands left of it was written by the client and is not looked at;
- one header is read, the one that the proxies write (`X-Forwarded-For` unless it is set otherwise); a client's own other one is nothing;
- with `hops`, so many proxies are passed at most, whatever the addresses say; networks that hold every address need it, since with them
  the left-most address, which the client wrote, would be believed;
- a part that is no address ends the walk at the proxy that sent it;
- a request id is taken from a trusted proxy only.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from ctsec.network import Address, Network, parse_address, parse_network
from ctsec.web.forwarded import MAX_ELEMENTS, ForwardingHeader, nodes

_REQUEST_ID: Final = re.compile(r"[A-Za-z0-9._-]{1,64}")


@dataclass(frozen=True, slots=True)
class TrustedProxies:
    """The networks whose forwarding header is believed, none by default; how many proxies there are at most (None: all that are in the
    networks), and which header they write. Raises ValueError for networks that hold every address without `hops`.
    """

    networks: tuple[Network, ...] = ()
    hops: int | None = None
    header: ForwardingHeader = ForwardingHeader.X_FORWARDED_FOR

    def __post_init__(self) -> None:
        if self.hops is not None and not 1 <= self.hops <= MAX_ELEMENTS:
            raise ValueError(f"expected 1 to {MAX_ELEMENTS} hops")
        if self.hops is None and any(network.prefixlen == 0 for network in self.networks):
            raise ValueError("expected hops, the number of proxies, beside a network that holds every address")

    @classmethod
    def of(
        cls, networks: Iterable[str] | TrustedProxies, *, hops: int | None = None, header: str = ForwardingHeader.X_FORWARDED_FOR
    ) -> TrustedProxies:
        """Return the proxies in CIDR notation or as single addresses; raise ValueError for anything else."""
        if isinstance(networks, TrustedProxies):
            return networks
        return cls(tuple(parse_network(text) for text in networks), hops, ForwardingHeader(header))

    def trusts(self, address: Address | None) -> bool:
        """Say whether `address` belongs to a trusted proxy."""
        return address is not None and any(address in network for network in self.networks)

    def client(self, peer: str, *, headers: Iterable[tuple[str, str]]) -> str:
        """Return the client's address: the connection's own, or what trusted proxies say of it; `headers` have lower-case names."""
        current = parse_address(peer)
        if current is None or not self.trusts(current):
            return peer[:64]
        lines = tuple(value for name, value in headers if name == self.header)
        for passed, found in enumerate(nodes(lines, header=self.header), start=1):
            if found is None:
                break
            current = found
            if passed == self.hops or not self.trusts(found):
                break
        return str(current)

    def request_id(self, peer: str, *, given: str | None) -> str:
        """Return the id that a trusted proxy gave the request, or a fresh random one of 32 hexadecimal digits."""
        if given is not None and self.trusts(parse_address(peer)) and _REQUEST_ID.fullmatch(given):
            return given
        return secrets.token_hex(16)
