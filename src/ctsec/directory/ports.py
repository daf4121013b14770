"""The ports of `ctsec.directory`, in both colours."""

from __future__ import annotations

from ctsec.directory._async_ports import (
    AsyncAuthority,
    AsyncDepartureRecords,
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
from ctsec.directory._sync_ports import (
    Authority,
    DepartureRecords,
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

__all__ = [
    "AsyncAuthority",
    "AsyncDepartureRecords",
    "AsyncDomainRecords",
    "AsyncEpochRecords",
    "AsyncInvitationRecords",
    "AsyncMembershipRecords",
    "AsyncOrganizationRecords",
    "AsyncPost",
    "AsyncRosterRecords",
    "AsyncUserRecords",
    "AsyncWorkspaceRecords",
    "Authority",
    "DepartureRecords",
    "DomainRecords",
    "EpochRecords",
    "InvitationRecords",
    "MembershipRecords",
    "OrganizationRecords",
    "Post",
    "RosterRecords",
    "UserRecords",
    "WorkspaceRecords",
]
