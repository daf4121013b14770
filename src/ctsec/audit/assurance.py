"""What a verification found, and how much it is worth.

Rules that this module keeps:

- a finding names the log, the kind, and the index or size where it is; nothing is repaired;
- the level is what is really in force, computed and never configured: `none` where anything was found, `structural` where the log only
  agrees with itself, `signed` where a checkpoint of the log's key covers it, `anchored` where a checkpoint that was held outside does;
- a checkpoint of the log of logs covers the others up to where their checkpoints stand in it, and they are worth what it is worth;
- `worm` is told where such a checkpoint came back from a keeper that says that nobody can delete it, `witnessed` where as many witnesses as
  the deployment's quorum says have cosigned it;
- a time stamp of a checkpoint says up to which size the log was there at a time; it stands beside the level, which asks where it is kept;
- events that were purged count as there if a purge accounts for them by the log itself (`ctsec.audit.retention.trail`), and the report says
  how many those are;
- what is behind the last signed size, or the last size that was held outside, is not covered by it, and the report says how much that is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum, StrEnum

from ctsec.audit.anchors.stamps import StampedTimes
from ctsec.audit.anchors.witness import Cosigned, Witnessed
from ctsec.audit.event import LogId
from ctsec.audit.sealing import LOG_OF_LOGS
from ctsec.audit.tree.checkpoint import SignedCheckpoint


class Assurance(IntEnum):
    """How much a log can be relied upon; each level includes those below it."""

    NONE = 0
    STRUCTURAL = 1
    SIGNED = 2
    ANCHORED = 3
    WORM = 4
    WITNESSED = 5

    @property
    def label(self) -> str:
        """The level as a word."""
        return self.name.lower()


WHAT_GOES_UNSEEN = {
    Assurance.NONE: "the log contradicts itself, or what was held outside: it proves nothing until that is explained",
    Assurance.STRUCTURAL: "whoever can write to the database can rewrite the log as a whole, unseen",
    Assurance.SIGNED: "whoever can write to the database and has the log's key, or goes back to an older state as a whole, is not seen",
    Assurance.ANCHORED: "what came after the size that was held outside is only signed",
    Assurance.WORM: "what came after the last anchor is only signed",
    Assurance.WITNESSED: "nothing that one party alone could do; what came after the size that witnesses cosigned is only signed",
}


class FindingKind(StrEnum):
    """What does not fit."""

    INDEX = "index"
    BODY = "body"
    LEAF = "leaf"
    PROJECTION = "projection"
    TILE = "tile"
    HEAD = "head"
    CHECKPOINT = "checkpoint"
    HELD = "held"
    PURGE = "purge"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that does not fit: in `log`, at an index or a size, or in no place of its own (None).

    `store` is that of a region, empty for the home store.
    """

    log: LogId
    kind: FindingKind
    at: int | None
    detail: str
    store: str = ""

    def __str__(self) -> str:
        place = "" if self.at is None else f" at {self.at}"
        return f"{named(self.log, store=self.store)}: {self.kind.value}{place}: {self.detail}"


class Findings:
    """What does not fit in one log, `all` of it in the order in which it was found."""

    def __init__(self, log: LogId) -> None:
        self._log = log
        self.all: list[Finding] = []

    def tell(self, kind: FindingKind, at: int | None, detail: str) -> None:
        """Note a finding."""
        self.all.append(Finding(self._log, kind, at, detail))


@dataclass(frozen=True, slots=True, kw_only=True)
class LogReport:
    """What the verification of one log found: its size, and up to which sizes a signature and a checkpoint held outside cover it.

    `locked` is up to which size one does that nobody can delete, `witnessed` one that a quorum of witnesses cosigned, `stamped` up to which
    size an authority said that it was there at `stamped_at`. `purged` is how many of its events are gone, of which only the leaves are
    left, or under the index `minimum` the roots of tiles. `store` is that of a region, empty for the home store.
    """

    log: LogId
    size: int
    signed: int = 0
    held: int = 0
    locked: int = 0
    witnessed: int = 0
    stamped: int = 0
    stamped_at: datetime | None = None
    purged: int = 0
    minimum: int = 0
    findings: tuple[Finding, ...] = ()
    store: str = ""

    @property
    def assurance(self) -> Assurance:
        """The level that is in force."""
        if self.findings:
            return Assurance.NONE
        if self.witnessed:
            return Assurance.WITNESSED
        if self.locked:
            return Assurance.WORM
        if self.held:
            return Assurance.ANCHORED
        return Assurance.SIGNED if self.signed else Assurance.STRUCTURAL


@dataclass(frozen=True, slots=True, kw_only=True)
class VerificationReport:
    """What the verification of several logs found, and how many events wait for their index, the oldest since when.

    `stamps` are the time stamps of checkpoints that the logs bear out; None where there is none. `witnessed` is what witnesses cosigned,
    and who of them is `behind`. `silent` are the stores of regions that did not answer, and with which code: of their logs nothing is
    known.
    """

    logs: tuple[LogReport, ...]
    waiting: int = 0
    oldest: datetime | None = None
    stamps: StampedTimes | None = None
    witnessed: tuple[Witnessed, ...] = ()
    silent: tuple[tuple[str, str], ...] = ()

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Everything that does not fit."""
        return tuple(finding for log in self.logs for finding in log.findings)

    @property
    def behind(self) -> tuple[Cosigned, ...]:
        """The witnesses that have not cosigned the log of logs as far as it is signed, and what each of them saw last."""
        size = max((log.signed for log in self.logs if log.log == LOG_OF_LOGS), default=0)
        return tuple(each for policy in self.witnessed for each in policy.behind(size))

    @property
    def assurance(self) -> Assurance:
        """The lowest level of a log that has events; `none` where there is none, and where a store did not answer."""
        return Assurance.NONE if self.silent else assurance_of(self.logs)


def stranger(signed: SignedCheckpoint) -> LogReport:
    """Return the report of a log whose checkpoint was held, and whose origin is of another deployment or region."""
    said = signed.checkpoint
    found = Finding(LogId(said.origin), FindingKind.HELD, said.size, "the checkpoint that was held is of another deployment or region")
    return LogReport(log=LogId(said.origin), size=0, findings=(found,))


def nameless(log: LogId) -> LogReport:
    """Return the report of a log that the store has under a name that no log has: nothing of it was ever signed."""
    found = Finding(log, FindingKind.CHECKPOINT, None, "no log has such a name; what stands under it was given that name afterwards")
    return LogReport(log=log, size=0, findings=(found,))


def assurance_of(logs: Sequence[LogReport]) -> Assurance:
    """Return the lowest level of logs, leaving out those that are empty and sound."""
    return min((log.assurance for log in logs if log.size or log.findings), default=Assurance.NONE)


def named(log: LogId, *, store: str) -> str:
    """Return a log as it is told: `<store>/<log>` in the store of a region, and the log alone in the home store."""
    return f"{store}/{log}" if store else log
