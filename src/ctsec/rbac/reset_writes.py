"""Who may reset the second factors of whom: judged as if every right of the person were given to who does it.

Rules that this module keeps:

- it takes what changing a member takes, and the permission `mfa:reset` of the organization too where the policy names it;
- nobody resets their own; an owner's are reset by an owner;
- all that the person holds, now or at any later instant, in the organization and in every workspace, is held by the actor at that instant:
  roles that sleep in a suspended membership and roles that the person has a permit to take count as held.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from typing import Final

from ctsec.outcome import Reason, Refusal
from ctsec.rbac.bounds import Actor, bound, by_manner, foreign, held, may_change_members
from ctsec.rbac.policy import Policy
from ctsec.rbac.standing import Elevation, MembershipStatus, Standing

MFA_RESET: Final = "mfa:reset"


def may_reset_factors(policy: Policy, *, actor: Actor, target: Standing, permits: Iterable[Elevation], now: datetime) -> Refusal | None:
    """Judge a reset of the second factors of `target`, who may take `permits` in an emergency; None if it may be done."""
    if foreign(actor, target):
        return Refusal(Reason.NOT_FOUND)
    if target.user == actor.standing.user:
        return Refusal(Reason.SELF_CHANGE, "nobody resets their own second factors; remove them with a proof of one, or ask somebody else")
    if (refusal := may_change_members(policy, actor, (target,), now)) is not None:
        return refusal
    if MFA_RESET in policy.permissions:
        if not held(policy, actor, now, None) & policy.index.bit(MFA_RESET):
            return Refusal(Reason.DENIED, f"{MFA_RESET} is not among your permissions")
        if (refusal := by_manner(actor, MFA_RESET)) is not None:
            return refusal
    awake = replace(target, status=MembershipStatus.ACTIVE, elevations=(*target.elevations, *permits))
    if bound(policy, actor, None, awake, now) is not None:
        return Refusal(Reason.BEYOND_OWN_RIGHTS, "this person has rights that you do not hold, or not for as long")
    return None
