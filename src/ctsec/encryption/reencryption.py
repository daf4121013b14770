"""Sealing anew what is under data keys that seal no more: when it is due, how far it came, and when such a key is needed no more.

Rules that this module keeps:

- what is left is what the rows themselves say: a blob names its data key. The record of a pass says only where to go on, and how many rows
  were under such keys when it was counted last;
- a key seals in other processes for a while after its rotation (they hold it for an hour at most), in units of work that take their time:
  so a count is believed for ever only if it was made `SETTLE` after the rotation;
- a key is needed no more when every table that is known has been counted so, and nothing was found.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from ctsec.encryption.context import DEPLOYMENT, Context
from ctsec.encryption.dek import DekState, WrappedDek
from ctsec.ids import DekId

SETTLE: Final = timedelta(hours=2)
AGAIN: Final = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedRow:
    """A managed blob where it is stored: `position` orders the rows of a table and names this one (at most 1,280 bytes)."""

    position: str
    blob: bytes = field(repr=False)
    context: Context


class Stored(StrEnum):
    """The tables of the store itself whose sealed values can be sealed anew."""

    VAULT = "vault"
    INDEX_KEY = "index_key"
    SEED = "authenticator"
    CONNECTION = "sso_connection"


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredValue:
    """A sealed value of the store: `key` is that of its row, in the order of the table; `owner` whose it is, where the key does not say."""

    key: tuple[str | int, ...]
    blob: bytes = field(repr=False)
    owner: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedPlace:
    """A table by its name: of organizations or of the deployment, of all regions or of one."""

    name: str
    region: str | None = None
    deployment: bool = False

    def holds(self, scope: str) -> bool:
        """Say whether values of `scope` can be there."""
        return self.deployment == (scope == DEPLOYMENT)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reencryption:
    """How far the rows of a scope in a table are under the keys that seal now.

    `reached` is the position of the last row that was looked at; `written` counts the rows of this pass, `remaining` those that are left,
    exactly when it ended. `problem` is the code of what stopped it or kept rows back, empty while all is well; `keys` names the keys that
    were asked for when it began: for one that was replaced since, another pass follows.
    """

    scope: str
    place: str
    started_at: datetime
    reached: str = ""
    ended_at: datetime | None = None
    written: int = 0
    remaining: int = 0
    problem: str = ""
    keys: str = ""
    version: int = 0

    def counted(self, remaining: int) -> Reencryption:
        """Return the record of a pass over so many rows; it has ended where there are none."""
        return replace(self, remaining=remaining) if remaining else self.ended(at=self.started_at, remaining=0)

    def went_on(self, *, reached: str | None, written: int, problem: str) -> Reencryption:
        """Return the record after a page; `reached` is None behind the last one."""
        return replace(
            self,
            reached=reached or self.reached,
            written=self.written + written,
            remaining=max(0, self.remaining - written),
            problem=problem or self.problem,
        )

    def stopped(self, problem: str) -> Reencryption:
        """Return the record of a pass that can not go on for now."""
        return replace(self, problem=problem)

    def ended(self, *, at: datetime, remaining: int) -> Reencryption:
        """Return the record of a pass that came to the end; `remaining` rows were counted after `at`."""
        return replace(self, ended_at=at, remaining=remaining, problem=(self.problem or "not_written") if remaining else "")


def begun(before: Reencryption | None, *, scope: str, place: str, keys: Iterable[DekId], now: datetime) -> Reencryption:
    """Return the record of a new pass for `keys`, whose rows are not counted yet."""
    version = 0 if before is None else before.version + 1
    return Reencryption(scope=scope, place=place, started_at=now, keys=_named(keys), version=version)


def retired(keys: Collection[WrappedDek], *, region: str | None = None) -> Mapping[DekId, datetime]:
    """Return when each key of a scope that only opens was replaced, of one region if it is named; `keys` are all of the scope."""
    found: dict[DekId, datetime] = {}
    for key in keys:
        if key.state is DekState.DECRYPT_ONLY and region in {None, key.region}:
            later = [each.created_at for each in keys if each.region == key.region and each.id > key.id]
            found[key.id] = min(later, default=key.created_at)
    return found


def is_due(progress: Reencryption | None, keys: Mapping[DekId, datetime], *, now: datetime) -> bool:
    """Say whether there is something to do in a table for keys by when they were replaced: to go on, to begin, or to count again."""
    last = max(keys.values(), default=None)
    if last is None:
        return False
    if progress is None or progress.ended_at is None or progress.keys != _named(keys):
        return True
    if last + SETTLE > progress.ended_at and now >= last + SETTLE:
        return True
    return progress.remaining > 0 and now >= progress.ended_at + AGAIN


def is_clear(progress: Reencryption | None, moment: datetime) -> bool:
    """Say whether a table is known to hold nothing under a key that was replaced at `moment`."""
    if progress is None or progress.ended_at is None:
        return False
    return progress.remaining == 0 and progress.ended_at >= moment + SETTLE


def _named(keys: Iterable[DekId]) -> str:
    return hashlib.sha256(" ".join(sorted(keys)).encode()).hexdigest()[:32]
