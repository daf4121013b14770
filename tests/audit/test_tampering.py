"""Whoever can write to the database is found out, or the report says up to which size nobody could be."""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any, Final, TypeAlias

import pytest
from sqlalchemy import create_engine, make_url

from ctsec.audit.assurance import Assurance, VerificationReport
from ctsec.audit.canonical import leaf_hash
from ctsec.audit.event import DEPLOYMENT_LOG
from ctsec.audit.record import StoredEvent
from ctsec.audit.sealing import LOG_OF_LOGS
from ctsec.audit.tree.checkpoint import SignedCheckpoint
from ctsec.audit.tree.tiles import Tile
from ctsec.security._sync_logs import Logs
from ctsec.storage.memory import MemoryStorage
from ctsec.storage.sql import SqlStorage, Tables
from ctsec.storage.sql.schema import create
from tests.audit.kept import ONE, SIGNER, SIZES, STRANGER, TWO, Kept, events, fill, read_memory, read_sql, write_memory, write_sql
from tests.servers import available_databases, fresh_database

SOAK: Final = bool(os.environ.get("CTSEC_SOAK"))
pytestmark = [pytest.mark.slow] if SOAK else []
# The kind of store, the sizes that its first log was signed at, its size, and how many rounds of each mutation; a tile has 256 events.
STORES: Final = {
    "short": ("memory", (40, 75, 80), 1000 if SOAK else 100),
    "tiled": ("memory", SIZES[ONE], 1000 if SOAK else 15),
    "sqlite": ("sqlite", SIZES[ONE], 1000 if SOAK else 2),
    **{
        kind: (kind, SIZES[ONE], 200 if SOAK else 1)
        for kind in available_databases()
        if kind == "postgresql" or (SOAK and kind == "mariadb")
    },
}
# On a server the mutations alone: what the rest is about is not the store's.
HERE: Final = [name for name in STORES if name in {"short", "tiled", "sqlite"}]
# What was changed: the log and the first index or size that is no longer what it was.
Changed: TypeAlias = tuple[str, int]
Mutation: TypeAlias = Callable[[Kept, random.Random], Changed]
COLUMNS: Final = (
    "name", "actor_kind", "actor_id", "target_kind", "target_id", "subject_id", "outcome", "reason", "organization_id", "workspace_id",
    "request_id",
)  # fmt: skip


class Store:
    """A store with filled logs, whose rows can be replaced."""

    def __init__(self, name: str, folder: Path) -> None:
        self.kind, stops, self.rounds = STORES[name]
        self.sizes = {**SIZES, ONE: stops}
        self.signed, self.size = stops[-2:]
        self.tables = Tables()
        self.memory = MemoryStorage()
        url = make_url(fresh_database("sqlite" if self.kind == "memory" else self.kind, folder=folder).sync_url)
        self.engine = create_engine(url)
        if self.kind != "memory":
            create(url)
        self.storage = self.memory if self.kind == "memory" else SqlStorage.from_url(url)
        self.logs: Logs = fill(self.storage, sizes=self.sizes)
        self.sound = self.read()
        held = self.logs.checkpoint(ONE)
        assert held is not None
        self.held: SignedCheckpoint = held

    def read(self) -> Kept:
        """Return the rows."""
        if self.kind == "memory":
            return read_memory(self.memory.state)
        with self.engine.connect() as connection:
            return read_sql(connection, self.tables)

    def verified(self, kept: Kept, *, held: bool = False) -> VerificationReport:
        """Write rows and verify them."""
        if self.kind == "memory":
            write_memory(self.memory.state, kept)
        else:
            with self.engine.begin() as connection:
                write_sql(connection, self.tables, kept)
        return self.logs.verify(held=(self.held,) if held else ())


