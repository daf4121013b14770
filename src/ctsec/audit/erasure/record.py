"""Erasures as they are stored, and as the list outside of the backups has them.

Rules that this module keeps:

- an erasure is asked for, waits while a legal hold binds what it would take, and is done once, for what was written until then;
- a record and an entry of the list hold ids and times: what identified the person is in neither.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from ctsec.ids import ErasureId, UserId


class ErasureState(StrEnum):
    """Where an erasure stands; `deferred` is one that a legal hold keeps waiting."""

    REQUESTED = "requested"
    DEFERRED = "deferred"
    DONE = "done"


OPEN = (ErasureState.REQUESTED, ErasureState.DEFERRED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Erasure:
    """The erasure of a person: who asked for it and when; when it was done, and how many keys went."""

    id: ErasureId
    user_id: UserId
    state: ErasureState
    requested_by: str
    requested_at: datetime
    done_at: datetime | None = None
    keys: int = 0
    version: int = 1

    def deferred(self) -> Erasure:
        """Return it as kept waiting by a hold."""
        return replace(self, state=ErasureState.DEFERRED, version=self.version + 1)

    def done(self, *, now: datetime, keys: int) -> Erasure:
        """Return it as done."""
        return replace(self, state=ErasureState.DONE, done_at=now, keys=keys, version=self.version + 1)


@dataclass(frozen=True, slots=True)
class Erased:
    """An entry of the list that is kept outside of the backups: what was written of `user_id` until `at` is to be unreadable."""

    user_id: UserId
    at: datetime
