"""Of whom an organization requires a second factor, and since when.

Rules that this module keeps:

- it is required of everybody, or of those who hold one of the named organization roles or, in whichever workspace, workspace roles;
- it is asked for from `starts_at` on, and a session that has not proved one is refused from `grace_until` on: one instant for the whole
  organization, so that nobody's grace begins anew when they join;
- times are aware and kept in UTC.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from ctsec.clock import utc

MAX_ROLES: Final = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class MfaPolicy:
    """A second factor is required from `starts_at` on, and sessions without one are refused from `grace_until` on.

    Without `organization_roles` it is required of everybody; else of whoever holds one of them or one of `workspace_roles`.
    """

    starts_at: datetime
    grace_until: datetime
    organization_roles: frozenset[str] | None = None
    workspace_roles: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        object.__setattr__(self, "starts_at", utc(self.starts_at))
        object.__setattr__(self, "grace_until", utc(self.grace_until))
        if self.grace_until < self.starts_at:
            raise ValueError("expected a grace that ends no earlier than the requirement begins")
        if self.organization_roles is None and self.workspace_roles:
            raise ValueError("expected no workspace roles where it is required of everybody")
        if self.organization_roles is not None and not 1 <= len(self.organization_roles) + len(self.workspace_roles) <= MAX_ROLES:
            raise ValueError(f"expected 1 to {MAX_ROLES} roles; leave them out to require it of everybody")

    @property
    def everybody(self) -> bool:
        """Whether it is required of everybody."""
        return self.organization_roles is None

    def names(self, *, organization_roles: Iterable[str], workspace_roles: Iterable[str]) -> bool:
        """Say whether it is required of a person who holds these roles."""
        if self.organization_roles is None:
            return True
        return not self.organization_roles.isdisjoint(organization_roles) or not self.workspace_roles.isdisjoint(workspace_roles)

    def __str__(self) -> str:
        named = sorted(self.organization_roles or ()) + [f"{each} in a workspace" for each in sorted(self.workspace_roles)]
        who = "everybody" if self.everybody else ", ".join(named)
        return f"{who}, from {self.starts_at.isoformat()}, refused from {self.grace_until.isoformat()}"
