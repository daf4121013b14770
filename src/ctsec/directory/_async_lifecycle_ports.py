"""What the life cycle of people needs of a store and of others (async source)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Protocol

from ctsec.directory.lifecycle import Cause, LifecyclePolicy, ParkedRole, Presence
from ctsec.directory.record import Membership
from ctsec.ids import OrganizationId, UserId
from ctsec.principal import Principal


class AsyncLifecycleRecords(Protocol):
    """What organizations say of people who leave or are not there, and who was there."""

    async def policy(self, organization_id: OrganizationId) -> LifecyclePolicy | None:
        """Return what an organization says."""
        ...

    async def put_policy(self, policy: LifecyclePolicy) -> None:
        """Insert it, or write it over."""
        ...

    async def judging(self, *, after: str, limit: int) -> tuple[LifecyclePolicy, ...]:
        """Return those with an organization id above `after` that have a rule about absence, in the order of ids."""
        ...

    async def ending(self, *, now: datetime, before: datetime, after: Membership | None = None, limit: int) -> tuple[Membership, ...]:
        """Return memberships that end before an instant, the earliest first, from behind `after` on.

        Of those whose end is not over at `now`: only those whose person was not told of that end.
        """
        ...

    async def last_use(self, organization_id: OrganizationId, user_id: UserId) -> datetime | None:
        """Return the last use of a session of the person, one that ended too, or of a key of theirs in the organization."""
        ...

    async def presence(self, organization_id: OrganizationId, user_id: UserId) -> Presence | None:
        """Return when a member was last seen."""
        ...

    async def put_presence(self, presence: Presence) -> None:
        """Insert it, or write it over."""
        ...

    async def forget(self, organization_id: OrganizationId, user_id: UserId) -> None:
        """Delete it."""
        ...


class AsyncParkedRecords(Protocol):
    """Workspace roles of people who left."""

    async def put(self, role: ParkedRole) -> None:
        """Insert it, or write the one of the same workspace and person over."""
        ...

    async def of_user(self, organization_id: OrganizationId, user_id: UserId) -> tuple[ParkedRole, ...]:
        """Return those of a person in an organization, in the order of workspaces."""
        ...

    async def remove(self, organization_id: OrganizationId, user_id: UserId) -> int:
        """Delete those of a person in an organization; return how many."""
        ...

    async def trim(self, *, before: datetime) -> int:
        """Delete those whose time was over by `before`; return how many."""
        ...


class AsyncEndsApps(Protocol):
    """Ends what a person connected in an organization: tokens of other services, or grants that others hold."""

    async def count_of_person(self, organization: OrganizationId, user: UserId) -> int:
        """Return how many there are."""
        ...

    async def end_of_person(self, organization: OrganizationId, user: UserId, *, actor: Principal, why: str) -> int:
        """End them in this transaction, with their events; return how many."""
        ...


class AsyncRotatesKeys(Protocol):
    """Rotates keys of service accounts that a person who leaves has seen."""

    async def count_of_minter(self, organization: OrganizationId, user: UserId) -> int:
        """Return how many there are."""
        ...

    async def rotate_of_minter(self, organization: OrganizationId, user: UserId, *, actor: Principal) -> tuple[str, ...]:
        """Void their secrets in this transaction, with their events; return the names of the keys."""
        ...


class AsyncEndsPushing(Protocol):
    """Ends credentials by which a provider pushes people, and that a person who leaves has seen."""

    async def count_of_maker(self, organization: OrganizationId, user: UserId) -> int:
        """Return how many that work a person has made."""
        ...

    async def end_of_maker(self, organization: OrganizationId, user: UserId, *, actor: Principal, cause: Cause) -> tuple[str, ...]:
        """End them in this transaction, with their events; return the names of what they belong to."""
        ...


class AsyncHandsOver(Protocol):
    """What a host does with things that somebody shared and leaves behind."""

    async def shared(self, organization: OrganizationId, user: UserId) -> Mapping[str, int]:
        """Return how many things of each kind a person shares; nothing changes."""
        ...

    async def hand_over(self, organization: OrganizationId, user: UserId, *, heir: UserId) -> Mapping[str, int]:
        """Make them the heir's, before the membership's transaction commits; return how many of each kind. Done twice it is done once."""
        ...
