"""Changes of an organization's own roles: who may make them, and whom they touch.

Rules that this module keeps:

- who changes roles manages the organization, with a credential that counts for that;
- what a change adds, to the role itself and to those that extend it, is held by who makes it in every workspace, now and for as long as
  the change lasts: a role may be given anywhere, and to anybody, later.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from ctsec.outcome import Reason, Refusal
from ctsec.rbac.bounds import ELSEWHERE, Actor, by_manner, held, leads
from ctsec.rbac.permission import Scope
from ctsec.rbac.policy import Policy

ORGANIZATION_MANAGE: Final = "organization:manage"


def may_manage(policy: Policy, *, actor: Actor, now: datetime) -> Refusal | None:
    """Judge whether somebody may change the organization's own roles at all; None if so."""
    denied = Refusal(Reason.DENIED, "managing this organization is not among your permissions")
    bit = policy.index.known([ORGANIZATION_MANAGE]) & policy.index.all_of(Scope.ORGANIZATION)
    if not bit:
        return None if leads(actor, now) else denied
    return by_manner(actor, ORGANIZATION_MANAGE) if held(policy, actor, now, None) & bit else denied


def may_change_roles(before: Policy, after: Policy, *, actor: Actor, now: datetime) -> Refusal | None:
    """Judge a change of an organization's own roles, which turns its policy from `before` to `after`; None if it may be made."""
    if (refusal := may_manage(before, actor=actor, now=now)) is not None:
        return refusal
    gained = 0
    for role in after.workspace_roles:
        old = before.workspace_role(role.name)
        gained |= role.mask & ~(old.mask if old is not None else 0)
    for moment in {now, *(each for each in actor.standing.boundaries() if each > now)}:
        if gained & ~held(before, actor, moment, ELSEWHERE):
            return Refusal(Reason.BEYOND_OWN_RIGHTS, "a role can hold only what you hold in every workspace, and for as long")
    return None


def newly_exclusive(before: Policy, after: Policy) -> frozenset[str]:
    """Return the roles that are there already and that `after` keeps apart from others, as `before` did not."""
    names = {role.name for role in before.workspace_roles}
    return frozenset(name for pair in set(after.exclusive_roles) - set(before.exclusive_roles) for name in pair & names)
