"""Records of the owners of keys that the conformance suite writes."""

from __future__ import annotations

from ctsec.directory.service_account import ServiceAccount
from ctsec.ids import ServiceAccountId
from ctsec.keys.organization_policy import OrganizationKeyPolicy
from ctsec.testing.conformance.samples import NOW, number, org_id


def service_account(n: int, *, of: int) -> ServiceAccount:
    """Return the n-th service account, in the organization with the number `of`."""
    return ServiceAccount(
        id=ServiceAccountId(number("svc", n)), organization_id=org_id(of), name=f"Robot {n}", created_by="usr_1", created_at=NOW
    )


def key_policy(*, of: int, seconds: int = 86_400) -> OrganizationKeyPolicy:
    """Return the policy of the organization with the number `of`."""
    return OrganizationKeyPolicy(organization_id=org_id(of), longest_life_seconds=seconds, changed_by="usr_1", changed_at=NOW)
