"""Where a sign-in came from, in words for the person whose it is.

Rules that this module keeps:

- a person is shown a network and no address: of IPv4 the /24, of IPv6 the /48; what is no address is an unknown place;
- the host may name the place in words of its own; they are shown on one line of at most 64 characters, and nothing is decided by them;
- a host's names that fail, or are empty, are as none: nobody's sign-in depends on them.
"""

from __future__ import annotations

from ipaddress import ip_network
from typing import Final, Protocol

from ctsec.network import parse_address

MAX_PLACE: Final = 64
UNKNOWN_PLACE: Final = "unknown place"
_PREFIXES: Final = {4: 24, 6: 48}


class PlaceNames(Protocol):
    """The host's words for where an address is, such as a city; from memory or a file, since a sign-in waits for it."""

    def __call__(self, address: str, /) -> str:
        """Return the words, or nothing where there are none."""
        ...


def network_of(address: str) -> str:
    """Return the network that an address is in, as it is shown to people: `198.51.100.0/24`, `2001:db8:1::/48`."""
    found = parse_address(address)
    return UNKNOWN_PLACE if found is None else str(ip_network(f"{found}/{_PREFIXES[found.version]}", strict=False))


def place_of(address: str, *, names: PlaceNames | None = None) -> str:
    """Return the host's words for an address and its network, or the network alone."""
    network = network_of(address)
    if names is None or network == UNKNOWN_PLACE:
        return network
    try:
        said = str(names(address) or "")  # a look-up that finds nothing often says None
    except Exception:  # noqa: BLE001 - the host's own code: what is shown is worth no failed sign-in
        return network
    words = " ".join("".join(c if c.isprintable() else " " for c in said).split())[:MAX_PLACE]
    return f"{words} ({network})" if words else network
