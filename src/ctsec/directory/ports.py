"""The ports of `ctsec.directory`, in both colours."""

from __future__ import annotations

from ctsec.directory._async_lifecycle_ports import (
    AsyncEndsApps,
    AsyncEndsPushing,
    AsyncHandsOver,
    AsyncLifecycleRecords,
    AsyncParkedRecords,
    AsyncRotatesKeys,
)
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
from ctsec.directory._sync_lifecycle_ports import (
    EndsApps,
    EndsPushing,
    HandsOver,
    LifecycleRecords,
    ParkedRecords,
    RotatesKeys,
)
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
    "AsyncEndsApps",
    "AsyncEndsPushing",
    "AsyncEpochRecords",
    "AsyncHandsOver",
    "AsyncInvitationRecords",
    "AsyncLifecycleRecords",
    "AsyncMembershipRecords",
    "AsyncOrganizationRecords",
    "AsyncParkedRecords",
    "AsyncPost",
    "AsyncRosterRecords",
    "AsyncRotatesKeys",
    "AsyncServiceAccountRecords",
    "AsyncUserRecords",
    "AsyncWorkspaceRecords",
    "Authority",
    "DomainRecords",
    "EndsApps",
    "EndsPushing",
    "EpochRecords",
    "HandsOver",
    "InvitationRecords",
    "LifecycleRecords",
    "MembershipRecords",
    "OrganizationRecords",
    "ParkedRecords",
    "Post",
    "RosterRecords",
    "RotatesKeys",
    "ServiceAccountRecords",
    "UserRecords",
    "WorkspaceRecords",
]
