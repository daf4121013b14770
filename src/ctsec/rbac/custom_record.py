"""An organization's own role as it is stored, and the policies made of such roles, kept.

A policy is kept for an organization and the number that its roles had when they were read; another number is another policy.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from ctsec.ids import OrganizationId
from ctsec.rbac.custom import CustomRole
from ctsec.rbac.policy import Policy

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
