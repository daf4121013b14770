"""The client's address behind proxies.

Rules that this module keeps:

- `X-Forwarded-For` is read only if the connection itself comes from a trusted proxy, from right to left, until an address that is no
  trusted proxy: what stands left of it was written by the client and is not looked at;
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

_REQUEST_ID: Final = re.compile(r"[A-Za-z0-9._-]{1,64}")


@dataclass(frozen=True, slots=True)
class TrustedProxies:
    """The networks whose forwarding headers are believed; none by default."""

    networks: tuple[Network, ...] = ()

    @classmethod
    def of(cls, networks: Iterable[str]) -> TrustedProxies:
        """Return the proxies in CIDR notation or as single addresses; raise ValueError for anything else."""
        return cls(tuple(parse_network(text) for text in networks))

    def trusts(self, address: Address | None) -> bool:
        """Say whether `address` belongs to a trusted proxy."""
        return address is not None and any(address in network for network in self.networks)

    def client(self, peer: str, *, forwarded: Iterable[str]) -> str:
        """Return the client's address: the connection's own, or what trusted proxies say of it."""
        current = parse_address(peer)
        if not self.trusts(current):
            return peer[:64]
        for part in reversed([part for line in forwarded for part in line.split(",")]):
            found = parse_address(part.strip())
            if found is None:
                break
            current = found
            if not self.trusts(found):
                break
        return str(current)

    def request_id(self, peer: str, *, given: str | None) -> str:
        """Return the id that a trusted proxy gave the request, or a fresh random one of 32 hexadecimal digits."""
        if given is not None and self.trusts(parse_address(peer)) and _REQUEST_ID.fullmatch(given):
            return given
        return secrets.token_hex(16)
