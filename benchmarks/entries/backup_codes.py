"""What trying a backup code costs: one slow hash for the whole set, against that hash alone."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime

from benchmarks.measure import Contestant, Race
from ctsec.authn.argon2 import Argon2Parameters, stretch, stretch_salt
from ctsec.ids import BackupCodeSetId, UserId
from ctsec.mfa.backup_codes import generate, hash_set, match
from ctsec.mfa.record import BackupCodeSetRecord


def _once(name: str, call: Callable[[], object], *, target: float | None = None) -> Contestant:
    def timed() -> float:
        start = time.thread_time()
        call()
        return time.thread_time() - start

    return Contestant(name=name, slice=timed, target=target)


def entry() -> Iterable[Race]:
    """Return the race; the code tried is of the right form and not in the set."""
    salt = stretch_salt(os.urandom(16), parameters=Argon2Parameters())
    codes, other = generate(random=os.urandom), generate(random=os.urandom)[0].reveal()
    digests = hash_set(codes, salt=salt, stretch=stretch)
    record = BackupCodeSetRecord(
        id=BackupCodeSetId("bcs_1"), user_id=UserId("usr_1"), salt=salt, digests=digests, created_at=datetime.now(UTC)
    )
    yield Race(
        title="a backup code against a set of ten",
        floor=_once("one Argon2id", lambda: stretch(b"0123456789ABCDEF", salt)),
        contestants=(_once("backup_codes.match", lambda: match(other, record=record, stretch=stretch), target=1.1),),
        rounds=15,
    )
