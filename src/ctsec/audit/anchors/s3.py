"""Checkpoints in S3 under Object Lock (extra `aws`): nobody can delete them before their time, the account's owner neither.

Rules that this module keeps:

- an object is put with the mode COMPLIANCE and a date, and both are read back: only what the service says counts;
- what is given back is the object of the largest size, and its lock is what the same answer says of it (which needs the right to read
  retention, `s3:GetObjectRetention`: without it no lock is told, and none counts);
- keys sort the largest size first, so that nothing has to be read through, and nothing of the database is asked.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final, cast

from ctsec.audit.anchors.anchor import Held
from ctsec.audit.streams.s3 import S3Bucket
from ctsec.audit.tree.checkpoint import MAX_SIZE, SignedCheckpoint
from ctsec.audit.tree.note import MAX_NOTE
from ctsec.clock import Clock, SystemClock
from ctsec.errors import DeliveryFailed

DAYS: Final = 2557
MODE: Final = "COMPLIANCE"


class S3LockKeeper:
    """Keeps checkpoints in a bucket that has Object Lock, each locked for `retention` (seven years): `origin` is that of the log of logs.

    The account of the deployment needs to put, list and read objects and their retention, and no more. Raises ValueError below a day.
    """

    __slots__ = ("_bucket", "_clock", "_retention")

    def __init__(self, bucket: S3Bucket, *, retention: timedelta = timedelta(days=DAYS), clock: Clock | None = None) -> None:
        if retention < timedelta(days=1):
            raise ValueError("expected a retention of at least a day")
        self._bucket = bucket
        self._retention = retention
        self._clock = clock or SystemClock()

    def keep(self, checkpoint: SignedCheckpoint) -> None:
        """Put a checkpoint and read its lock back; raise DeliveryFailed unless it is in force."""
        size, until = checkpoint.checkpoint.size, (self._clock.now() + self._retention).replace(microsecond=0)
        key = self._bucket.key(f"{MAX_SIZE - size:019d}-{size}.note")
        self._bucket.put(key, checkpoint.stored(), ContentType="text/plain", ObjectLockMode=MODE, ObjectLockRetainUntilDate=until)
        found = self._read(key)
        if found.locked_until is None or found.locked_until < until - timedelta(minutes=1):
            raise DeliveryFailed("the object is there, and not locked: expected a bucket with Object Lock")
        if found.checkpoint.stored() != checkpoint.stored():
            raise DeliveryFailed("the object is not the one that was put")

    def held(self) -> Held | None:
        """Return the checkpoint of the largest size with its lock; raise DeliveryFailed if the service does not give it."""
        prefix = self._bucket.key("")
        page = self._ask("list_objects_v2", Prefix=f"{prefix}/" if prefix else "", MaxKeys=1)
        keys = [str(each["Key"]) for each in page.get("Contents", ())]
        return self._read(keys[0]) if keys else None

    def _read(self, key: str) -> Held:
        got = self._ask("get_object", Key=key)
        try:
            checkpoint = SignedCheckpoint.read(got["Body"].read(MAX_NOTE + 1))
        except ValueError:
            raise DeliveryFailed("an object of the anchor is no checkpoint") from None
        until = got.get("ObjectLockRetainUntilDate")
        locked = got.get("ObjectLockMode") == MODE and isinstance(until, datetime) and until > self._clock.now()
        return Held(checkpoint=checkpoint, locked_until=until if locked else None)

    def _ask(self, operation: str, **members: object) -> Mapping[str, Any]:
        answer: Any = self._bucket.ask(lambda client: getattr(client, operation)(Bucket=self._bucket.bucket, **members))
        return cast(Mapping[str, Any], answer)
