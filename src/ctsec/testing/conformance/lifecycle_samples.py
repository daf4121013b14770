"""Records of people's coming and going, that conformance tests write."""

from __future__ import annotations

from ctsec.directory.lifecycle import LifecyclePolicy, ParkedRole, Presence
from ctsec.testing.conformance.samples import HOUR, NOW, org_id, user_id, workspace_id


def rules_of(n: int, *, by: int, remove_days: int) -> LifecyclePolicy:
    """Return what the n-th organization says; it judges absence if `remove_days` is not 0."""
    return LifecyclePolicy(
        organization_id=org_id(n), park_days=by, heir=user_id(by), remove_days=remove_days, changed_by=user_id(by), changed_at=NOW
    )


def presence(n: int, *, of: int, hours: int) -> Presence:
    """Return when the n-th person was last seen in an organization: some hours on, and warned if there are any."""
    at = NOW + hours * HOUR
    return Presence(organization_id=org_id(of), user_id=user_id(n), used_at=at, warned_at=at if hours else None)


def parked(n: int, *, of: int, space: int) -> ParkedRole:
    """Return a role of the n-th person in a workspace, which sleeps for as many hours as the workspace's number."""
    return ParkedRole(
        organization_id=org_id(of),
        workspace_id=workspace_id(space),
        user_id=user_id(n),
        role="editor",
        starts_at=None,
        expires_at=None,
        granted_by=user_id(9),
        parked_at=NOW,
        until=NOW + space * HOUR,
    )
