"""The ports of single sign-on, in both colours."""

from __future__ import annotations

from ctsec.sso._async_domain_ports import AsyncDomainClaimRecords, AsyncTxtResolver
from ctsec.sso._async_ports import AsyncFetches, AsyncRefreshed
from ctsec.sso._async_record_ports import AsyncConnectionRecords, AsyncGrantRecords, AsyncIdentityRecords
from ctsec.sso._sync_domain_ports import DomainClaimRecords, TxtResolver
from ctsec.sso._sync_ports import Fetches, Refreshed
from ctsec.sso._sync_record_ports import ConnectionRecords, GrantRecords, IdentityRecords

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
