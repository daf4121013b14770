"""An organization's own role as it is stored, the policies made of them, and who may change one.

Rules that this module keeps:

- what a change of roles adds, to the role itself and to those that extend it, is held by who makes it in every workspace, now and for as
  long as the change lasts: a role may be given anywhere, and to anybody, later;
- a policy is kept for an organization and the number that its roles had when they were read; another number is another policy.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from ctsec.ids import OrganizationId
from ctsec.outcome import Reason, Refusal
from ctsec.rbac.bounds import ELSEWHERE, Actor, by_manner, held, leads
from ctsec.rbac.custom import CustomRole
from ctsec.rbac.permission import Scope
from ctsec.rbac.policy import Policy

ORGANIZATION_MANAGE: Final = "organization:manage"
MAX_KEPT: Final = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomRoleRecord:
    """A custom role of `organization_id`, which `created_by` made first; `version` counts its changes."""

    organization_id: OrganizationId
    name: str
    permissions: frozenset[str]
    extends: str | None
    created_by: str
    created_at: datetime
    version: int = 1

    @property
    def role(self) -> CustomRole:
        """The role itself."""
        return CustomRole(self.name, self.permissions, self.extends)


class KeptPolicies:
    """The policies of organizations with roles of their own, the 2,000 used last; safe to use from several threads."""

    __slots__ = ("_kept", "_lock")

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[OrganizationId, int], Policy] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, organization: OrganizationId, revision: int) -> Policy | None:
        """Return the policy that an organization has with this number, if it is kept."""
        with self._lock:
            found = self._kept.get((organization, revision))
            if found is not None:
                self._kept.move_to_end((organization, revision))
            return found

    def put(self, organization: OrganizationId, revision: int, policy: Policy) -> None:
        """Keep a policy; the one that was not used for longest goes."""
        with self._lock:
            self._kept[organization, revision] = policy
            while len(self._kept) > MAX_KEPT:
                self._kept.popitem(last=False)


def may_change_roles(before: Policy, after: Policy, *, actor: Actor, now: datetime) -> Refusal | None:
    """Judge a change of an organization's own roles, which turns its policy from `before` to `after`; None if it may be made."""
    if (refusal := _manages(before, actor, now)) is not None:
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


def _manages(policy: Policy, actor: Actor, now: datetime) -> Refusal | None:
    denied = Refusal(Reason.DENIED, "managing this organization is not among your permissions")
    bit = policy.index.known([ORGANIZATION_MANAGE]) & policy.index.all_of(Scope.ORGANIZATION)
    if not bit:
        return None if leads(actor, now) else denied
    return by_manner(actor, ORGANIZATION_MANAGE) if held(policy, actor, now, None) & bit else denied
