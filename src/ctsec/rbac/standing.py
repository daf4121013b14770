"""What a person is in an organization: the membership and the workspace roles, as one immutable record.

Rules that this module keeps:

- an assignment is in force on [starts_at, expires_at): at its start it counts, at its end it does not;
- times are aware; an assignment that would end before it starts is refused;
- an elevation adds a role for a time, on top of what is held: in one workspace, or in the organization; it always has an end;
- a standing belongs to one organization; which organization a workspace belongs to is not in it, but told by the caller for each check.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType

from ctsec.ids import OrganizationId, UserId, WorkspaceId
from ctsec.mfa_policy import MfaPolicy


class MembershipStatus(StrEnum):
    """The state of a membership; only ACTIVE gives anything."""

    ACTIVE = "active"
    SUSPENDED = "suspended"
    REMOVED = "removed"


@dataclass(frozen=True, slots=True)
class Assignment:
    """A role and when it is in force; None as start means since ever, None as end means until it is taken back."""

    role: str
    starts_at: datetime | None = None
    expires_at: datetime | None = None
    plain: bool = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        _validate_period(self.starts_at, self.expires_at)
        object.__setattr__(self, "plain", self.starts_at is None and self.expires_at is None)

    def in_force(self, now: datetime) -> bool:
        """Say whether the assignment counts at `now`."""
        return _covers(self.starts_at, self.expires_at, now)


@dataclass(frozen=True, slots=True, kw_only=True)
class Elevation:
    """A role that is held besides the others on [starts_at, expires_at): a workspace role in `workspace`, or an organization role."""

    role: str
    starts_at: datetime
    expires_at: datetime
    workspace: WorkspaceId | None = None

    def __post_init__(self) -> None:
        _validate_period(self.starts_at, self.expires_at)

    def in_force(self, now: datetime) -> bool:
        """Say whether the elevation counts at `now`."""
        return _covers(self.starts_at, self.expires_at, now)


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What `user` is in `organization`: the organization role with its period and status, the role in each assigned workspace, and
    what was added to them for a time.

    `version` is the version of the organization's roles that it is at least as new as, `custom_roles` says which roles of its own the
    organization had (0: none), `mfa_policy` of whom it requires a second factor, and `sso_required_from` from when on it is entered through
    its provider only (None: never); none of these takes part in a comparison.
    """

    user: UserId
    organization: OrganizationId
    role: str
    status: MembershipStatus = MembershipStatus.ACTIVE
    starts_at: datetime | None = None
    expires_at: datetime | None = None
    workspaces: Mapping[WorkspaceId, Assignment] = field(default_factory=dict[WorkspaceId, Assignment])
    elevations: tuple[Elevation, ...] = ()
    version: int = field(default=0, compare=False)
    custom_roles: int = field(default=0, compare=False)
    mfa_policy: MfaPolicy | None = field(default=None, compare=False)
    sso_required_from: datetime | None = field(default=None, compare=False)
    # Active without start, end or elevation, so that the hot path looks no further.
    plain: bool = field(init=False, repr=False, compare=False)
    # The dict behind the read-only view: looking up through the view costs twice as much.
    assignments: dict[WorkspaceId, Assignment] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        _validate_period(self.starts_at, self.expires_at)
        own = dict(self.workspaces)
        active = self.status is MembershipStatus.ACTIVE
        endless = self.starts_at is None and self.expires_at is None
        object.__setattr__(self, "plain", active and endless and not self.elevations)
        object.__setattr__(self, "assignments", own)
        object.__setattr__(self, "workspaces", MappingProxyType(own))

    def __hash__(self) -> int:
        return hash((self.user, self.organization, self.role, self.status, self.starts_at, self.expires_at))

    def in_force(self, now: datetime) -> bool:
        """Say whether the membership is active and counts at `now`."""
        return self.status is MembershipStatus.ACTIVE and _covers(self.starts_at, self.expires_at, now)

    def boundaries(self) -> set[datetime]:
        """Return every instant at which something of this standing starts or ends."""
        periods = [(self.starts_at, self.expires_at), *((a.starts_at, a.expires_at) for a in self.assignments.values())]
        periods += [(each.starts_at, each.expires_at) for each in self.elevations]
        return {moment for period in periods for moment in period if moment is not None}


def _covers(starts_at: datetime | None, expires_at: datetime | None, now: datetime) -> bool:
    return (starts_at is None or starts_at <= now) and (expires_at is None or now < expires_at)


def _validate_period(starts_at: datetime | None, expires_at: datetime | None) -> None:
    for moment in (starts_at, expires_at):
        if moment is not None and moment.tzinfo is None:
            raise ValueError("expected an aware datetime; a naive one could mean any instant")
    if starts_at is not None and expires_at is not None and expires_at <= starts_at:
        raise ValueError("expected an assignment to end after it starts")
