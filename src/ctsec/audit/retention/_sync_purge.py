# Generated from src/ctsec/audit/retention/_async_purge.py by tools/twin.py; edit that file.
"""One step of a purge, and what a purge would do (async source).

Rules that this module keeps:

- a step is one transaction: the leader's lock, then that of the log's plan, then the holds; what goes, the leaves that stay and the
  signed record are committed together, so whoever is killed leaves nothing half done, and the next step goes on from there;
- nothing goes that no checkpoint covers, and the checkpoint is verified first;
- an event goes for what its bytes say, and these are proved to stand in the log by the tree of that checkpoint: columns choose what is due,
  and whoever can write to the database can write them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from ctsec.ambient import Ambient
from ctsec.audit._sync_ports import CheckpointRecords, LogSigner, TreeRecords
from ctsec.audit._sync_tree import TreeReader
from ctsec.audit.canonical import leaf_hash
from ctsec.audit.event import DEPLOYMENT_LOG, EventName, LogId, Target, build
from ctsec.audit.record import SealedEvent, departures, microseconds, store_form
from ctsec.audit.retention._sync_ports import PurgeRecords, PurgeTerms
from ctsec.audit.retention.plan import RetentionPlan, RetentionPolicy
from ctsec.audit.retention.preview import PurgePreview
from ctsec.audit.retention.ranges import Ranges
from ctsec.audit.retention.record import PurgeRecord, signature_text, signed_text
from ctsec.audit.retention.selection import SLACK, Held, Selection
from ctsec.audit.sealing import CheckpointRecord, Head
from ctsec.audit.signing import LogIdentity
from ctsec.audit.tree.proofs import is_included
from ctsec.errors import CorruptRecord, LogInconsistent
from ctsec.ids import OrganizationId
from ctsec.principal import system

BATCH: Final = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class PurgeParts:
    """The records of one transaction that a purge reads and writes."""

    retention: PurgeTerms
    purges: PurgeRecords
    checkpoints: CheckpointRecords
    tree: TreeRecords


@dataclass(frozen=True, slots=True)
class _Chosen:
    plan: RetentionPlan
    held: Held
    selection: Selection


class Purger:
    """Purges logs of one store, that of `region` (empty: the home store), step by step; `signer` has the retention key."""

    __slots__ = ("_ambient", "_batch", "_identity", "_policy", "_region", "_signer")

    def __init__(
        self,
        signer: LogSigner,
        *,
        identity: LogIdentity,
        policy: RetentionPolicy,
        ambient: Ambient,
        batch: int = BATCH,
        region: str = "",
    ) -> None:
        if not 1 <= batch <= BATCH:
            raise ValueError(f"expected a batch of 1 to {BATCH} events")
        self._batch = batch
        self._region = region
        self._signer = signer
        self._identity = identity
        self._policy = policy
        self._ambient = ambient

    def step(self, log: LogId, parts: PurgeParts, *, first: int, heard: int | None = None) -> tuple[int, int | None]:
        """Purge at most a batch of events of a log from the index `first` on; in a region, `heard` is the size of the home log as read.

        Returns how many went, and where the next step begins (None: nothing is left). Raises LogInconsistent if the last checkpoint does
        not count, or what is due is not what that checkpoint was signed for.
        """
        head = parts.purges.lead(log)
        now = self._ambient.now()
        checkpoint = parts.checkpoints.last(log)
        chosen = self._chosen(log, parts, checkpoint, now=now, lock=True)
        if chosen is None or checkpoint is None:
            return 0, None
        page = parts.purges.due(chosen.selection, first=first, limit=self._batch)
        going = [each for each in page if not chosen.held.keep(each)]
        following = page[-1].index + 1 if len(page) == self._batch else None
        if not going:
            return 0, following
        self._prove(going, checkpoint, tree=parts.tree)
        indexes = tuple(each.index for each in going)
        record = PurgeRecord(
            index=head.size,
            size=checkpoint.size,
            root=checkpoint.root,
            plan=chosen.plan,
            holds=chosen.held.ids,
            ranges=Ranges.of(indexes),
            newest=max(microseconds(each.event.time) for each in going),
            heard=heard,
        )
        parts.purges.remove(log, indexes, size=head.size)
        self._tell(log, record, parts)
        stored = parts.retention.lock(log)
        if stored is not None:
            parts.retention.put(replace(stored, purged_at=now, version=stored.version + 1))
        return len(going), following

    def preview(self, log: LogId, parts: PurgeParts) -> PurgePreview:
        """Return what a purge would do now; nothing is written."""
        now = self._ambient.now()
        chosen = self._chosen(log, parts, parts.checkpoints.last(log), now=now, lock=False)
        if chosen is None:
            return PurgePreview(log=log, plan=None, ranges=Ranges(), names=(), held=0, holds=())
        names: dict[str, int] = {}
        found, held, first = Ranges(), 0, 0
        while page := parts.purges.due(chosen.selection, first=first, limit=BATCH):
            going: list[SealedEvent] = [each for each in page if not chosen.held.keep(each)]
            held += len(page) - len(going)
            for each in going:
                names[each.event.name] = names.get(each.event.name, 0) + 1
            found = Ranges.merged((*found.parts, *Ranges.of(each.index for each in going).parts))
            first = page[-1].index + 1
        return PurgePreview(log=log, plan=chosen.plan, ranges=found, names=tuple(sorted(names.items())), held=held, holds=chosen.held.ids)

    def _chosen(self, log: LogId, parts: PurgeParts, checkpoint: CheckpointRecord | None, *, now: datetime, lock: bool) -> _Chosen | None:
        """Return what may go, None where no plan is in force or nothing is signed."""
        stored = parts.retention.lock(log) if lock else parts.retention.get(log)
        plan = None if stored is None else stored.plans.at(now).plan
        if plan is None or checkpoint is None:
            return None
        if self._identity.opened(checkpoint) is None:
            raise LogInconsistent(f"the last checkpoint of the log {log} does not count, so nothing is purged; run `ctsec audit verify`")
        held = Held.of(parts.retention.holds(log), now=now)
        floored = plan.floored(self._policy.floor)
        selection = Selection.of(log, plan=floored, now=now, end=checkpoint.size)
        newer = parts.purges.newer(log, since=selection.newest + SLACK)
        whole = any(hold.whole for hold, _ in held.holds)
        end = 0 if whole else checkpoint.size if newer is None else min(newer, checkpoint.size)
        return _Chosen(floored, held, replace(selection, end=end))

    def _prove(self, going: Sequence[SealedEvent], checkpoint: CheckpointRecord, *, tree: TreeRecords) -> None:
        """Raise LogInconsistent if an event's columns say something else than its bytes, or these are not what was signed for."""
        size = checkpoint.size
        reader = TreeReader(tree, head=Head(log=checkpoint.log, size=size))
        for each in going:
            try:
                sound = not departures(each.event, region=self._region) and is_included(
                    leaf_hash(each.event.body),
                    index=each.index,
                    size=size,
                    root=checkpoint.root,
                    proof=reader.inclusion(each.index, size=size),
                )
            except CorruptRecord:
                sound = False
            if not sound:
                raise LogInconsistent(
                    f"the event {each.index} of the log {checkpoint.log} is not the one that was signed for, so nothing is purged;"
                    " run `ctsec audit verify`"
                )

    def _tell(self, log: LogId, record: PurgeRecord, parts: PurgeParts) -> None:
        """Write the signed record where the log ends."""
        details = record.details()
        event = build(
            EventName.AUDIT_PURGED,
            ambient=self._ambient,
            actor=system("retention"),
            targets=(Target("log", log),),
            organization=None if log == DEPLOYMENT_LOG else OrganizationId(log),
            details=details,
        )
        message = signed_text(details, origin=self._identity.origin(log), event=event.id, time=event.time)
        signature = signature_text(self._signer.sign(message))
        signed = store_form(replace(event, details={**details, "signature": signature}, region=self._region), personal=b"")
        parts.purges.append(signed, head=parts.purges.lead(log))
