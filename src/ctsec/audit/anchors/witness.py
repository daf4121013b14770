"""Witnesses of the log of logs: who they are, and what their cosignatures are worth (C2SP tlog-witness, tlog-cosignature).

Rules that this module keeps:

- a witness is its name and its public key, and both are the deployment's configuration: what an answer brings along names nobody;
- only a cosignature that verifies over exactly the text of the checkpoint, of a witness that is configured, at a time that is at most a
  minute ahead, counts, and each witness once;
- a checkpoint is witnessed where as many of them as the quorum says cosigned that one;
- what a witness cosigned last is told beside that, so that who is behind has a name and a time; it has to fit the log, quorum or not.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from ctsec.audit.tree.checkpoint import SignedCheckpoint
from ctsec.audit.tree.cosignature import CosignerKey

MOST_WITNESSES: Final = 16
AHEAD: Final = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Cosigned:
    """What one witness cosigned last, and when it says that it did (UTC); None, if it never did."""

    name: str
    checkpoint: SignedCheckpoint | None = None
    at: datetime | None = None

    @property
    def size(self) -> int:
        """The size that the witness has seen; 0 if it has seen none."""
        return 0 if self.checkpoint is None else self.checkpoint.checkpoint.size


@dataclass(frozen=True, slots=True, kw_only=True)
class Witnessed:
    """What the witnesses of a policy have cosigned: the largest `checkpoint` that the `quorum` of them did, and each one's last.

    `by` are those who cosigned that checkpoint.
    """

    quorum: int
    seen: tuple[Cosigned, ...]
    checkpoint: SignedCheckpoint | None = None
    by: tuple[str, ...] = ()

    @property
    def size(self) -> int:
        """The size up to which a quorum saw the log; 0 for none."""
        return 0 if self.checkpoint is None else self.checkpoint.checkpoint.size

    def behind(self, size: int) -> tuple[Cosigned, ...]:
        """Return the witnesses that have not cosigned the log at `size`."""
        return tuple(each for each in self.seen if each.size < size)


@dataclass(frozen=True, slots=True)
class WitnessPolicy:
    """The `quorum` of `keys`, those of the witnesses, that makes a checkpoint witnessed.

    Raises ValueError for no witness or more than sixteen, for two of one name or of one key, and for a quorum that can not be reached.
    """

    keys: tuple[CosignerKey, ...]
    quorum: int

    def __post_init__(self) -> None:
        if not 1 <= len(self.keys) <= MOST_WITNESSES:
            raise ValueError(f"expected 1 to {MOST_WITNESSES} witnesses")
        if not len({each.name for each in self.keys}) == len({each.public for each in self.keys}) == len(self.keys):
            raise ValueError(
                "expected witnesses with different names and different keys: a cosignature does not say whose it is but by its key"
            )
        if not 1 <= self.quorum <= len(self.keys):
            raise ValueError("expected a quorum of 1 to all of the witnesses")

    def judged(self, signed: SignedCheckpoint, *, now: datetime) -> Mapping[str, datetime]:
        """Return who of the witnesses cosigned a checkpoint, and when; raise ValueError if a cosignature of one does not verify."""
        times = {key.name: key.cosigned_at(signed.note) for key in self.keys}
        return {name: at for name, at in times.items() if at is not None and at <= now + AHEAD}

    def claimed(self, signed: SignedCheckpoint) -> frozenset[str]:
        """Return whose cosignatures a checkpoint seems to have; nothing is verified."""
        return frozenset(key.name for key in self.keys if any(map(key.is_of, signed.note.signatures)))
