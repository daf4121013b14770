# Generated from src/ctsec/storage/sql/_async_tree.py by tools/twin.py; edit that file.
"""The trees over the logs, and their checkpoints, in SQL (async source)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from ctsec.audit.event import LogId
from ctsec.audit.sealing import LOG_OF_LOGS, CheckpointRecord, Head
from ctsec.audit.tree.tiles import Tile, full_tiles, held, tops
from ctsec.errors import StoreBusy
from ctsec.storage.sql._sync_executor import Executor
from ctsec.storage.sql.statements import tree
from ctsec.storage.sql.statements.rows import all_made, made
from ctsec.storage.sql.tables import Tables


class SqlTree:
    """See `ctsec.audit.ports.TreeRecords`; `lead`, `led` and `grow` are for the stores of events and checkpoints."""

    __slots__ = ("_run", "_tables")

    def __init__(self, run: Executor, tables: Tables) -> None:
        self._run = run
        self._tables = tables

    def head(self, log: LogId) -> Head | None:
        """Return where a log stands."""
        return made(Head, self._run.row(tree.heads(self._tables, [log], dialect=self._run.dialect)))

    def heads(self, *, after: str, limit: int) -> tuple[Head, ...]:
        """Return heads of logs with an id above `after`, in the order of ids."""
        return all_made(Head, self._run.rows(tree.page_of_heads(self._tables, after=after, limit=limit)))

    def leaves(self, log: LogId, *, first: int, end: int) -> tuple[bytes, ...]:
        """Return the leaf hashes of the indexes [first, end), in their order."""
        if log == LOG_OF_LOGS:
            found = self._run.rows(tree.numbered(self._tables, first=first, limit=end - first))
            return tuple(each.leaf() for each in all_made(CheckpointRecord, found))
        return tuple(row["leaf"] for row in self._run.rows(tree.leaves(self._tables, log, first=first, end=end)))

    def roots(self, log: LogId, *, level: int, first: int, end: int) -> tuple[bytes, ...]:
        """Return the roots of the full tiles with the numbers [first, end) of a level, in their order."""
        return tuple(row["root"] for row in self._run.rows(tree.roots(self._tables, log, level=level, first=first, end=end)))

    def tiles(self, log: LogId, *, level: int, first: int, end: int) -> tuple[Tile, ...]:
        """Return the full tiles with the numbers [first, end) of a level, in their order."""
        found = self._run.rows(tree.tiles(self._tables), {"log": log, "level": level, "first": first, "end": end})
        return tuple(tree.tile(row) for row in found)

    def lead(self) -> None:
        """Take the lock of the one leader, making its row if there is none; nobody else changes a head until this transaction ends."""
        if self._run.lock(tree.lead(self._tables)):
            return
        self._run.change_unless_taken(tree.new_head(self._tables, LOG_OF_LOGS))
        if not self._run.lock(tree.lead(self._tables)):
            raise StoreBusy("the head of the log of logs was made by another; nothing was placed, try again")

    def led(self, logs: Sequence[LogId]) -> Mapping[LogId, Head]:
        """Return the heads of some logs, making those that are missing; the caller leads."""
        rows = self._run.rows(tree.heads(self._tables, logs, dialect=self._run.dialect))
        found = {head.log: head for head in all_made(Head, rows)}
        missing = [log for log in dict.fromkeys(logs) if log not in found]
        if missing:
            self._run.change(*tree.new_heads(self._tables, missing))
        return found | {log: Head(log=log) for log in missing}

    def grow(self, heads: Mapping[LogId, Head], leaves: Mapping[LogId, Sequence[bytes]]) -> None:
        """Append leaves to the trees of logs: write the tiles that they complete and the new heads; the caller leads."""
        grown: list[Head] = []
        for log, fresh in leaves.items():
            edge = heads[log].edge()
            after = edge.extended(fresh)
            self._complete(log, before=edge.size, after=after.size, leaves=fresh)
            grown.append(replace(heads[log], size=after.size, frontier=after.stored()))
        self._run.change(*tree.grown(self._tables, grown, dialect=self._run.dialect))

    def _complete(self, log: LogId, *, before: int, after: int, leaves: Sequence[bytes]) -> None:
        """Write the tiles that a log completes, from the lowest level up."""
        fresh = leaves
        for level in range(tops(before, after)):
            first, end = held(before, level=level)
            if level:
                old = self.roots(log, level=level - 1, first=first, end=end)
            else:
                old = self.leaves(log, first=first, end=end)
            made = full_tiles([*old, *fresh], level=level, first=first)
            self._run.change(*tree.new_tiles(self._tables, log, made))
            fresh = [tile.root for tile in made]


class SqlCheckpoints:
    """See `ctsec.audit.ports.CheckpointRecords`."""

    __slots__ = ("_run", "_tables", "_tree")

    def __init__(self, run: Executor, tables: Tables) -> None:
        self._run = run
        self._tables = tables
        self._tree = SqlTree(run, tables)

    def due(self, *, before: datetime | None, limit: int) -> tuple[Head, ...]:
        """Return heads of logs that grew since their last checkpoint, if that is not newer than `before`."""
        return all_made(Head, self._run.rows(tree.due(self._tables, before=before, limit=limit)))

    def last(self, log: LogId) -> CheckpointRecord | None:
        """Return the checkpoint of the largest size."""
        return made(CheckpointRecord, self._run.row(tree.last(self._tables, log)))

    def page(self, log: LogId, *, after: int, limit: int) -> tuple[CheckpointRecord, ...]:
        """Return the checkpoints of a log with a size above `after`, in the order of sizes."""
        found = self._run.rows(tree.page_of_checkpoints(self._tables, log, after=after, limit=limit))
        return all_made(CheckpointRecord, found)

    def stores(self) -> tuple[str, ...]:
        """Return the stores of regions whose logs of logs have checkpoints here, in the order of names."""
        return tuple(row["log"].removesuffix(f"/{LOG_OF_LOGS}") for row in self._run.rows(tree.handed_up(self._tables)))

    def numbered(self, *, first: int, limit: int) -> tuple[CheckpointRecord, ...]:
        """Return the checkpoints with a number from `first` on, in the order of numbers."""
        return all_made(CheckpointRecord, self._run.rows(tree.numbered(self._tables, first=first, limit=limit)))

    def add(self, made: tuple[CheckpointRecord, ...]) -> int:
        """Store checkpoints whose size has none yet, those of other logs as leaves of the log of logs; return how many."""
        self._tree.lead()
        fresh = [each for each in made if not self._run.rows(tree.checkpoint(self._tables, each.log, each.size))]
        if not fresh:
            return 0
        heads = self._tree.led([LOG_OF_LOGS])
        leaves = [each for each in fresh if each.log != LOG_OF_LOGS]
        placed = [replace(each, number=heads[LOG_OF_LOGS].size + at) for at, each in enumerate(leaves)]
        self._run.change(*tree.new_checkpoints(self._tables, [*placed, *(each for each in fresh if each.log == LOG_OF_LOGS)]))
        if placed:
            self._tree.grow(heads, {LOG_OF_LOGS: [each.leaf() for each in placed]})
        for each in fresh:
            self._run.change(tree.signed(self._tables, each))
        return len(fresh)
