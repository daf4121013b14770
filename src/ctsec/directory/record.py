"""Organizations, their workspaces, who belongs to them, and who is invited.

Rules that this module keeps:

- a membership is what a person is in one organization; there is at most one, and its role names a role of the policy;
- a workspace belongs to one organization for ever and is pinned to a region when it is created; only a move changes that;
- a domain is verified by one organization at most, in its IDNA form; what is below it is another domain;
- an invitation is for one address, is accepted once, and ends; the token in its mail is stored as a digest only;
- `permanent_owners` counts active owners without an end date; it is changed by conditional statements only.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from ctsec.ids import ConnectionId, InvitationId, OrganizationId, UserId, WorkspaceId
from ctsec.mfa_policy import MfaPolicy

OWNER = "owner"


class OrganizationStatus(StrEnum):
    """The state of an organization; an ownerless one lost its last owner through its identity provider and waits for support."""

    ACTIVE = "active"
    OWNERLESS = "ownerless"
    CLOSED = "closed"


class MembershipStatus(StrEnum):
    """The state of a membership; only ACTIVE gives access."""

    ACTIVE = "active"
    SUSPENDED = "suspended"


class WorkspaceStatus(StrEnum):
    """The state of a workspace."""

    ACTIVE = "active"
    ARCHIVED = "archived"


@dataclass(frozen=True, slots=True, kw_only=True)
class Organization:
    """A customer of the host.

    `roles_version` goes up with every change of what its people are and with every workspace, and `custom_roles` is another number
    whenever its own roles changed (0: it never had any). `mfa_policy` says of whom it requires a second factor (None: of nobody) and
    `sso_required_from` from when on it is entered through its provider only (None: never). These four are written by statements of their
    own and not by `replace`.
    """

    id: OrganizationId
    name: str
    status: OrganizationStatus
    permanent_owners: int
    created_at: datetime
    version: int = 1
    roles_version: int = 0
    custom_roles: int = 0
    mfa_policy: MfaPolicy | None = None
    sso_required_from: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Workspace:
    """A part of an organization, pinned to `region`."""

    id: WorkspaceId
    organization_id: OrganizationId
    name: str
    region: str
    status: WorkspaceStatus
    created_at: datetime
    version: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Membership:
    """What `user_id` is in `organization_id`, from `starts_at` until before `expires_at` where they are set.

    `provisioned_by` is the connection that made the membership (None: an invitation did, or a founding), and `role_given_by` the one that
    gave the role; whoever gives another role by hand takes its place, and it is None from then on.
    """

    organization_id: OrganizationId
    user_id: UserId
    role: str
    status: MembershipStatus
    starts_at: datetime | None
    expires_at: datetime | None
    created_at: datetime
    version: int = 1
    provisioned_by: ConnectionId | None = None
    role_given_by: ConnectionId | None = None

    @property
    def permanent_owner(self) -> bool:
        """Whether this membership keeps its organization owned: an active owner without start in the future or end."""
        return self.role == OWNER and self.status is MembershipStatus.ACTIVE and self.expires_at is None and self.starts_at is None


@dataclass(frozen=True, slots=True, kw_only=True)
class Invitation:
    """An invitation of an address to an organization, and optionally to one workspace of it."""

    id: InvitationId
    organization_id: OrganizationId
    email: str
    email_key: str
    role: str
    workspace_id: WorkspaceId | None
    workspace_role: str | None
    token_digest: bytes
    invited_by: str
    created_at: datetime
    expires_at: datetime
    accepted_at: datetime | None = None
    accepted_by: str | None = None
    revoked_at: datetime | None = None


SUSPENDED: Final = "suspended "


@dataclass(frozen=True, slots=True, kw_only=True)
class Departure:
    """That somebody was a member and is none any more: no provider brings them back, until somebody invites them again.

    `removed_by` is who ended it, behind the word `SUSPENDED` for somebody who was suspended then.
    """

    organization_id: OrganizationId
    user_id: UserId
    left_at: datetime
    removed_by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifiedDomain:
    """A domain of e-mail addresses that `organization_id` was shown to control; `proof` says how, in one line."""

    name: str
    organization_id: OrganizationId
    proof: str
    recorded_by: str
    recorded_at: datetime


@dataclass(frozen=True, slots=True)
class Member:
    """A membership with the person behind it, as member lists show it."""

    membership: Membership
    email: str
    name: str
