# Generated from src/ctsec/security/_async_replicas.py by tools/twin.py; edit that file.
"""Declared replicas of a region: made equal, verified, and promoted (async source).

Rules that this module keeps:

- a replica is written by the replication alone, page by page in the order of positions, and goes on where it was interrupted;
- what is verified is counted on both sides after a whole pass: rows, and a digest of every sealed byte; the replica keeps the root that the
  sealed log had by then, signed, so that a promotion sees whether the home store still is the one that the replica was made beside;
- a promotion is asked for by somebody and never happens by itself; it is refused where more rows may be lost than they accept, or where the
  log does not lead to that root;
- a replication that began before a promotion, however late it comes, writes nothing into what serves the region since.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Final

from ctsec.ambient import Ambient
from ctsec.audit._sync import AuditLog
from ctsec.audit.event import Detail, EventName, Target
from ctsec.encryption._sync import KeyRing
from ctsec.errors import ResidencyError, StoreBusy, StoreError
from ctsec.outcome import Outcome, Reason, Refusal
from ctsec.principal import Principal
from ctsec.residency._sync_ports import RegionStorage, RegionStore
from ctsec.residency.judging import check_store
from ctsec.residency.record import Content, Position, Primary, Replicated, Tally, Tallying
from ctsec.security._sync_log_roots import LogRoots, read_note
from ctsec.security._sync_regions import Router
from ctsec.storage._sync_ports import AfterCommit

_PAGE: Final = 200
_GENERATION: Final = "generation"
_POSITION: Final = "position"
_VERIFIED: Final = "verified"
_LOG: Final = "log"
_NEVER: Final = Refusal(Reason.CONFLICT, "this replica was never verified; replicate first")
_SERVES: Final = Refusal(Reason.CONFLICT, "this store serves the region already")


@dataclass(frozen=True, slots=True)
class _Pair:
    """The store that serves a region, one that is to be like it, and how often somebody was promoted until now."""

    region: str
    source: str
    target: str
    generation: int


class Replicas:
    """Keeps declared replicas, and promotes them. The host's own tables are not copied: its database replicates those."""

    __slots__ = ("_ambient", "_committed", "_ring", "_roots", "_router")

    def __init__(self, router: Router, *, roots: LogRoots, ring: KeyRing, committed: AfterCommit, ambient: Ambient) -> None:
        self._router = router
        self._roots = roots
        self._ring = ring
        self._committed = committed
        self._ambient = ambient

    def replicate_all(self) -> int:
        """Make every declared replica like what serves its region, as far as both answer; return how many rows were changed."""
        changed = 0
        for region in self._router.regions.regions if self._router.regions is not None else ():
            serving = self._router.serving(region.name)
            for name in self._router.names_of(region.name):
                if name != serving and name != region.name:
                    try:
                        done = self.replicate(region.name, name)
                    except (StoreError, ResidencyError):
                        continue
                    changed += done.written + done.removed
        return changed

    def replicate(self, region: str, store: str) -> Replicated:
        """Make a store of a region like the one that serves it, and verify that it is; raises what stops it, and goes on from there.

        Raises StoreBusy where the content changed while it was verified: then the next call verifies it.
        """
        pair = self._pair(region, store)
        written = removed = 0
        after = self._position(pair)
        while True:
            with self._router.stores[pair.source].reading() as source:
                check_store(source.meta.all(), region=region, store=pair.source)
                page = source.content.page(after=after, limit=_PAGE)
            last = page[-1].position if page else None
            with self._router.stores[store].begin() as target:
                self._fence(target, pair, last)
                there = {each.position: each for each in _between(target, after, last)}
                for each in page:
                    if there.pop(each.position, None) != each:
                        target.content.put(each)
                        written += 1
                for gone in there.values():
                    removed += target.content.remove(gone.workspace_id, gone.kind, gone.key)
            if last is None:
                break
            after = last
        self._residences(pair)
        return self._verify(pair, written=written, removed=removed)

    def promote(
        self, actor: Principal, *, region: str, store: str, accept_loss: int = 0, accept_other_log: bool = False
    ) -> Outcome[Primary]:
        """Have `store` serve `region` from now on; return the promotion, or why not.

        It is refused unless the replica is what was last verified, and, where the present store answers, what is there now; or
        `accept_loss` says how many rows may be lost. What was written after `verified` into a store that does not answer is not known.
        It is refused too where the sealed log does not lead to the root that it had then, as after a restore of an older home store;
        `accept_other_log` says that this is known.
        """
        if accept_loss < 0:
            raise ValueError("expected a number of rows")
        pair = self._pair(region, store)
        if pair.source == store:
            return _SERVES
        verified, note = self._verified(pair)
        if verified is None:
            return _NEVER
        other = self._roots.departure(note)
        if other and not accept_other_log:
            return Refusal(
                Reason.CONFLICT, f"{other}, unlike when this replica was verified; see `ctsec audit verify`, or accept another log"
            )
        mine = tally_of(self._router.stores[store])
        lost = 0 if mine == verified else max(1, abs(mine.rows - verified.rows))
        answered = True
        try:
            lost = max(lost, self._missing(pair))
        except StoreBusy:
            raise
        except StoreError:
            answered = False
        if lost > accept_loss:
            return Refusal(Reason.CONFLICT, f"at least {lost} rows would be lost; replicate first, or accept that loss")
        promoted = Primary(region=region, store=store, promoted_by=actor.id, promoted_at=self._ambient.now(), version=pair.generation + 1)
        told: dict[str, Detail] = {"rows": mine.rows, "digest": mine.digest, "answered": answered, "lost": lost, "accepted": accept_loss}
        self._switch(actor, promoted, before=pair.source, told=told | _root_details(note, agrees=not other))
        return promoted

    def _switch(self, actor: Principal, promoted: Primary, *, before: str, told: dict[str, Detail]) -> None:
        """Fence the replica off, and have the home store name it, with the event in the same transaction."""
        with self._router.stores[promoted.store].begin() as target:
            # The same row that a replication writes first: one that is under way ends before, or finds the new generation.
            target.meta.put(_POSITION, "")
            target.meta.put(_GENERATION, str(promoted.version))
        with self._router.home.begin(after_commit=self._committed) as home:
            if not home.primaries.put(promoted):
                raise StoreBusy("somebody else promoted a store of this region meanwhile; nothing was done")
            log = AuditLog(inbox=home.inbox, log=home.log, aside=self._router.home.guard.events, sealer=self._ring, ambient=self._ambient)
            log.note(
                EventName.REGION_PROMOTED,
                actor=actor,
                targets=(Target("region", promoted.region),),
                details={"store": promoted.store, "before": before, **told},
            )

    def _pair(self, region: str, store: str) -> _Pair:
        with self._router.home.reading() as home:
            primary = home.primaries.get(region)
        serving = self._router.serving(region)
        if store not in self._router.names_of(region):
            raise ResidencyError(f"{store} is no declared store of region {region}")
        return _Pair(region, serving, store, primary.version if primary is not None else -1)

    def _position(self, pair: _Pair) -> Position:
        if pair.source == pair.target:
            raise ResidencyError(f"{pair.target} serves region {pair.region}; it is no replica")
        with self._router.stores[pair.target].reading() as target:
            kept = (target.meta.all()).get(_POSITION)
        return Position(*json.loads(kept)) if kept else Position()

    def _fence(self, target: RegionStore, pair: _Pair, position: Position | None) -> None:
        """Keep the position, which locks its row, and only then see that nobody was promoted meanwhile."""
        kept = "" if position is None else json.dumps([position.workspace_id, position.kind, position.key])
        target.meta.put(_POSITION, kept)
        meta = target.meta.all()
        check_store(meta, region=pair.region, store=pair.target)
        if int(meta.get(_GENERATION, "-1")) > pair.generation:
            raise ResidencyError(f"{pair.target} was promoted meanwhile; finish that promotion")

    def _residences(self, pair: _Pair) -> None:
        after = ""
        while True:
            with self._router.stores[pair.source].reading() as source:
                page = source.residences.page(after=after, limit=_PAGE)
            if not page:
                return
            with self._router.stores[pair.target].begin() as target:
                self._fence(target, pair, None)
                for each in page:
                    held = target.residences.get(each.workspace_id)
                    if held != each and not target.residences.change(held, each):
                        raise StoreBusy("another replication is under way; try again")
            after = page[-1].workspace_id

    def _verify(self, pair: _Pair, *, written: int, removed: int) -> Replicated:
        now = self._ambient.now()
        before, after = [tally_of(self._router.stores[name]) for name in (pair.source, pair.target)]
        if before != after:
            raise StoreBusy("the content changed while it was verified; replicate again")
        note = self._roots.note()
        with self._router.stores[pair.target].begin() as target:
            self._fence(target, pair, None)
            target.meta.put(_LOG, note)
            target.meta.put(_VERIFIED, json.dumps([after.rows, after.digest, now.isoformat()]))
        return Replicated(store=pair.target, written=written, removed=removed, rows=after.rows, digest=after.digest, verified_at=now)

    def _verified(self, pair: _Pair) -> tuple[Tally | None, str]:
        """Return what of the replica was verified last, and the note of the log's checkpoint then (empty: none was signed)."""
        with self._router.stores[pair.target].reading() as target:
            meta = target.meta.all()
        check_store(meta, region=pair.region, store=pair.target)
        if _VERIFIED not in meta:
            return None, ""
        rows, digest, _ = json.loads(meta[_VERIFIED])
        return Tally(int(rows), str(digest)), meta.get(_LOG, "")

    def _missing(self, pair: _Pair) -> int:
        """Return how many rows of the present store the replica lacks, or has otherwise."""
        missing, after = 0, Position()
        while True:
            with self._router.stores[pair.source].reading() as source:
                page = source.content.page(after=after, limit=_PAGE)
            if not page:
                return missing
            with self._router.stores[pair.target].reading() as target:
                there = {each.position: each for each in _between(target, after, page[-1].position)}
            missing += sum(there.get(each.position) != each for each in page)
            after = page[-1].position


def tally_of(storage: RegionStorage) -> Tally:
    """Return how many rows a whole store has, and the digest of every sealed byte."""
    counted, after = Tallying(), Position()
    while True:
        with storage.reading() as store:
            page = store.content.page(after=after, limit=_PAGE)
        if not page:
            return counted.tally
        for each in page:
            counted.add(each.workspace_id.encode(), each.kind.encode(), each.key.encode(), each.sealed)
        after = page[-1].position


def _between(store: RegionStore, after: Position, last: Position | None) -> list[Content]:
    """Return everything of a store behind a position, up to and including another one (None: to the end)."""
    found: list[Content] = []
    while True:
        page = store.content.page(after=after, limit=_PAGE)
        inside = [each for each in page if last is None or each.position <= last]
        found += inside
        if len(inside) < _PAGE:
            return found
        after = page[-1].position


def _root_details(note: str, *, agrees: bool) -> dict[str, Detail]:
    """Return what the event says of the log: the size and root that were kept (0 and empty: none), and whether it leads to them."""
    kept = read_note(note)
    size, root = (0, "") if kept is None else (kept.checkpoint.size, kept.checkpoint.root.hex())
    return {"log_size": size, "log_root": root, "log_agrees": agrees}
