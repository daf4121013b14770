# Generated from src/ctsec/storage/memory/_async_recovery.py by tools/twin.py; edit that file.
"""Resets of second factors, trails of accounts, terms and domains of organizations in memory (async source)."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from ctsec.directory.record import VerifiedDomain
from ctsec.ids import OrganizationId, RecoveryId, UserId
from ctsec.recovery.record import PENDING, Recovery, RecoveryState, RecoveryTerms, Trail
from ctsec.storage.memory.state import Transaction
from ctsec.storage.memory.tables import DOMAINS, RECOVERIES, TERMS, TRAILS


class MemoryRecoveries:
    """See `ctsec.recovery.ports.RecoveryRecords`."""

    __slots__ = ("_tx",)

    def __init__(self, tx: Transaction) -> None:
        self._tx = tx

    def add(self, recovery: Recovery) -> None:
        """Insert a reset."""
        self._tx.insert(RECOVERIES, recovery.id, recovery)

    def get(self, recovery_id: RecoveryId, *, fresh: bool = False) -> Recovery | None:
        """Return a reset, by a plain or a locking read."""
        return self._tx.current(RECOVERIES, recovery_id) if fresh else self._tx.get(RECOVERIES, recovery_id)

    def change(self, after: Recovery, *, before: RecoveryState) -> bool:
        """Write state, approval and end of a reset whose stored state is `before`."""
        stored = self._tx.current(RECOVERIES, after.id)
        if stored is None or stored.state is not before:
            return False
        changed = replace(
            stored,
            state=after.state,
            approved_by=after.approved_by,
            approved_at=after.approved_at,
            ended_by=after.ended_by,
            ended_at=after.ended_at,
        )
        self._tx.put(RECOVERIES, after.id, changed)
        return True

    def page(self, organization_id: OrganizationId | None, *, after: str, limit: int) -> tuple[Recovery, ...]:
        """Return resets of an organization, or cases of the support, with an id above `after`."""
        found = [each for each in self._tx.scan(RECOVERIES) if each.organization_id == organization_id and each.id > after]
        return tuple(sorted(found, key=lambda each: each.id)[:limit])

    def pending(self, user_id: UserId, *, now: datetime) -> tuple[Recovery, ...]:
        """Return the resets of a person that may still be carried out."""
        found = [each for each in self._tx.scan(RECOVERIES) if each.user_id == user_id and each.pending(now)]
        return tuple(sorted(found, key=lambda each: each.id))

    def due(self, *, now: datetime, limit: int) -> tuple[RecoveryId, ...]:
        """Return the approved resets that are due, and the pending ones that expired."""

        def wanted(each: Recovery) -> bool:
            return (each.state is RecoveryState.APPROVED and each.due_at <= now) or (each.state in PENDING and each.expires_at <= now)

        return tuple(sorted(each.id for each in self._tx.scan(RECOVERIES) if wanted(each))[:limit])


class MemoryTrails:
    """See `ctsec.recovery.ports.TrailRecords`."""

    __slots__ = ("_tx",)

    def __init__(self, tx: Transaction) -> None:
        self._tx = tx

    def get(self, user_id: UserId) -> Trail | None:
        """Return the trail of a person."""
        return self._tx.get(TRAILS, user_id)

    def put(self, trail: Trail) -> bool:
        """Insert version 1, or replace the version before."""
        stored = self._tx.current(TRAILS, trail.user_id)
        if (stored.version if stored is not None else 0) != trail.version - 1:
            return False
        self._tx.put(TRAILS, trail.user_id, trail)
        return True


class MemoryTerms:
    """See `ctsec.recovery.ports.TermsRecords`."""

    __slots__ = ("_tx",)

    def __init__(self, tx: Transaction) -> None:
        self._tx = tx

    def get(self, organization_id: OrganizationId) -> RecoveryTerms | None:
        """Return an organization's own terms."""
        return self._tx.get(TERMS, organization_id)

    def put(self, terms: RecoveryTerms) -> bool:
        """Insert version 1, or replace the version before."""
        stored = self._tx.current(TERMS, terms.organization_id)
        if (stored.version if stored is not None else 0) != terms.version - 1:
            return False
        self._tx.put(TERMS, terms.organization_id, terms)
        return True


class MemoryDomains:
    """See `ctsec.directory.ports.DomainRecords`."""

    __slots__ = ("_tx",)

    def __init__(self, tx: Transaction) -> None:
        self._tx = tx

    def add(self, domain: VerifiedDomain) -> bool:
        """Insert a domain; False if an organization has it already."""
        if self._tx.current(DOMAINS, domain.name) is not None:
            return False
        self._tx.put(DOMAINS, domain.name, domain)
        return True

    def get(self, name: str) -> VerifiedDomain | None:
        """Return a verified domain."""
        return self._tx.get(DOMAINS, name)

    def remove(self, organization_id: OrganizationId, name: str) -> bool:
        """Delete a domain of an organization."""
        stored = self._tx.current(DOMAINS, name)
        if stored is None or stored.organization_id != organization_id:
            return False
        self._tx.put(DOMAINS, name, None)
        return True

    def of_organization(self, organization_id: OrganizationId) -> tuple[VerifiedDomain, ...]:
        """Return the domains of an organization, in the order of names."""
        found = [each for each in self._tx.scan(DOMAINS) if each.organization_id == organization_id]
        return tuple(sorted(found, key=lambda each: each.name))
