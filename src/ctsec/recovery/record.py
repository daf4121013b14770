"""What recovery stores: resets of second factors on their way, what each organization asks of them, and the trail of an account.

Rules that this module keeps:

- a reset belongs to an organization, whose administrators decide it, or to none: then it is a case of the support, decided by operators;
- it waits for its approval where one is asked for, then until `due_at`, and is carried out before `expires_at` or never;
- what stays as a record is ids and times; the words (a reason, evidence of an identity) are sealed and bounded, and no copy of a document;
- the trail says what of an account was replaced through a mailbox or by somebody else, and what its person has proved since.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from ctsec.encryption.context import Context
from ctsec.errors import CorruptRecord
from ctsec.ids import OrganizationId, RecoveryId, UserId

MAX_REASON: Final = 500
MAX_REFERENCE: Final = 128
MAX_NOTE: Final = 1000
LONGEST: Final = timedelta(days=30)
_SHORTEST: Final = timedelta(hours=1)


class RecoveryState(StrEnum):
    """Where a reset is; the first two are pending."""

    REQUESTED = "requested"
    APPROVED = "approved"
    DONE = "done"
    CANCELED = "canceled"


PENDING: Final = (RecoveryState.REQUESTED, RecoveryState.APPROVED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recovery:
    """A reset of the second factors of `user_id`, asked for by `requested_by` in `organization_id`, or (None) as a case of the support.

    `sealed` holds the words that were given for it. `due_at` is the earliest and `expires_at` the latest moment to carry it out.
    """

    id: RecoveryId
    organization_id: OrganizationId | None
    user_id: UserId
    state: RecoveryState
    sealed: bytes
    requested_by: str
    requested_at: datetime
    due_at: datetime
    expires_at: datetime
    approved_by: str | None = None
    approved_at: datetime | None = None
    ended_by: str | None = None
    ended_at: datetime | None = None

    def pending(self, now: datetime) -> bool:
        """Say whether it may still be carried out, now or later."""
        return self.state in PENDING and now < self.expires_at

    @property
    def deciders(self) -> int:
        """How many people have decided it so far."""
        return 1 if self.approved_by is None else 2


@dataclass(frozen=True, slots=True, kw_only=True)
class RecoveryTerms:
    """What an organization asks of a reset: `approvals` (0 or 1) by a second administrator, and a delay in seconds."""

    organization_id: OrganizationId
    approvals: int
    delay_seconds: int
    changed_by: str
    changed_at: datetime
    version: int = 1

    @property
    def delay(self) -> timedelta:
        """The time between the request and the reset."""
        return timedelta(seconds=self.delay_seconds)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trail:
    """What of an account was replaced, and what was proved since.

    `password_reset_at` is the last reset of the password by mail and `factor_proved_at` the first sign-in with a second factor after it;
    `factors_reset_at` the last reset of the second factors, `deciders` how many people decided that, and `password_proved_at` the first
    sign-in with the password after it. `former_address` was the account's until `address_changed_at`.
    """

    user_id: UserId
    password_reset_at: datetime | None = None
    factor_proved_at: datetime | None = None
    factors_reset_at: datetime | None = None
    password_proved_at: datetime | None = None
    deciders: int = 0
    address_changed_at: datetime | None = None
    former_address: str = ""
    version: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class RecoveryPolicy:
    """What the deployment asks of recovery.

    `separation` (1 hour to 30 days) lies between a reset of the second factors and a reset of the password, or a change of the address, of
    one account. `approvals` and `delay` are what an organization asks for that has said nothing else, `support_delay` (24 hours to 30 days)
    is that of the support's cases. What is due or waits for an approval lapses after `request_life`.
    """

    separation: timedelta = timedelta(hours=24)
    approvals: int = 0
    delay: timedelta = timedelta(0)
    support_delay: timedelta = timedelta(hours=24)
    request_life: timedelta = timedelta(days=7)

    def __post_init__(self) -> None:
        if not _SHORTEST <= self.separation <= LONGEST:
            raise ValueError("expected a separation of 1 hour to 30 days")
        if not timedelta(hours=24) <= self.support_delay <= LONGEST:
            raise ValueError("expected a support_delay of 24 hours to 30 days")
        if not _SHORTEST <= self.request_life <= LONGEST:
            raise ValueError("expected a request_life of 1 hour to 30 days")
        parse_terms(self.approvals, self.delay)


class EvidenceKind(StrEnum):
    """How somebody's identity was looked at; a copy of a document is kept nowhere."""

    DOCUMENT_SEEN = "document_seen"
    VIDEO_CALL = "video_call"
    CALLED_BACK = "called_back"
    IN_PERSON = "in_person"
    CONTRACT = "contract"


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What shows who somebody is: its kind, a reference (a ticket, a case number; 1 to 128 characters) and a note of at most 1000.

    Raises ValueError for anything longer and for what is no plain text: an image has no place here.
    """

    kind: EvidenceKind
    reference: str
    note: str = ""

    def __post_init__(self) -> None:
        if not (self.reference.strip() and len(self.reference) <= MAX_REFERENCE and self.reference.isprintable()):
            raise ValueError(f"expected a reference of one line with 1 to {MAX_REFERENCE} characters")
        if len(self.note) > MAX_NOTE or not _is_text(self.note):
            raise ValueError(f"expected a note of at most {MAX_NOTE} printable characters")

    def to_bytes(self) -> bytes:
        """Return the form that is sealed."""
        return json.dumps([self.kind.value, self.reference, self.note]).encode()

    @classmethod
    def from_bytes(cls, data: bytes) -> Evidence:
        """Return the evidence that `to_bytes` wrote; raise CorruptRecord for anything else."""
        try:
            kind, reference, note = json.loads(data)
            return cls(kind=EvidenceKind(kind), reference=reference, note=note)
        except (ValueError, TypeError, AttributeError):
            raise CorruptRecord("stored evidence does not decode") from None


def parse_terms(approvals: int, delay: timedelta) -> int:
    """Return a delay of at most 14 days in whole seconds; raise ValueError for that or for other than 0 or 1 approvals."""
    if approvals not in {0, 1}:
        raise ValueError("expected 0 or 1 approvals")
    if not timedelta(0) <= delay <= timedelta(days=14):
        raise ValueError("expected a delay of at most 14 days")
    return int(delay.total_seconds())


def parse_reason(text: str) -> str:
    """Return the reason somebody gives, without surrounding space; raise ValueError if it is empty, too long or no plain text."""
    reason = text.strip()
    if not 1 <= len(reason) <= MAX_REASON or not _is_text(reason):
        raise ValueError(f"expected a reason of 1 to {MAX_REASON} printable characters")
    return reason


def words_context(recovery_id: RecoveryId) -> Context:
    """Return what the sealed words of a reset are bound to."""
    return Context(organization=None, table="recovery", row=recovery_id, field="words", purpose="recovery")


def _is_text(text: str) -> bool:
    return all(each.isprintable() or each == "\n" for each in text)
