"""What a person is in an organization, put together from the rows of the memory store."""

from __future__ import annotations

from ctsec.ids import OrganizationId, UserId
from ctsec.rbac.assignment import RoleAssignment
from ctsec.rbac.elevation import ElevationRequest, ElevationState
from ctsec.rbac.standing import Assignment, Elevation, MembershipStatus, Standing
from ctsec.storage.memory.state import Transaction
from ctsec.storage.memory.tables import ASSIGNMENTS, ELEVATIONS, MEMBERSHIPS, ORGANIZATIONS


def standing_of(tx: Transaction, organization_id: OrganizationId, user_id: UserId, *, fresh: bool = False) -> Standing | None:
    """Return membership, workspace roles and elevations, by plain or (`fresh`) locking reads; None without a membership."""

    def theirs(record: RoleAssignment | ElevationRequest) -> bool:
        return record.organization_id == organization_id and record.user_id == user_id

    def active(request: ElevationRequest) -> bool:
        return request.state is ElevationState.ACTIVE and theirs(request)

    get = tx.current if fresh else tx.get
    membership = get(MEMBERSHIPS, (organization_id, user_id))
    if membership is None:
        return None
    home = get(ORGANIZATIONS, organization_id)
    roles = tx.current_where(ASSIGNMENTS, theirs) if fresh else [each for each in tx.scan(ASSIGNMENTS) if theirs(each)]
    raised = tx.current_where(ELEVATIONS, active) if fresh else [each for each in tx.scan(ELEVATIONS) if active(each)]
    return Standing(
        user=user_id,
        organization=organization_id,
        role=membership.role,
        status=MembershipStatus(membership.status.value),
        starts_at=membership.starts_at,
        expires_at=membership.expires_at,
        workspaces={each.workspace_id: Assignment(each.role, each.starts_at, each.expires_at) for each in roles},
        elevations=tuple(
            Elevation(role=each.role, starts_at=each.starts_at, expires_at=each.expires_at, workspace=each.workspace_id)
            for each in sorted(raised, key=lambda request: request.id)
            if each.starts_at is not None and each.expires_at is not None
        ),
        version=home.roles_version if home is not None else 0,
        custom_roles=home.custom_roles if home is not None else 0,
        mfa_policy=home.mfa_policy if home is not None else None,
        sso_required_from=home.sso_required_from if home is not None else None,
    )
