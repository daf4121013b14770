"""Whether an organization's requirement of a second factor refuses a credential there.

Rules that this module keeps:

- the requirement is about whoever holds a role that its policy names, at this moment: a role held for a time counts while it is held;
- a session meets it that has proved a second factor, at whatever time; an API key, whose owner has one: a key proves nothing itself, and
  acts for a person who could not act without one;
- what is done later in the name of somebody who asked for it was judged when it was asked for: an internal credential is not refused;
- nobody is refused before the grace has ended, and nothing is required of a membership that is not in force.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from ctsec.outcome import Reason, Refusal
from ctsec.principal import Credential, CredentialKind
from ctsec.rbac.standing import Standing

MFA_REQUIRED: Final = Refusal(
    Reason.MFA_REQUIRED, "this organization requires a second factor: prove yours in this session, or enrol one and sign in again"
)


def mfa_due(standing: Standing, *, now: datetime) -> datetime | None:
    """Return from when on the person is refused without a second factor, or None if none is required of them at `now`."""
    policy = standing.mfa_policy
    if policy is None or now < policy.starts_at or not standing.in_force(now):
        return None
    raised = [each for each in standing.elevations if each.in_force(now)]
    own = [standing.role, *(each.role for each in raised if each.workspace is None)]
    placed = [each.role for each in standing.assignments.values() if each.in_force(now)]
    placed += [each.role for each in raised if each.workspace is not None]
    return policy.grace_until if policy.names(organization_roles=own, workspace_roles=placed) else None


def mfa_enforced(standing: Standing, *, now: datetime) -> bool:
    """Say whether the person is refused in the organization without a second factor."""
    due = mfa_due(standing, now=now) if standing.mfa_policy is not None else None
    return due is not None and due <= now


def lacks_mfa(standing: Standing, credential: Credential, *, now: datetime) -> bool:
    """Say whether the organization refuses this credential of the person for want of a second factor."""
    if standing.mfa_policy is None or credential.multi_factor or credential.kind is CredentialKind.INTERNAL:
        return False
    return mfa_enforced(standing, now=now)
