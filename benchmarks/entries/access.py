"""What a decision costs: `Access.can` and the two-level `Policy.check`, against an empty method with as many arguments."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from benchmarks.measure import Race, code
from ctsec.ids import OrganizationId, UserId, WorkspaceId
from ctsec.rbac import Policy
from ctsec.rbac.preset import Permission
from ctsec.rbac.standing import Assignment, Standing


class Empty:
    """Methods that do nothing, with the signatures of what they are compared to."""

    __slots__ = ()

    def can(self, permission: str) -> bool:  # noqa: ARG002
        return True

    def check(
        self,
        standing: object,  # noqa: ARG002
        permission: str,  # noqa: ARG002
        *,
        now: datetime,  # noqa: ARG002
        workspace: object = None,  # noqa: ARG002
        workspace_organization: object = None,  # noqa: ARG002
    ) -> bool:
        return True


def entry() -> Iterable[Race]:
    """Return the races."""
    policy = Policy.preset()
    organization, workspace, now = OrganizationId("org_1"), WorkspaceId("wsp_1"), datetime.now(UTC)
    standing = Standing(user=UserId("usr_1"), organization=organization, role="member", workspaces={workspace: Assignment("editor")})
    access = policy.access(standing, now=now, workspace=workspace, workspace_organization=organization)
    names: dict[str, object] = {
        "empty": Empty(),
        "policy": policy,
        "standing": standing,
        "access": access,
        "run": Permission.AGENTS_RUN,
        "manage": Permission.MEMBERS_MANAGE,
        "now": now,
        "workspace": workspace,
        "organization": organization,
    }
    place = "now=now, workspace=workspace, workspace_organization=organization"
    yield Race(
        title="Access.can, resolved for the request",
        floor=code("an empty method", "empty.can(run)", names),
        contestants=(code("Access.can", "access.can(run)", names, target=2.0),),
    )
    yield Race(
        title="Policy.check in a workspace",
        floor=code("an empty method of the same call", f"empty.check(standing, run, {place})", names),
        contestants=(code("Policy.check, workspace", f"policy.check(standing, run, {place})", names, target=6.0),),
    )
    yield Race(
        title="Policy.check in the organization",
        floor=code("an empty method of the same call", "empty.check(standing, manage, now=now)", names),
        contestants=(code("Policy.check, organization", "policy.check(standing, manage, now=now)", names, target=6.0),),
    )
