"""The DNS, asked by dnspython: the edge behind `ctsec.sso.ports.TxtResolver`. It takes the extra `sso`."""

from __future__ import annotations

from ctsec.sso.dns._async import AsyncDnsResolver
from ctsec.sso.dns._sync import DnsResolver

__all__ = ["AsyncDnsResolver", "DnsResolver"]
