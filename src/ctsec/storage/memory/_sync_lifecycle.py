# Generated from src/ctsec/storage/memory/_async_lifecycle.py by tools/twin.py; edit that file.
"""The life cycle of people, in memory (async source)."""

from __future__ import annotations

from datetime import datetime

from ctsec.directory.lifecycle import LifecyclePolicy, ParkedRole, Presence
from ctsec.directory.record import Membership
from ctsec.ids import OrganizationId, UserId
from ctsec.storage.memory.state import Transaction
from ctsec.storage.memory.tables import API_KEYS, LIFECYCLES, MEMBERSHIPS, PARKED, PRESENCES, SESSIONS


class MemoryLifecycle:
    """See `ctsec.directory.ports.LifecycleRecords`."""

    __slots__ = ("_tx",)

    def __init__(self, tx: Transaction) -> None:
        self._tx = tx

    def policy(self, organization_id: OrganizationId) -> LifecyclePolicy | None:
        """Return what an organization says."""
        return self._tx.get(LIFECYCLES, organization_id)

    def put_policy(self, policy: LifecyclePolicy) -> None:
        """Insert it, or write it over."""
        self._tx.put(LIFECYCLES, policy.organization_id, policy)

    def judging(self, *, after: str, limit: int) -> tuple[LifecyclePolicy, ...]:
        """Return those with an organization id above `after` that have a rule about absence."""
        found = (each for each in self._tx.scan(LIFECYCLES) if each.organization_id > after and each.judges)
        return tuple(sorted(found, key=lambda each: each.organization_id)[:limit])

    def ending(self, *, now: datetime, before: datetime, after: Membership | None = None, limit: int) -> tuple[Membership, ...]:
        """Return memberships that end before an instant, the earliest first, but those whose person was told."""
        found = [(m.expires_at, m.organization_id, m.user_id, m) for m in self._tx.scan(MEMBERSHIPS) if m.expires_at is not None]
        due = [each for each in found if each[0] < before and (each[0] <= now or not self._told(each[3]))]
        if after is not None and after.expires_at is not None:
            due = [each for each in due if each[:3] > (after.expires_at, after.organization_id, after.user_id)]
        return tuple(each[3] for each in sorted(due, key=lambda each: each[:3])[:limit])

    def _told(self, membership: Membership) -> bool:
        kept = self._tx.get(PRESENCES, (membership.organization_id, membership.user_id))
        return kept is not None and kept.end_told == membership.expires_at

    def last_use(self, organization_id: OrganizationId, user_id: UserId) -> datetime | None:
        """Return the last use of a session of the person, or of a key of theirs in the organization."""
        seen = [each.last_seen_at for each in self._tx.scan(SESSIONS) if each.user_id == user_id]
        keys = (each for each in self._tx.scan(API_KEYS) if (each.organization_id, each.owner_id) == (organization_id, user_id))
        return max((*seen, *(each.last_used_at for each in keys if each.last_used_at is not None)), default=None)

    def presence(self, organization_id: OrganizationId, user_id: UserId) -> Presence | None:
        """Return when a member was last seen."""
        return self._tx.get(PRESENCES, (organization_id, user_id))

    def put_presence(self, presence: Presence) -> None:
        """Insert it, or write it over."""
        self._tx.put(PRESENCES, (presence.organization_id, presence.user_id), presence)

    def forget(self, organization_id: OrganizationId, user_id: UserId) -> None:
        """Delete it."""
        if self._tx.current(PRESENCES, (organization_id, user_id)) is not None:
            self._tx.put(PRESENCES, (organization_id, user_id), None)


class MemoryParked:
    """See `ctsec.directory.ports.ParkedRecords`."""

    __slots__ = ("_tx",)

    def __init__(self, tx: Transaction) -> None:
        self._tx = tx

    def put(self, role: ParkedRole) -> None:
        """Insert it, or write the one of the same workspace and person over."""
        self._tx.put(PARKED, (role.organization_id, role.workspace_id, role.user_id), role)

    def of_user(self, organization_id: OrganizationId, user_id: UserId) -> tuple[ParkedRole, ...]:
        """Return those of a person in an organization, in the order of workspaces."""
        found = [each for each in self._tx.scan(PARKED) if (each.organization_id, each.user_id) == (organization_id, user_id)]
        return tuple(sorted(found, key=lambda each: each.workspace_id))

    def remove(self, organization_id: OrganizationId, user_id: UserId) -> int:
        """Delete those of a person in an organization; return how many."""
        return self._delete(tuple(self.of_user(organization_id, user_id)))

    def trim(self, *, before: datetime) -> int:
        """Delete those whose time was over by `before`; return how many."""
        return self._delete(tuple(each for each in self._tx.scan(PARKED) if each.until <= before))

    def _delete(self, found: tuple[ParkedRole, ...]) -> int:
        for each in found:
            self._tx.put(PARKED, (each.organization_id, each.workspace_id, each.user_id), None)
        return len(found)
