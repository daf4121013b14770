"""Which addresses a fetch may connect to, once a name has been resolved.

Rules that this module keeps:

- what is not global unicast is refused: private, loopback, link-local, multicast, shared (CGNAT), documentation, benchmarks, reserved;
- an IPv4 address inside IPv6 is judged as what it is (`::ffff:0:0/96`); translations of one (NAT64, 6to4, Teredo) are refused;
- addresses at which clouds tell their machines' secrets are refused whatever is allowed besides.

Sources: the IANA registries of special-purpose addresses (RFC 6890), RFC 6598, RFC 6052, RFC 8215, RFC 4193.
"""

from __future__ import annotations

from enum import StrEnum
from ipaddress import IPv6Address
from typing import Final

from ctsec.network import Address, Network, parse_network


class Reach(StrEnum):
    """How far a fetch may go: `ON_PREMISE` adds private networks (RFC 1918, 4193, 6598), `LOOPBACK` this machine, with plain http too."""

    PUBLIC = "public"
    ON_PREMISE = "on_premise"
    LOOPBACK = "loopback"


def _networks(*texts: str) -> tuple[Network, ...]:
    return tuple(parse_network(text) for text in texts)


_PRIVATE: Final = _networks("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7")
_LOOPBACK: Final = _networks("127.0.0.0/8", "::1/128")
# Metadata services: of most clouds inside the link-local ranges; these are elsewhere (AWS, Alibaba, Azure).
_METADATA: Final = _networks("fd00:ec2::/32", "100.100.100.200/32", "168.63.129.16/32")
_SPECIAL: Final = _networks(
    "0.0.0.0/8", "169.254.0.0/16", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "198.18.0.0/15", "198.51.100.0/24",
    "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
    "2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20",
)  # fmt: skip
_GLOBAL_V6: Final = parse_network("2000::/3")


def may_connect(address: Address, reach: Reach = Reach.PUBLIC) -> bool:
    """Tell whether a fetch that may go as far as `reach` may connect to `address`."""
    if _in(address, _METADATA):
        return False
    if _in(address, _LOOPBACK):
        return reach is Reach.LOOPBACK
    if _in(address, _PRIVATE):
        return reach is Reach.ON_PREMISE
    if isinstance(address, IPv6Address) and address not in _GLOBAL_V6:
        return False
    return not _in(address, _SPECIAL)


def _in(address: Address, networks: tuple[Network, ...]) -> bool:
    return any(address in network for network in networks)
