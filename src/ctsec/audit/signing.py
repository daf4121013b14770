"""Who a log is, and whose signatures count.

Rules that this module keeps:

- a log's origin is `<deployment>/<region>/<log>`; the deployment's name never changes, or no later checkpoint would be of the same log;
- the signing key is outside of the database; former keys stay good for what they signed;
- a checkpoint counts only if it is of this log's origin and size, and signed by one of these keys.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from ctsec.audit.event import LogId
from ctsec.audit.sealing import CheckpointRecord
from ctsec.audit.tree.checkpoint import Checkpoint, SignedCheckpoint, origin
from ctsec.audit.tree.note import VerifierKey

KEY_LABEL: Final = b"audit-log/1"


@dataclass(frozen=True, slots=True, kw_only=True)
class LogIdentity:
    """The first two parts of every origin, and the public keys (32 bytes each) whose signatures count, the present one first.

    `retention_keys` are those whose purge records count.
    """

    deployment: str
    region: str
    keys: tuple[bytes, ...]
    retention_keys: tuple[bytes, ...] = ()

    def __post_init__(self) -> None:
        origin(deployment=self.deployment, region=self.region, log="deployment")

    def origin(self, log: LogId) -> str:
        """Return the origin of a log."""
        return origin(deployment=self.deployment, region=self.region, log=log)

    def has(self, log: LogId) -> bool:
        """Say whether a log can have such a name."""
        try:
            return bool(self.origin(log))
        except ValueError:
            return False

    def log_of(self, text: str) -> LogId | None:
        """Return the log of an origin; None if that is of another deployment or region."""
        name = LogId(text.rpartition("/")[2])
        try:
            return name if self.origin(name) == text else None
        except ValueError:
            return None

    def verifier(self, log: LogId) -> VerifierKey:
        """Return the key that verifies the present checkpoints of a log, under its origin; raise ValueError if there is none."""
        if not self.keys:
            raise ValueError("expected a signing key of the log; nothing is signed without one")
        return VerifierKey(self.origin(log), self.keys[0])

    def verifiers(self, log: LogId) -> tuple[VerifierKey, ...]:
        """Return every key that verifies what a log signed, the present one first; none where nothing is signed."""
        return tuple(VerifierKey(self.origin(log), key) for key in self.keys)

    def counts(self, signed: SignedCheckpoint, *, log: LogId) -> bool:
        """Say whether a checkpoint is of a log and signed by one of its keys."""
        return signed.checkpoint.origin == self.origin(log) and any(map(signed.is_signed_with, self.keys))

    def opened(self, record: CheckpointRecord) -> Checkpoint | None:
        """Return what a stored checkpoint says, None if that does not count or its row says something else."""
        try:
            signed = SignedCheckpoint.read(record.note)
        except ValueError:
            return None
        said = signed.checkpoint
        return said if self.counts(signed, log=record.log) and (said.size, said.root) == (record.size, record.root) else None
