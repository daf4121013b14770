"""The ports of single sign-on, in both colours."""

from __future__ import annotations

from ctsec.sso._async_domain_ports import AsyncDomainClaimRecords, AsyncTxtResolver
from ctsec.sso._async_ports import AsyncConnectionRecords, AsyncFetches, AsyncGrantRecords, AsyncIdentityRecords, AsyncRefreshed
from ctsec.sso._sync_domain_ports import DomainClaimRecords, TxtResolver
from ctsec.sso._sync_ports import ConnectionRecords, Fetches, GrantRecords, IdentityRecords, Refreshed

__all__ = [
    "AsyncConnectionRecords",
    "AsyncDomainClaimRecords",
    "AsyncFetches",
    "AsyncGrantRecords",
    "AsyncIdentityRecords",
    "AsyncRefreshed",
    "AsyncTxtResolver",
    "ConnectionRecords",
    "DomainClaimRecords",
    "Fetches",
    "GrantRecords",
    "IdentityRecords",
    "Refreshed",
    "TxtResolver",
]
