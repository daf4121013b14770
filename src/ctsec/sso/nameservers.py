"""Where the DNS is asked: addresses of resolvers, as a deployment writes them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Final

_WRITTEN: Final = re.compile(r"(?:\[(?P<six>[0-9a-fA-F:.]{2,45})\]|(?P<four>[0-9.]{7,15}))(?::(?P<port>[0-9]{1,5}))?")


@dataclass(frozen=True, slots=True)
class NameServer:
    """A resolver: an IP address and a port, for UDP and TCP."""

    address: str
    port: int


def parse_nameserver(text: str) -> NameServer:
    """Return the resolver of `192.0.2.1`, `192.0.2.1:53` or `[2001:db8::1]:53`; raise ValueError for anything else."""
    found = _WRITTEN.fullmatch(text)
    try:
        address = ip_address((found["six"] or found["four"]) if found is not None else "")
    except ValueError:
        raise ValueError("expected the address of a resolver, such as 192.0.2.1, 192.0.2.1:53 or [2001:db8::1]:53") from None
    port = int((found["port"] if found is not None else None) or 53)
    if not 0 < port < 65_536:
        raise ValueError("expected a port of 1 to 65535")
    return NameServer(str(address), port)
