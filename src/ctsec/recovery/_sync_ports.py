# Generated from src/ctsec/recovery/_async_ports.py by tools/twin.py; edit that file.
"""What recovery needs of a store and of the other features (async source)."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from ctsec.ids import OrganizationId, RecoveryId, SessionId, UserId
from ctsec.mail.message import Message
from ctsec.outcome import Refusal
from ctsec.principal import Factor, Principal
from ctsec.recovery.record import Recovery, RecoveryState, RecoveryTerms, Trail
from ctsec.user import User


class RecoveryRecords(Protocol):
    """Resets of second factors, on their way and over."""

    def add(self, recovery: Recovery) -> None:
        """Insert a reset."""
        ...

    def get(self, recovery_id: RecoveryId, *, fresh: bool = False) -> Recovery | None:
        """Return a reset; `fresh` makes it a locking read that sees what others committed."""
        ...

    def change(self, after: Recovery, *, before: RecoveryState) -> bool:
        """Write state, approval and end of a reset whose stored state is `before`; True if written."""
        ...

    def page(self, organization_id: OrganizationId | None, *, after: str, limit: int) -> tuple[Recovery, ...]:
        """Return resets of an organization, or (None) cases of the support, with an id above `after`, in the order of ids."""
        ...

    def pending(self, user_id: UserId, *, now: datetime) -> tuple[Recovery, ...]:
        """Return the resets of a person that may still be carried out at `now` or later, in the order of ids."""
        ...

    def due(self, *, now: datetime, limit: int) -> tuple[RecoveryId, ...]:
        """Return the approved resets that are due at `now`, and the pending ones that expired by then, in the order of ids."""
        ...


class TrailRecords(Protocol):
    """The trails of accounts."""

    def get(self, user_id: UserId) -> Trail | None:
        """Return the trail of a person, None if nothing was ever replaced."""
        ...

    def put(self, trail: Trail) -> bool:
        """Insert version 1, or replace the version before; False if another change came first."""
        ...


class TermsRecords(Protocol):
    """What organizations ask of a reset."""

    def get(self, organization_id: OrganizationId) -> RecoveryTerms | None:
        """Return an organization's own terms."""
        ...

    def put(self, terms: RecoveryTerms) -> bool:
        """Insert version 1, or replace the version before; False if another change came first."""
        ...


class Accounts(Protocol):
    """The accounts of people."""

    def get(self, user_id: UserId) -> User | None:
        """Return the account."""
        ...

    def by_email(self, email_key: str) -> User | None:
        """Return the account with this key."""
        ...


class FactorControl(Protocol):
    """Second factors, answered by the mfa feature."""

    def enrolled(self, user_id: UserId) -> frozenset[Factor]:
        """Return the confirmed second factors."""
        ...

    def remove_all(self, user_id: UserId, *, actor: Principal) -> frozenset[Factor]:
        """Remove every second factor of a person, backup codes and pending ones too; return which kinds there were."""
        ...


class PasswordTimes(Protocol):
    """When passwords were set, answered by sign-in."""

    def set_at(self, user_id: UserId) -> str:
        """Return when the password was set; empty without one."""
        ...


class SessionControl(Protocol):
    """Sessions, answered by sign-in."""

    def revoke_others(self, user_id: UserId, *, keep: SessionId | None) -> int:
        """End every session of a person except `keep`."""
        ...


class Belonging(Protocol):
    """Whether an organization speaks for a person, answered by the directory."""

    def vouches(self, organization: OrganizationId, user: User) -> bool:
        """Say whether the address is of a domain that the organization verified, and the person belongs to no other organization."""
        ...


class Administrators(Protocol):
    """Who may do what in an organization, answered by the roles feature with locking reads."""

    def may_reset(self, actor: Principal, *, organization: OrganizationId, user: UserId) -> Refusal | None:
        """Return why `actor` may not reset the second factors of this member, or None."""
        ...

    def may(self, actor: Principal, *, organization: OrganizationId, permission: str) -> Refusal | None:
        """Return why `actor` may not use an organization permission, or None."""
        ...


class Post(Protocol):
    """Where mail is put; it leaves after commit."""

    def post(self, message: Message) -> None:
        """Put a message into the outbox, in this transaction."""
        ...
