# Generated from src/ctsec/security/_async_logs.py by tools/twin.py; edit that file.
"""The audit log as a whole: sealing it, signing where it stands, proofs, and verification (async source)."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from ctsec.ambient import Ambient
from ctsec.audit._sync import AsideLog
from ctsec.audit._sync_ports import LogSigner
from ctsec.audit._sync_subjects import PersonalParts
from ctsec.audit._sync_verifier import Progress
from ctsec.audit.anchors.stamps import Stamp, StampedTimes
from ctsec.audit.anchors.witness import Witnessed
from ctsec.audit.assurance import VerificationReport, stranger
from ctsec.audit.cover import Cover
from ctsec.audit.event import LogId
from ctsec.audit.retention.trail import RetentionTrail
from ctsec.audit.sealing import LOG_OF_LOGS, LogStatus
from ctsec.audit.signing import LogIdentity
from ctsec.audit.tree.checkpoint import SignedCheckpoint
from ctsec.security._sync_exports import Exports
from ctsec.security._sync_region_logs import REGION_LOGS_JOB, RegionLogs
from ctsec.security._sync_sealed_logs import BATCH, LOGS, TURNS, SealedLogs, waiting_in
from ctsec.storage._sync_ports import Storage

JOB: Final = "audit"
SIGNING_JOB: Final = "checkpoints"
ANCHORING_JOB: Final = "anchors"


def _nothing(scopes: frozenset[str]) -> None:
    """Events change nothing that a cache holds."""


class Logs(SealedLogs):
    """The logs of a deployment: those of the home store, and in `regions` those of the stores of regions.

    `signer` has the key, outside of the database; without one nothing is signed. `place` and `sign_due` are what the worker runs for the
    home store; `flush` does both now, in every store. `personal` opens the personal parts of events.
    """

    __slots__ = ("_storage", "regions")

    def __init__(
        self,
        storage: Storage,
        *,
        signer: LogSigner | None,
        identity: LogIdentity,
        ambient: Ambient,
        personal: PersonalParts | None = None,
        regions: RegionLogs | None = None,
    ) -> None:
        aside = None if personal is None else AsideLog(storage.guard.events, personal=personal)
        exports = Exports(storage, aside=aside, personal=personal, signer=signer, identity=identity, ambient=ambient)
        super().__init__(storage, signer=signer, identity=identity, ambient=ambient, exports=exports)
        self._storage = storage
        self.regions = RegionLogs(storage, ambient=ambient) if regions is None else regions

    def place(self) -> int:
        """Move events from the guard store into the inbox and from there into their logs; return how many got an index.

        It goes on until nothing waits, and ends after 200,000 events all the same, long before its lease does.
        """
        placed = 0
        for _ in range(TURNS):
            collected = self._collect()
            moved = self._place()
            placed += moved
            if collected < BATCH and moved < BATCH:
                break
        return placed

    def flush(self) -> int:
        """Give what waits its index and sign every log that grew, in every store; return how many events were placed.

        Raises as `sign_due` does, and what keeps the store of a region from it, after all the others were sealed.
        """
        placed, problem = self.regions.flush()
        placed += super().flush()
        if problem is not None:
            raise problem
        return placed

    def verify(
        self,
        *,
        log: LogId | None = None,
        region: str | None = None,
        held: tuple[SignedCheckpoint, ...] = (),
        locked: tuple[SignedCheckpoint, ...] = (),
        stamps: tuple[Stamp, ...] = (),
        witnessed: tuple[Witnessed, ...] = (),
        progress: Progress | None = None,
    ) -> VerificationReport:
        """Verify one log or all of them, against checkpoints that were `held` outside too; nothing is written.

        Those that are `locked` were held where nobody can delete them, those of `stamps` have the time stamp of an authority, those of
        `witnessed` the cosignatures of a quorum; what a single witness saw has to fit, too. A held checkpoint of a log that is not here is
        a finding of that log; one of the log of logs covers the others, where all are verified. `region` is the store of a region whose
        logs alone are wanted; a `log` without one is the home store's.
        `progress` is called with a log, how many of its events were read, and how many it has.
        """
        # There may be tens of thousands of stamps, and only the last one is asked what it covers.
        stamped = sorted((each.checkpoint for each in stamps), key=lambda each: each.checkpoint.size)
        cosigned = tuple(each.checkpoint for each in witnessed if each.checkpoint is not None)
        held, cover = (*held, *locked, *cosigned, *stamped[-1:]), Cover(locked, stamps=stamps, witnessed=cosigned)
        earlier = (*stamped[:-1], *(each.checkpoint for policy in witnessed for each in policy.seen if each.checkpoint is not None))
        at_home = [each for each in held if self.regions.store_of(each) is None]
        strange = {each.checkpoint.origin: each for each in (*at_home, *earlier) if self.identity.log_of(each.checkpoint.origin) is None}
        reports = list(map(stranger, strange.values()))
        silent: tuple[tuple[str, str], ...] = ()
        elsewhere: set[LogId] = set()
        trails: dict[LogId, RetentionTrail] = {}
        if region is None:
            kept = trails if self.regions.stores else None
            reports += self.reports(
                log=log, held=at_home, earlier=earlier, cover=cover, progress=progress, elsewhere=elsewhere, trails=kept
            )
        waiting, oldest = waiting_in(self._storage)
        if log is None or region is not None:
            regional = self.regions.verify(region, log=log, held=held, locked=locked, cover=cover, home=trails if region is None else None)
            reports += regional.logs
            misnamed, missing = self.regions.strangers(elsewhere, identity=self.identity)
            if misnamed:
                reports = [
                    replace(each, findings=(*each.findings, *misnamed)) if each.log == LOG_OF_LOGS and not each.store else each
                    for each in reports
                ]
            silent, waiting = (*regional.silent, *missing), waiting + regional.waiting
            oldest = min((each for each in (oldest, regional.oldest) if each is not None), default=None)
        times = StampedTimes.of(stamps) if any(each.stamped for each in reports) else None
        return VerificationReport(logs=tuple(reports), waiting=waiting, oldest=oldest, stamps=times, witnessed=witnessed, silent=silent)

    def status(self) -> LogStatus:
        """Return how far the sequencer and the signer of the home store are; `problem` has that of the stores of regions too."""
        aside = self._storage.guard.events.pending(limit=BATCH)
        with self._storage.reading() as store:
            oldest = store.inbox.pending(limit=1)
            waiting = store.inbox.count()
            due = store.checkpoints.due(before=None, limit=LOGS)
            jobs = {job.name: job for job in store.jobs.all()}
        times = [event.time for event in (*aside, *oldest)]
        placing, signing = jobs.get(JOB), jobs.get(SIGNING_JOB)
        working = (placing, signing, jobs.get(ANCHORING_JOB), jobs.get(REGION_LOGS_JOB))
        return LogStatus(
            waiting=waiting + len(aside),
            oldest=min(times, default=None),
            unsigned=len(due),
            leader=placing.owner if placing else "",
            leased_until=placing.leased_until if placing else None,
            last_run_at=placing.last_run_at if placing else None,
            problem=" ".join(dict.fromkeys(job.last_error for job in working if job and job.last_error)),
        )

    def _collect(self) -> int:
        """Move events from the guard store into the inbox: copied, committed, and only then removed there."""
        waiting = self._storage.guard.events.pending(limit=BATCH)
        if waiting:
            with self._storage.begin(after_commit=_nothing) as store:
                store.inbox.append_new(waiting)
            self._storage.guard.events.remove(tuple(event.id for event in waiting))
        return len(waiting)
