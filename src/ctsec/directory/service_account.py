"""A service account: a program's principal in one organization, without password, address or session.

Rules that this module keeps:

- it belongs to one organization and is nobody elsewhere; it acts through API keys alone;
- it has a membership like a person, so its roles are held, given and judged by the same rules; whether it is enabled is that membership's
  status, so there is one truth;
- it is never an owner: whoever holds its key would own the organization, and no person could be asked.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from ctsec.directory.record import Membership, MembershipStatus
from ctsec.ids import OrganizationId, ServiceAccountId


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceAccount:
    """A service account of an organization; `created_by` is the id of who made it."""

    id: ServiceAccountId
    organization_id: OrganizationId
    name: str
    created_by: str
    created_at: datetime
    version: int = 1


@dataclass(frozen=True, slots=True)
class SeatedAccount:
    """A service account with its membership."""

    account: ServiceAccount
    membership: Membership

    @property
    def enabled(self) -> bool:
        """Whether its keys let anybody in."""
        return self.membership.status is MembershipStatus.ACTIVE
