"""The records of SCIM, in both colours."""

from __future__ import annotations

from ctsec.sso.scim._async_ports import (
    AsyncScimConnectionRecords,
    AsyncScimGroupRecords,
    AsyncScimMemberRecords,
    AsyncScimUserRecords,
)
from ctsec.sso.scim._sync_ports import ScimConnectionRecords, ScimGroupRecords, ScimMemberRecords, ScimUserRecords

__all__ = [
    "AsyncScimConnectionRecords",
    "AsyncScimGroupRecords",
    "AsyncScimMemberRecords",
    "AsyncScimUserRecords",
    "ScimConnectionRecords",
    "ScimGroupRecords",
    "ScimMemberRecords",
    "ScimUserRecords",
]
