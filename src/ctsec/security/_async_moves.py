"""The worker's part of a move between regions: copy, verify, switch, shred (async source).

Rules that this module keeps:

- every step may be done again: a process that is killed anywhere leaves a move that the next one goes on with;
- a step changes one store at a time, and no transaction is held in one store while another store is written;
- the source is closed for writes, in its own store and under its own locks, before the first row is read from it;
- the switch is one compare-and-set of the pin, together with the move's state and its event; before it nothing is lost by giving up,
  after it nothing by going on;
- two processes that carry out the same move do the same; one that comes too late is told so by the stores, and changes nothing;
- the source's data keys are destroyed only when no workspace of the organization is pinned there or on its way to it, under the lock
  that is taken to create one, and neither a credential of the vault nor a row of a host's sealed table is under them; those of the
  region `default` stay, since what an organization keeps for itself is sealed under them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final, Protocol

from ctsec.ambient import Ambient
from ctsec.audit._async import AsyncAuditLog
from ctsec.audit.event import NOTHING, Detail, EventName, LogId, Target, build
from ctsec.encryption._async import AsyncKeyRing
from ctsec.encryption.dek import DEFAULT_REGION, DekState
from ctsec.encryption.holding import keys_of
from ctsec.errors import CtsecError, ResidencyError, StoreBusy
from ctsec.ids import MoveId
from ctsec.principal import system
from ctsec.residency._async_ports import AsyncRegionalEvents, AsyncRegionalTables, AsyncRegionStorage, AsyncRegionStore
from ctsec.residency.judging import arriving, at_home, check_arriving, check_left, check_store, leaving, left
from ctsec.residency.record import (
    ENDED,
    Content,
    Move,
    MoveState,
    Position,
    Residence,
    Tally,
    Tallying,
    content_context,
)
from ctsec.security._async_move_secrets import AsyncMoveSecrets
from ctsec.security._async_region_logs import AsyncRegionLogs
from ctsec.security._async_regions import AsyncRouter
from ctsec.storage._async_ports import AfterCommit, AsyncStore

_PAGE: Final = 200


class AsyncAlso(Protocol):
    """What is written in the transaction in which a move goes on."""

    async def __call__(self, store: AsyncStore) -> Mapping[str, Detail]:
        """Write it, and return what the event tells of it."""
        ...


class AsyncMoves:
    """Carries out moves. `tables` are the host's own, which move along."""

    __slots__ = ("_ambient", "_committed", "_events", "_logs", "_ring", "_router", "_secrets", "_tables")

    def __init__(
        self,
        router: AsyncRouter,
        *,
        ring: AsyncKeyRing,
        tables: tuple[AsyncRegionalTables, ...],
        secrets: AsyncMoveSecrets,
        logs: AsyncRegionLogs,
        events: AsyncRegionalEvents,
        committed: AfterCommit,
        ambient: Ambient,
    ) -> None:
        self._router = router
        self._ring = ring
        self._tables = tables
        self._secrets = secrets
        self._logs = logs
        self._events = events
        self._committed = committed
        self._ambient = ambient

    async def run_due(self) -> int:
        """Carry out every move that has not ended, as far as it goes; return how many ended. One that fails stays, with its problem."""
        async with self._router.home.reading() as store:
            waiting = await store.moves.open(limit=_PAGE)
        ended = 0
        for move in waiting:
            try:
                ended += (await self.run(move.id)).state in ENDED
            except CtsecError as error:
                await self._failed(move, error)
        return ended

    async def run(self, move_id: MoveId) -> Move:
        """Carry out one move until it has ended; raises what stops it: it goes on from there with the next call."""
        while True:
            move = await self._read(move_id)
            if move.state in ENDED:
                return move
            await self.step(move)

    async def step(self, move: Move) -> None:
        """Take the next step of a move, whose record says which."""
        match move.state:
            case MoveState.COPYING:
                await self._copy(move)
            case MoveState.VERIFYING:
                await self._switch(move)
            case MoveState.SWITCHED:
                await self._settle(move)
            case MoveState.SHREDDING:
                await self._shred(move)
            case MoveState.ABORTING:
                await self._undo(move)
            case MoveState.DONE | MoveState.ABORTED:
                return

    async def _copy(self, move: Move) -> None:
        await self._become(move, move.source, leaving)
        await self._arrive(move)
        after = await self._copied(move)
        while True:
            async with (await self._at(move.source)).reading() as store:
                page = await store.content.page(after=after, limit=_PAGE, workspace_id=move.workspace_id)
            if not page:
                break
            sealed = [await self._resealed(move, each) for each in page]
            async with (await self._at(move.target)).begin() as store:
                check_arriving(await store.residences.hold(move.workspace_id), move)
                for each in sealed:
                    await store.content.put(each)
            after = page[-1].position
        rows = 0
        for table in self._tables:
            async with (await self._at(move.target)).reading() as store:
                check_arriving(await store.residences.get(move.workspace_id), move)
            rows += await table.copy(move.workspace_id, source=move.source, target=move.target)
        await self._advance(move, MoveState.VERIFYING, EventName.WORKSPACE_MOVE_COPIED, {"host_rows": rows})

    async def _switch(self, move: Move) -> None:
        before, after = [await self.tally(move, region) for region in (move.source, move.target)]
        for each in self._tables:
            counts = [await each.count(move.workspace_id, region=region) for region in (move.source, move.target)]
            if counts[0] != counts[1]:
                raise ResidencyError(f"the copy has {counts[1].rows} rows of the host's tables, the source {counts[0].rows}, or others")
        if before != after:
            raise ResidencyError(f"the copy has {after.rows} rows, the source {before.rows}, or they do not say the same; abort the move")
        verified = replace(move, rows=after.rows, digest=after.digest)

        async def repin(store: AsyncStore) -> Mapping[str, Detail]:
            if not await store.workspaces.repin(move.workspace_id, source=move.source, target=move.target):
                raise ResidencyError(f"the workspace is not pinned to {move.source} any more")
            await store.epochs.bump(move.organization_id)
            return {"rows": after.rows, "digest": after.digest}

        details = {"source": move.source, "target": move.target}
        await self._advance(verified, MoveState.SWITCHED, EventName.WORKSPACE_MOVE_SWITCHED, details, also=repin)

    async def _settle(self, move: Move) -> None:
        # The source first: once the target takes writes, nobody may read what was before them.
        await self._become(move, move.source, left)
        await self._arrived(move)
        await self._advance(move, MoveState.SHREDDING, EventName.WORKSPACE_MOVE_SETTLED, {})

    async def _shred(self, move: Move) -> None:
        await self._secrets.carry(move)
        rows = await self._shredded(move, move.source)
        needed = await self._secrets.hosts_need_source(move)

        async def destroy(store: AsyncStore) -> Mapping[str, Detail]:
            return {"data_keys": 0 if needed else await self._destroy_keys(store, move)}

        details: Mapping[str, Detail] = {"region": move.source, "rows": rows}
        await self._advance(move, MoveState.DONE, EventName.WORKSPACE_MOVE_FINISHED, details, also=destroy)

    async def _undo(self, move: Move) -> None:
        await self._become(move, move.target, left)
        rows = await self._shredded(move, move.target)
        await self._become(move, move.source, at_home)
        await self._advance(move, MoveState.ABORTED, EventName.WORKSPACE_MOVE_UNDONE, {"region": move.target, "rows": rows})

    async def tally(self, move: Move, region: str) -> Tally:
        """Return what the workspace of a move says in a region, opened and counted row by row."""
        counted = Tallying()
        after = Position(move.workspace_id)
        while True:
            async with (await self._at(region)).reading() as store:
                check_store(await store.meta.all(), region=region, store=await self._router.serving(region))
                page = await store.content.page(after=after, limit=_PAGE, workspace_id=move.workspace_id)
            if not page:
                return counted.tally
            for each in page:
                counted.add(each.kind.encode(), each.key.encode(), await self._opened(move, each, region))
            after = page[-1].position

    async def _become(self, move: Move, region: str, judge: Callable[[Residence | None, Move], Residence]) -> None:
        async with (await self._at(region)).begin() as store:
            await self._judged(store, move, region, judge)

    async def _arrived(self, move: Move) -> None:
        """Open the target for writes; the first event of the workspace there says where the log that had the others stood.

        It gets its index at once, past the inbox: clocks that differ put nothing before it.
        """
        log = LogId(move.organization_id)
        ending = await self._logs.final(await self._router.serving(move.source), log)
        async with (await self._at(move.target)).sequencing() as store:
            head = await store.purges.lead(log)
            if await self._judged(store, move, move.target, at_home) and ending is not None:
                told: Mapping[str, Detail] = {
                    "origin": ending.origin,
                    "size": ending.size,
                    "root": ending.root.hex(),
                    "signed": ending.signed,
                }
                event = build(
                    EventName.WORKSPACE_LOG_CONTINUED,
                    ambient=self._ambient,
                    actor=system("residency"),
                    targets=(Target("workspace", move.workspace_id), Target("workspace_move", move.id)),
                    organization=move.organization_id,
                    workspace=move.workspace_id,
                    details=told,
                )
                await store.purges.append(await self._events.written(replace(event, region=move.target)), head=head)

    async def _arrive(self, move: Move) -> None:
        """Open the target for this move; what an older one may have left there goes first."""
        async with (await self._at(move.target)).begin() as store:
            if await self._judged(store, move, move.target, arriving):
                last = await store.content.last(move.workspace_id)
                if last is not None:
                    await store.content.shred(move.workspace_id, through=last)

    async def _judged(self, store: AsyncRegionStore, move: Move, region: str, judge: Callable[[Residence | None, Move], Residence]) -> bool:
        check_store(await store.meta.all(), region=region, store=await self._router.serving(region))
        held = await store.residences.get(move.workspace_id)
        wanted = judge(held, move)
        if wanted == held:
            return False
        if not await store.residences.change(held, wanted):
            raise StoreBusy("the workspace changed in the store of its region meanwhile; nothing was done, try again")
        return True

    async def _copied(self, move: Move) -> Position:
        """Return where copying goes on: behind the last row that is there. Rows are copied in order, each page whole."""
        async with (await self._at(move.target)).reading() as store:
            return await store.content.last(move.workspace_id) or Position(move.workspace_id)

    async def _resealed(self, move: Move, content: Content) -> Content:
        plaintext = await self._opened(move, content, move.source)
        place = content_context(
            move.target, organization=move.organization_id, workspace=move.workspace_id, kind=content.kind, key=content.key
        )
        return replace(content, sealed=await self._router.keys.seal(plaintext, context=place, region=move.target))

    async def _opened(self, move: Move, content: Content, region: str) -> bytes:
        place = content_context(region, organization=move.organization_id, workspace=move.workspace_id, kind=content.kind, key=content.key)
        return await self._router.keys.open(content.sealed, context=place, region=region)

    async def _shredded(self, move: Move, region: str) -> int:
        rows = 0
        for table in self._tables:
            async with (await self._at(region)).reading() as store:
                check_left(await store.residences.get(move.workspace_id), move)
            rows += await table.shred(move.workspace_id, region=region)
        while True:
            async with (await self._at(region)).begin() as store:
                check_left(await store.residences.hold(move.workspace_id), move)
                page = await store.content.page(after=Position(move.workspace_id), limit=_PAGE, workspace_id=move.workspace_id)
                if not page:
                    return rows
                rows += await store.content.shred(move.workspace_id, through=page[-1].position)

    async def _destroy_keys(self, store: AsyncStore, move: Move) -> int:
        """Destroy the organization's data keys of the source, if nothing of it can be there; return how many."""
        await store.organizations.lock(move.organization_id)
        others = await store.moves.touching(move.organization_id, move.source) - 1
        if move.source == DEFAULT_REGION or others or await store.workspaces.pinned(move.organization_id, move.source):
            return 0
        if await self._secrets.needs_source(store, move):
            return 0
        count = 0
        for record in await store.deks.of_scope(move.organization_id):
            if record.region == move.source and record.state is not DekState.DESTROYED:
                count += await store.deks.change(record.destroyed())
        await store.epochs.bump(keys_of(move.organization_id))
        return count

    async def _read(self, move_id: MoveId) -> Move:
        async with self._router.home.reading() as store:
            move = await store.moves.get(move_id)
        if move is None:
            raise ResidencyError("there is no such move")
        return move

    async def _at(self, region: str) -> AsyncRegionStorage:
        return self._router.stores[await self._router.serving(region)]

    async def _failed(self, move: Move, error: CtsecError) -> None:
        """Note what stopped a move, once for each problem; what may be tried again is no problem."""
        if error.retryable or move.problem == error.code:
            return
        async with self._router.home.begin(after_commit=self._committed) as store:
            now = await store.moves.get(move.id)
            if now is not None and now.state not in ENDED and now.problem != error.code:
                await store.moves.replace(replace(now, problem=error.code, version=now.version + 1))
                await self._note(store, EventName.WORKSPACE_MOVE_FAILED, now, {"state": now.state.value, "problem": error.code})

    async def _advance(
        self,
        move: Move,
        state: MoveState,
        name: EventName,
        details: Mapping[str, Detail],
        *,
        also: AsyncAlso | None = None,
    ) -> None:
        """Write that a move has come to `state`, with its event and what `also` does, if nobody else has moved it on."""
        after = replace(move, state=state, changed_at=self._ambient.now(), problem="", version=move.version + 1)
        async with self._router.home.begin(after_commit=self._committed) as store:
            more = await also(store) if also is not None else NOTHING
            if not await store.moves.replace(after):
                raise StoreBusy("this move was carried on, or given up, by another process; nothing was done")
            await self._note(store, name, after, {**details, **more})

    async def _note(self, store: AsyncStore, name: EventName, move: Move, details: Mapping[str, Detail]) -> None:
        log = AsyncAuditLog(
            inbox=store.inbox, log=store.log, aside=self._router.home.guard.events, sealer=self._ring, ambient=self._ambient
        )
        await log.note(
            name,
            actor=system("residency"),
            targets=(Target("workspace", move.workspace_id), Target("workspace_move", move.id)),
            organization=move.organization_id,
            workspace=move.workspace_id,
            details=details,
        )
