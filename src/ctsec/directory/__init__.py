"""Organizations, workspaces, the people in them, and invitations.

Names are resolved at first use.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ctsec.lazy import face

if TYPE_CHECKING:
    from ctsec.directory._async import AsyncDirectory as AsyncDirectory
    from ctsec.directory._async_members import AsyncMembers as AsyncMembers
    from ctsec.directory._sync import Directory as Directory
    from ctsec.directory._sync_members import Members as Members
    from ctsec.directory.record import Invitation as Invitation
    from ctsec.directory.record import Member as Member
    from ctsec.directory.record import Membership as Membership
    from ctsec.directory.record import MembershipStatus as MembershipStatus
    from ctsec.directory.record import Organization as Organization
    from ctsec.directory.record import OrganizationStatus as OrganizationStatus
    from ctsec.directory.record import Workspace as Workspace
    from ctsec.directory.record import WorkspaceStatus as WorkspaceStatus

_HOME = {
    "AsyncDirectory": "ctsec.directory._async",
    "AsyncMembers": "ctsec.directory._async_members",
    "Directory": "ctsec.directory._sync",
    "Invitation": "ctsec.directory.record",
    "Member": "ctsec.directory.record",
    "Members": "ctsec.directory._sync_members",
    "Membership": "ctsec.directory.record",
    "MembershipStatus": "ctsec.directory.record",
    "Organization": "ctsec.directory.record",
    "OrganizationStatus": "ctsec.directory.record",
    "Workspace": "ctsec.directory.record",
    "WorkspaceStatus": "ctsec.directory.record",
}
__all__ = [
    "AsyncDirectory",
    "AsyncMembers",
    "Directory",
    "Invitation",
    "Member",
    "Members",
    "Membership",
    "MembershipStatus",
    "Organization",
    "OrganizationStatus",
    "Workspace",
    "WorkspaceStatus",
]

__getattr__ = face(__name__, _HOME)
