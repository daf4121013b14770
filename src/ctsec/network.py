"""Networks and addresses, compared as numbers.

Rules that this module keeps:

- a v4 address inside v6 (`::ffff:0:0/96`) is that v4 address, and a v4 network is written in its own notation only;
- an address is at most 64 characters without a zone; anything else is none, and no network holds it.
"""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final, TypeAlias

Address: TypeAlias = IPv4Address | IPv6Address
Network: TypeAlias = IPv4Network | IPv6Network

MAX_ADDRESS: Final = 64


def parse_address(text: str) -> Address | None:
    """Return the address in `text`, or None if it is none or names a zone of one machine (`fe80::1%eth0`)."""
    if len(text) > MAX_ADDRESS:
        return None
    try:
        address = ip_address(text)
    except ValueError:
        return None
    if isinstance(address, IPv6Address):
        return None if address.scope_id is not None else address.ipv4_mapped or address
    return address


def parse_network(text: str) -> Network:
    """Return the network in CIDR notation; raise ValueError if it is none, has host bits or a zone, or is a v4 network inside v6."""
    if len(text) > MAX_ADDRESS or "%" in text:
        raise ValueError(f"expected a network of at most {MAX_ADDRESS} characters without a zone")
    network = ip_network(text, strict=True)
    if isinstance(network.network_address, IPv6Address) and network.network_address.ipv4_mapped is not None:
        raise ValueError("expected a v4 network in its own notation, such as 192.0.2.0/24")
    return network