@pytest.fixture(scope="module", params=STORES)
def store(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """Return each store."""
    made = Store(request.param, tmp_path_factory.mktemp("tampering"))
    yield made
    made.engine.dispose()
    made.storage.close()


def place(kept: Kept, draw: random.Random) -> int:
    return draw.randrange(len(kept.of(ONE)))


def edited(event: StoredEvent, draw: random.Random) -> StoredEvent:
    """Return an event with another byte in its body, or another number: JSON all the same."""
    if draw.random() < 0.5:
        at = draw.randrange(len(event.body))
        return replace(event, body=event.body[:at] + bytes([event.body[at] ^ 1 << draw.randrange(8)]) + event.body[at + 1 :])
    return replace(event, body=event.body.replace(b'"number":', b'"number":1'))


def body(kept: Kept, draw: random.Random) -> Changed:
    index = place(kept, draw)
    kept.events[(ONE, index)] = edited(kept.events[(ONE, index)], draw)
    return ONE, 0


def leaf(kept: Kept, draw: random.Random) -> Changed:
    index, at = place(kept, draw), draw.randrange(32)
    event = kept.events[(ONE, index)]
    flipped = event.leaf[:at] + bytes([event.leaf[at] ^ 1 << draw.randrange(8)]) + event.leaf[at + 1 :]
    kept.events[(ONE, index)] = replace(event, leaf=flipped)
    return ONE, 0


def body_leaf_and_tile(kept: Kept, draw: random.Random) -> Changed:
    index = place(kept, draw)
    event = kept.events[(ONE, index)]
    changed = replace(event, body=event.body.replace(b'"number":', b'"number":1'))
    kept.events[(ONE, index)] = replace(changed, leaf=leaf_hash(changed.body))
    kept.reseal(ONE)
    return ONE, index


def row_deleted(kept: Kept, draw: random.Random) -> Changed:
    index = place(kept, draw)
    rows = kept.of(ONE)
    if draw.random() < 0.5:
        del kept.events[(ONE, index)]
        return ONE, 0
    kept.renumber(ONE, rows[:index] + rows[index + 1 :])
    kept.reseal(ONE)
    return ONE, index


def swapped(kept: Kept, draw: random.Random) -> Changed:
    one, two = draw.sample(range(len(kept.of(ONE))), 2)
    first, second = kept.events[(ONE, one)], kept.events[(ONE, two)]
    kept.events[(ONE, one)], kept.events[(ONE, two)] = replace(second, leaf=first.leaf), replace(first, leaf=second.leaf)
    return ONE, 0


def swapped_with_leaves(kept: Kept, draw: random.Random) -> Changed:
    one, two = sorted(draw.sample(range(len(kept.of(ONE))), 2))
    kept.events[(ONE, one)], kept.events[(ONE, two)] = kept.events[(ONE, two)], kept.events[(ONE, one)]
    if draw.random() < 0.5:
        return ONE, 0
    kept.reseal(ONE)
    return ONE, one


def inserted(kept: Kept, draw: random.Random) -> Changed:
    index = draw.randrange(len(kept.of(ONE)) + 1)
    forged = events(ONE, count=1, seed=draw.randrange(1 << 30))[0]
    rows = kept.of(ONE)
    kept.renumber(ONE, [*rows[:index], forged, *rows[index:]])
    if draw.random() < 0.5:
        return ONE, 0
    kept.reseal(ONE)
    return ONE, index


def tail_cut(kept: Kept, draw: random.Random) -> Changed:
    size = place(kept, draw)
    kept.renumber(ONE, kept.of(ONE)[:size])
    kind = draw.randrange(3)
    if kind == 0:
        return ONE, 0
    kept.reseal(ONE)
    if kind == 2:
        kept.checkpoints = {key: each for key, each in kept.checkpoints.items() if key[0] != ONE or each.size <= size}
        left = [each.size for each in kept.checkpoints.values() if each.log == ONE]
        kept.heads[ONE] = replace(kept.heads[ONE], signed=max(left, default=0))
    return ONE, size


def tile_bit(kept: Kept, draw: random.Random) -> Changed:
    if not kept.tiles:
        kept.tiles[(ONE, draw.randrange(2), 0)] = Tile(0, 0, draw.randbytes(8192))
        return ONE, 0
    key = draw.choice(sorted(kept.tiles))
    tile, at = kept.tiles[key], draw.randrange(8192)
    flipped = tile.hashes[:at] + bytes([tile.hashes[at] ^ 1 << draw.randrange(8)]) + tile.hashes[at + 1 :]
    match draw.randrange(4):
        case 0:
            kept.tiles[key] = replace(tile, hashes=flipped)
        case 1:
            kept.tiles[key] = Tile(tile.level, tile.number, flipped)
        case 2:
            kept.tiles[key] = replace(tile, hashes=tile.hashes[:at])
        case _:
            del kept.tiles[key]
    return ONE, 0


def projection(kept: Kept, draw: random.Random) -> Changed:
    index = place(kept, draw)
    event = kept.events[(ONE, index)]
    match draw.randrange(4):
        case 0:
            changed = replace(event, time=event.time + timedelta(microseconds=draw.choice((-1, 1))))
        case 1:
            changed = replace(event, personal=event.personal + b"x")
        case _:
            name = draw.choice(COLUMNS)
            other: dict[str, Any] = {name: f"{getattr(event, name) or ''}x"}
            changed = replace(event, **other)
    kept.events[(ONE, index)] = changed
    return ONE, 0


def head(kept: Kept, draw: random.Random) -> Changed:
    log = draw.choice(sorted(kept.heads))
    found = kept.heads[log]
    frontier = found.frontier or b""
    match draw.randrange(4):
        case 0:
            at = draw.randrange(len(frontier))
            kept.heads[log] = replace(found, frontier=frontier[:at] + bytes([frontier[at] ^ 4]) + frontier[at + 1 :])
        case 1:
            kept.heads[log] = replace(found, size=found.size + draw.choice((-1, 1)))
        case 2:
            kept.heads[log] = replace(found, signed=found.signed + draw.choice((-1, 1, 1 << 40)))
        case _:
            del kept.heads[log]
    return log, 0


def checkpoint(kept: Kept, draw: random.Random) -> Changed:
    key = draw.choice(sorted(kept.checkpoints))
    record = kept.checkpoints[key]
    match draw.randrange(5):
        case 0:
            at = draw.randrange(len(record.note))
            kept.checkpoints[key] = replace(record, note=record.note[:at] + bytes([record.note[at] ^ 1]) + record.note[at + 1 :])
        case 1:
            kept.checkpoints[key] = replace(record, root=bytes(32))
        case 2:
            kept.checkpoints[key] = kept.signed(record, by=STRANGER)
        case 3 if record.number is not None:
            kept.checkpoints[key] = replace(record, number=record.number + 100)
        case _:
            # An earlier checkpoint of the log of logs says nothing that the last one does not say: that one may go unseen.
            del kept.checkpoints[draw.choice([each for each, row in kept.checkpoints.items() if row.number is not None])]
    return key[0], 0


def moved_to_another_log(kept: Kept, draw: random.Random) -> Changed:
    rows = kept.of(ONE)
    index = place(kept, draw)
    kept.renumber(TWO, [*kept.of(TWO), replace(rows[index], log=TWO)])
    kept.renumber(ONE, rows[:index] + rows[index + 1 :])
    kept.reseal(ONE)
    kept.reseal(TWO)
    return ONE, 0


MUTATIONS: Final[tuple[Mutation, ...]] = (
    body, leaf, body_leaf_and_tile, row_deleted, swapped, swapped_with_leaves, inserted, tail_cut, tile_bit, projection, head, checkpoint,
    moved_to_another_log,
)  # fmt: skip


def test_a_sound_log_has_no_finding_and_the_level_that_is_in_force(store: Store) -> None:
    """Nothing is found in what nobody changed; it is signed up to the last checkpoint, and anchored only with one held outside."""
    report = store.verified(store.sound)
    assert report.findings == ()
    assert {each.log: (each.size, each.signed, each.held) for each in report.logs if each.log != LOG_OF_LOGS} == {
        log: (stops[-1], stops[-2], 0) for log, stops in store.sizes.items()
    }
    assert report.assurance is Assurance.SIGNED
    held = next(each for each in store.verified(store.sound, held=True).logs if each.log == ONE)
    assert (held.assurance, held.held) == (Assurance.ANCHORED, store.signed)
    unsigned = Kept(store.sound.events, store.sound.heads, store.sound.tiles, {})
    unsigned.heads = {log: replace(each, signed=0) for log, each in unsigned.heads.items() if log != LOG_OF_LOGS}
    assert store.verified(unsigned).assurance is Assurance.STRUCTURAL


@pytest.mark.proves("ASVS-16.4.2")
@pytest.mark.parametrize("mutate", MUTATIONS)
def test_tampering_is_found_or_the_report_says_that_it_can_not_be(store: Store, mutate: Mutation) -> None:
    """Each random change is found, or it lies behind the size that the report says is signed for."""
    unseen = 0
    for seed in range(store.rounds):
        kept = store.sound.copy()
        log, first = mutate(kept, random.Random(seed))
        report = store.verified(kept)
        if report.findings:
            assert report.assurance is Assurance.NONE, seed
            continue
        unseen += 1
        covered = {each.log: each.signed for each in report.logs}
        assert first >= store.signed == covered[ONE], (seed, log, first)
    # Few events are behind the last checkpoint: a change of all the rest is found.
    assert unseen <= 2 + store.rounds // 5


@pytest.mark.parametrize("store", HERE, indirect=True)
@pytest.mark.parametrize("by", ["a stranger", "nobody", "the key itself"])
def test_everything_rewritten_is_found_without_the_key_and_with_it_only_outside(store: Store, by: str) -> None:
    """Rewriting it all fails without the log's key; without signatures the level falls; with the key only a held checkpoint tells."""
    for seed in range(store.rounds if SOAK else store.rounds // 10 or 1):
        draw = random.Random(seed)
        kept = store.sound.copy()
        body_leaf_and_tile(kept, random.Random(draw.randrange(1 << 30)))
        while kept.of(ONE)[: store.signed] == store.sound.of(ONE)[: store.signed]:
            body_leaf_and_tile(kept, draw)
        if by == "nobody":
            kept.checkpoints = {}
            kept.heads = {each: replace(found, signed=0) for each, found in kept.heads.items() if each != LOG_OF_LOGS}
            kept.tiles = {key: tile for key, tile in kept.tiles.items() if key[0] != LOG_OF_LOGS}
            assert store.verified(kept).assurance is Assurance.STRUCTURAL
        elif by == "a stranger":
            kept.resign(by=STRANGER)
            assert store.verified(kept).findings
        else:
            kept.resign(by=SIGNER)
            assert store.verified(kept).assurance is Assurance.SIGNED
        found = store.verified(kept, held=True).findings
        assert any(each.log == ONE and each.kind.value == "held" for each in found)


@pytest.mark.parametrize("store", HERE, indirect=True)
def test_a_signer_refuses_what_is_not_what_it_signed(store: Store) -> None:
    """The signer signs nothing over a log whose signed part or whose new part was changed, and goes on once that is put back."""
    from ctsec.errors import LogInconsistent

    def cut(kept: Kept) -> None:
        kept.renumber(ONE, kept.of(ONE)[:50])
        kept.reseal(ONE)

    def rewritten(kept: Kept) -> None:
        body_leaf_and_tile(kept, random.Random(0))
        kept.heads[ONE] = replace(kept.heads[ONE], signed=0)

    def new_leaf(kept: Kept) -> None:
        kept.events[(ONE, store.signed + 1)] = replace(kept.events[(ONE, store.signed + 1)], leaf=bytes(32))

    def new_head(kept: Kept) -> None:
        kept.heads[ONE] = replace(kept.heads[ONE], frontier=bytes(len(kept.heads[ONE].frontier or b"")))

    def tile(kept: Kept) -> None:
        kept.tiles = {key: replace(each, root=bytes(32), hashes=bytes(8192)) for key, each in kept.tiles.items()}

    def foreign(kept: Kept) -> None:
        kept.checkpoints[(ONE, store.signed)] = kept.signed(kept.checkpoints[(ONE, store.signed)], by=STRANGER)

    changes: list[Callable[[Kept], None]] = [cut, rewritten, new_leaf, new_head, foreign, *([tile] if store.sound.tiles else [])]
    for change in changes:
        kept = store.sound.copy()
        change(kept)
        store.verified(kept)
        with pytest.raises(LogInconsistent):
            store.logs.sign(ONE)
        after = store.read()
        assert [key for key in after.checkpoints if key not in kept.checkpoints and key[0] != LOG_OF_LOGS] == []
    store.verified(store.sound)
    assert store.logs.sign(ONE) == 2
    assert store.logs.sign(ONE) == 0
    report = store.logs.verify()
    assert (report.findings, {each.log: each.signed for each in report.logs}[ONE]) == ((), store.size)
    assert DEPLOYMENT_LOG in {each.log for each in report.logs}
