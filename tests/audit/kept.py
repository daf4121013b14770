"""The rows of the logs of a store, to be changed by whoever can write to the database, and written back."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Any, Final

from sqlalchemy import Connection, Table, delete, insert, select

from ctsec.ambient import Ambient, Request
from ctsec.audit.event import DEPLOYMENT_LOG, LogId, Target, build
from ctsec.audit.record import SealedEvent, StoredEvent, store_form
from ctsec.audit.sealing import LOG_OF_LOGS, CheckpointRecord, Head
from ctsec.audit.signing import LogIdentity
from ctsec.audit.tree.checkpoint import Checkpoint, SignedCheckpoint
from ctsec.audit.tree.rebuilt import Rebuilt
from ctsec.audit.tree.tiles import Tile
from ctsec.encryption.ed25519 import Signer
from ctsec.encryption.kms.local import AsyncLocalSigner
from ctsec.ids import OrganizationId
from ctsec.principal import system
from ctsec.secret import Secret
from ctsec.security._sync_logs import Logs
from ctsec.storage.memory.state import MemoryState, Snapshot
from ctsec.storage.memory.tables import CHECKPOINT_NUMBERS, CHECKPOINTS, HEADS, LEAVES, LOG, LOG_IDS, TILES
from ctsec.storage.ports import Storage
from ctsec.storage.sql.statements.rows import values
from ctsec.storage.sql.tables import Tables
from ctsec.testing import FixedClock
from ctsec.testing.conformance.samples import ignore, org_id

ONE: Final = LogId(org_id(1))
TWO: Final = LogId(org_id(2))
SIGNER: Final = Signer(Secret(bytes(range(32))))
STRANGER: Final = Signer(Secret(bytes(32)))
IDENTITY: Final = LogIdentity(deployment="acme.example", region="default", keys=(SIGNER.public,))


def drawn(seed: int) -> Callable[[int], bytes]:
    """Return a source of randomness that is the same each time."""
    return random.Random(seed).randbytes


BEGAN: Final = datetime(2026, 1, 1, tzinfo=UTC)


def events(log: LogId, *, count: int, seed: int = 1, region: str = "", at: datetime = BEGAN) -> list[StoredEvent]:
    """Return events of a log as ctsec writes them, in the store of a region if one is named, a millisecond apart from `at` on."""
    organization = OrganizationId(log) if log.startswith("org_") else None
    clock = FixedClock(at)
    ambient = Ambient(clock=clock, random=drawn(seed), request=Request(id="req_1"))
    made: list[StoredEvent] = []
    for number in range(count):
        clock.advance(timedelta(milliseconds=1))
        event = build(
            ("role.assigned", "user.signed_in")[number % 2],
            ambient=ambient,
            actor=system("test"),
            targets=(Target("user", f"usr_{number}"),),
            organization=organization,
            details={"number": number},
        )
        placed = replace(event, region=region) if region else event
        made.append(store_form(placed, personal=b"\xffsealed" if number % 3 else b""))
    return made


def logs_of(storage: Storage, *, clock: FixedClock, signer: Signer | None = SIGNER) -> Logs:
    """Return the logs over a storage."""
    return Logs(storage, signer=signer, identity=IDENTITY, ambient=Ambient(clock=clock, random=drawn(0)))


def fill(storage: Storage, *, sizes: Mapping[LogId, tuple[int, ...]]) -> Logs:
    """Write logs, signing each at every size but its last; return the logs."""
    clock = FixedClock()
    logs = logs_of(storage, clock=clock)
    for number, (log, stops) in enumerate(sizes.items()):
        every = events(log, count=stops[-1], seed=number)
        for first, end in zip((0, *stops), stops, strict=False):
            with storage.begin(after_commit=ignore) as store:
                for each in every[first:end]:
                    store.inbox.append(each)
            logs.place()
            clock.advance(timedelta(seconds=2))
            if end != stops[-1]:
                logs.sign(log)
    return logs


@dataclass(slots=True)
class Kept:
    """All rows of the logs of an `identity`, by their keys; `purged` are the leaves that are kept of events which are gone."""

    events: dict[tuple[LogId, int], StoredEvent]
    heads: dict[LogId, Head]
    tiles: dict[tuple[LogId, int, int], Tile]
    checkpoints: dict[tuple[LogId, int], CheckpointRecord]
    purged: dict[tuple[LogId, int], bytes] = field(default_factory=dict[tuple[LogId, int], bytes])
    identity: LogIdentity = IDENTITY

    def copy(self) -> Kept:
        """Return rows that can be changed without changing these."""
        return Kept(dict(self.events), dict(self.heads), dict(self.tiles), dict(self.checkpoints), dict(self.purged), self.identity)

    def of(self, log: LogId) -> list[StoredEvent]:
        """Return the events of a log in the order of indexes."""
        return [self.events[key] for key in sorted(key for key in self.events if key[0] == log)]

    def renumber(self, log: LogId, rows: list[StoredEvent]) -> None:
        """Give a log these events, from index 0 on."""
        self.events = {key: each for key, each in self.events.items() if key[0] != log}
        self.events |= {(log, index): each for index, each in enumerate(rows)}

    def leaves(self, log: LogId) -> list[bytes]:
        """Return the leaves that the tree of a log is to have."""
        if log != LOG_OF_LOGS:
            kept = {key[1]: leaf for key, leaf in self.purged.items() if key[0] == log}
            kept |= {key[1]: each.leaf for key, each in self.events.items() if key[0] == log}
            return [kept[index] for index in sorted(kept)]
        numbered = [(each.number, each) for each in self.checkpoints.values() if each.number is not None]
        return [each.leaf() for _, each in sorted(numbered, key=lambda pair: pair[0])]

    def reseal(self, log: LogId) -> None:
        """Compute tiles and head of a log anew, as somebody does who knows how they are made."""
        rebuilt = Rebuilt()
        made = rebuilt.append(self.leaves(log))
        self.tiles = {key: tile for key, tile in self.tiles.items() if key[0] != log}
        self.tiles |= {(log, tile.level, tile.number): tile for tile in made}
        self.heads[log] = replace(self.heads[log], size=rebuilt.size, frontier=rebuilt.frontier().stored())

    def resign(self, *, by: Signer) -> None:
        """Sign every checkpoint anew for what its log now has, and those of the log of logs for that."""
        for own in (False, True):
            for key, record in list(self.checkpoints.items()):
                if (key[0] == LOG_OF_LOGS) is own:
                    self.checkpoints[key] = self.signed(record, by=by)
            self.reseal(LOG_OF_LOGS)

    def resign_logs(self, *, by: Signer) -> None:
        """Seal the log of logs anew, and sign its checkpoints for what it now has."""
        self.reseal(LOG_OF_LOGS)
        for key, record in list(self.checkpoints.items()):
            if key[0] == LOG_OF_LOGS:
                self.checkpoints[key] = self.signed(record, by=by)

    def signed(self, record: CheckpointRecord, *, by: Signer) -> CheckpointRecord:
        """Return a checkpoint of the size of `record` for what its log now has."""
        rebuilt = Rebuilt()
        rebuilt.append(self.leaves(record.log)[: record.size])
        checkpoint = Checkpoint(origin=self.identity.origin(record.log), size=record.size, root=rebuilt.root())
        key = replace(self.identity.verifier(record.log), public=by.public)
        note = SignedCheckpoint.made(checkpoint, key=key, signature=by.sign(checkpoint.text().encode())).stored()
        return replace(record, root=checkpoint.root, note=note)


def read_memory(state: MemoryState) -> Kept:
    """Return the rows of a memory store."""
    tables = state.newest.tables
    found = {key: sealed.event for key, sealed in tables.get(LOG.name, {}).items()}
    return Kept(
        found,
        dict(tables[HEADS.name]),
        dict(tables.get(TILES.name, {})),
        dict(tables.get(CHECKPOINTS.name, {})),
        dict(tables.get(LEAVES.name, {})),
    )


def write_memory(state: MemoryState, kept: Kept) -> None:
    """Write rows into a memory store, past everything that keeps them."""
    tables: dict[str, Any] = dict(state.newest.tables)
    tables[LOG.name] = {key: SealedEvent(key[1], event) for key, event in kept.events.items()}
    tables[LOG_IDS.name] = {event.id: key[1] for key, event in kept.events.items()}
    tables[HEADS.name], tables[TILES.name], tables[CHECKPOINTS.name] = kept.heads, kept.tiles, kept.checkpoints
    tables[LEAVES.name] = kept.purged
    tables[CHECKPOINT_NUMBERS.name] = {each.number: key for key, each in kept.checkpoints.items() if each.number is not None}
    state.newest = Snapshot(state.newest.commit + 1, MappingProxyType(tables))


def read_sql(connection: Connection, tables: Tables) -> Kept:
    """Return the rows of a database."""

    def rows(table: Table) -> list[dict[str, Any]]:
        return [dict(row) for row in connection.execute(select(table)).mappings()]

    t = tables.log
    found = {(LogId(row["log"]), int(row["index"])): row for row in rows(t.event)}
    every = {key: StoredEvent(**{name: value for name, value in row.items() if name != "index"}) for key, row in found.items()}
    heads = {head.log: head for head in (Head(**row) for row in rows(t.head))}
    tiles = {(LogId(row.pop("log")), row["level"], row["number"]): Tile(**row) for row in rows(t.tile)}
    checkpoints = {(each.log, each.size): each for each in (CheckpointRecord(**row) for row in rows(t.checkpoint))}
    return Kept(every, heads, tiles, checkpoints)


def write_sql(connection: Connection, tables: Tables, kept: Kept) -> None:
    """Write rows into a database, past everything that keeps them."""
    t = tables.log
    written: dict[Table, list[dict[str, Any]]] = {
        t.event: [{**values(event), "index": index, "log": log, "body": event.body} for (log, index), event in kept.events.items()],
        t.head: [values(head) for head in kept.heads.values()],
        t.tile: [{"log": log, **values(tile)} for (log, _, _), tile in kept.tiles.items()],
        t.checkpoint: [values(each) for each in kept.checkpoints.values()],
    }
    for table, rows in written.items():
        connection.execute(delete(table))
        if rows:
            connection.execute(insert(table), rows)


SIZES: Final = {ONE: (100, 256, 290, 300), TWO: (3, 5), DEPLOYMENT_LOG: (20, 21)}


def async_signer(signer: Signer) -> AsyncLocalSigner:
    """Return a signing key for the async colour."""
    return AsyncLocalSigner(signer)


def sync_signer(signer: Signer) -> Signer:
    """Return a signing key for the sync colour."""
    return signer
