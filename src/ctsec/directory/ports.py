"""The ports of `ctsec.directory`, in both colours."""

from __future__ import annotations

from ctsec.directory._async_ports import (
    AsyncAuthority,
    AsyncDomainRecords,
    AsyncEpochRecords,
    AsyncInvitationRecords,
    AsyncMembershipRecords,
    AsyncOrganizationRecords,
    AsyncPost,
    AsyncRosterRecords,
    AsyncUserRecords,
    AsyncWorkspaceRecords,
)
from ctsec.directory._async_service_ports import AsyncServiceAccountRecords
from ctsec.directory._sync_ports import (
    Authority,
    DomainRecords,
    EpochRecords,
    InvitationRecords,
    MembershipRecords,
    OrganizationRecords,
    Post,
    RosterRecords,
    UserRecords,
    WorkspaceRecords,
)
from ctsec.directory._sync_service_ports import ServiceAccountRecords

__all__ = [
    "AsyncAuthority",
    "AsyncDomainRecords",
    "AsyncEpochRecords",
    "AsyncInvitationRecords",
    "AsyncMembershipRecords",
    "AsyncOrganizationRecords",
    "AsyncPost",
    "AsyncRosterRecords",
    "AsyncServiceAccountRecords",
    "AsyncUserRecords",
    "AsyncWorkspaceRecords",
    "Authority",
    "DomainRecords",
    "EpochRecords",
    "InvitationRecords",
    "MembershipRecords",
    "OrganizationRecords",
    "Post",
    "RosterRecords",
    "ServiceAccountRecords",
    "UserRecords",
    "WorkspaceRecords",
]
