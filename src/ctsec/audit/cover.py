"""How far checkpoints that were held outside cover the logs, those of the log of logs the others too.

Rules that this module keeps:

- a log is covered by the log of logs as far as its checkpoints stand there below the size that was held, and only if nothing was found in
  the log of logs, nor in the log itself;
- locked is what the verifier found sound, and only up to the largest size that was held where nobody can delete it; and witnessed the same,
  up to the largest size that a quorum cosigned;
- what was held, locked, witnessed or stamped under the minimum index of a pruned log counts for nothing: no tree leads from there any more;
- a stamp counts up to the largest stamped size that the verifier found sound, with its time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from ctsec.audit.anchors.stamps import Stamp
from ctsec.audit.assurance import LogReport
from ctsec.audit.event import LogId
from ctsec.audit.sealing import LOG_OF_LOGS
from ctsec.audit.tree.checkpoint import SignedCheckpoint


class Cover:
    """Judges reports of one verification, that of the log of logs first.

    `locked` are the checkpoints that nobody can delete, `stamps` those of the log of logs that an authority stamped, `witnessed` those
    that a quorum of witnesses cosigned.
    """

    __slots__ = ("_held", "_last", "_locked", "_locked_sizes", "_stamped", "_stamps", "_witnessed", "_witnessed_sizes")

    def __init__(
        self, locked: Sequence[SignedCheckpoint], *, stamps: Sequence[Stamp] = (), witnessed: Sequence[SignedCheckpoint] = ()
    ) -> None:
        self._locked_sizes = _sizes(locked)
        self._witnessed_sizes = _sizes(witnessed)
        self._witnessed: Mapping[LogId, int] = {}
        self._held: Mapping[LogId, int] = {}
        self._locked: Mapping[LogId, int] = {}
        self._stamps = sorted(stamps, key=lambda each: (each.checkpoint.checkpoint.size, each.at))
        self._last: Stamp | None = None
        self._stamped: Mapping[LogId, int] = {}

    def of(self, log: LogId) -> tuple[int, int, int]:
        """Return up to which size the log of logs covers a log: as it was held, where nobody can delete it, and as it was cosigned."""
        return self._held.get(log, 0), self._locked.get(log, 0), self._witnessed.get(log, 0)

    def judged(self, report: LogReport, *, origin: str, pinned: Mapping[int, Mapping[LogId, int]]) -> LogReport:
        """Return a report with how far its log, of this `origin`, is covered; `pinned` is what the verifier of the log of logs noted."""
        if report.findings:
            return report
        sizes, least = (self._locked_sizes, self._witnessed_sizes), report.minimum
        locked, witnessed = (max((size for of, size in each if of == origin and least <= size <= report.held), default=0) for each in sizes)
        found = replace(report, locked=locked, witnessed=witnessed)
        if report.log == LOG_OF_LOGS:
            self._held = pinned.get(found.held, {})
            self._locked = pinned.get(found.locked, {})
            self._witnessed = pinned.get(found.witnessed, {})
            self._last = next((each for each in reversed(self._stamps) if each.checkpoint.checkpoint.size <= report.held), None)
            if self._last is None:
                return found
            size = self._last.checkpoint.checkpoint.size
            self._stamped = pinned.get(size, {})
            return replace(found, stamped=size, stamped_at=self._last.at)
        stamped = _reaching(self._stamped, report)
        if self._last is not None and stamped:
            found = replace(found, stamped=stamped, stamped_at=self._last.at)
        held, locked, witnessed = (_reaching(each, report) for each in (self._held, self._locked, self._witnessed))
        return replace(
            found, held=max(found.held, held), locked=max(found.locked, locked), witnessed=max(found.witnessed, witnessed)
        )  # fmt: skip


def _sizes(checkpoints: Sequence[SignedCheckpoint]) -> list[tuple[str, int]]:
    return [(each.checkpoint.origin, each.checkpoint.size) for each in checkpoints]


def _reaching(sizes: Mapping[LogId, int], report: LogReport) -> int:
    """Return the size up to which a log is covered, 0 if that is not beyond what was pruned of it."""
    size = sizes.get(report.log, 0)
    return size if size >= report.minimum else 0
