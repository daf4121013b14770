"""A workspace role of a person: the principal-role-resource triple of NIST RBAC, with the time in which it holds."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from ctsec.ids import OrganizationId, UserId, WorkspaceId


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleAssignment:
    """`user_id` has `role` in `workspace_id`, on [`starts_at`, `expires_at`) where they are set."""

    organization_id: OrganizationId
    workspace_id: WorkspaceId
    user_id: UserId
    role: str
    starts_at: datetime | None
    expires_at: datetime | None
    granted_by: str
    created_at: datetime
