"""Whoever uses a prune to hide something is found, with the log's key, and with that of retention too."""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final, TypeAlias

import pytest

from ctsec.audit.canonical import leaf_hash
from ctsec.audit.event import LogId, Target, build
from ctsec.audit.record import StoredEvent, store_form
from ctsec.audit.retention.plan import RetentionPlan
from ctsec.audit.retention.pruning import PRUNE_DOMAIN, PruneRecord
from ctsec.audit.retention.record import signature_text, signed_text
from ctsec.audit.sealing import LOG_OF_LOGS
from ctsec.audit.tree.checkpoint import Checkpoint, SignedCheckpoint
from ctsec.audit.tree.frontier import Frontier
from ctsec.audit.tree.hashing import HASH_BYTES, node_hash
from ctsec.audit.tree.rebuilt import Rebuilt
from ctsec.audit.tree.tiles import TILE_WIDTH, Tile
from ctsec.encryption.ed25519 import Signer
from ctsec.ids import OrganizationId
from ctsec.principal import system
from ctsec.storage.memory import MemoryStorage
from tests.audit.archive import IDENTITY, Archive
from tests.audit.archive import RETENTION as KEY
from tests.audit.kept import ONE, SIGNER, STRANGER, TWO, Kept, read_memory, write_memory

SOAK: Final = bool(os.environ.get("CTSEC_SOAK"))
ROUNDS: Final = 1000 if SOAK else 1
pytestmark = [pytest.mark.slow] if SOAK else []
MINIMUM: Final = 1024
PURGE_DOMAIN: Final = b"ctsec audit purge 1\n"


class Scene:
    """A log of which 1,024 events were pruned, a hold further up, and bodies and a tile behind the minimum; another log beside it."""

    def __init__(self) -> None:
        self.storage = MemoryStorage()
        self.archive = Archive(self.storage)
        self.archive.plan(ONE, RetentionPlan(90))
        for count in (200, 300, 400, 200):
            self.archive.write(ONE, *["user.signed_in"] * count)
            self.archive.logs.flush()
            self.archive.pass_days(1)
        self.archive.write(TWO, *["user.signed_in"] * 9)
        self.archive.pass_days(100)
        self.archive.purge()
        assert self.archive.jobs.prune(ONE) == 3
        self.archive.write(ONE, *["role.assigned"] * 500)
        self.archive.logs.flush()
        self.sound = read_memory(self.storage.state)
        assert self.archive.findings() == []
        self.record = next(key[1] for key, each in self.sound.events.items() if key[0] == ONE and each.name == "audit.pruned")

    def found(self, rows: Kept, *, sealed: bool) -> list[tuple[str, int | None, str]]:
        """Write rows, if `sealed` with the tree grown and all signed anew by whoever has the log's key; return the findings."""
        if sealed:
            regrow(rows, ONE)
            regrow(rows, TWO)
        write_memory(self.storage.state, rows)
        return self.archive.findings()

    def told(
        self, rows: Kept, *, by: Signer, index: int | None = None, of: LogId = ONE, domain: bytes = PRUNE_DOMAIN, **other: Any
    ) -> None:
        """Put a prune record into a log, at its end or in place of another, like the sound one but for `other`."""
        details = dict(self.sound.events[(ONE, self.record)].details()["details"])
        at = rows.heads[ONE].size if index is None else index
        record = replace(PruneRecord.read(details), **{"index": at, **other})
        said = record.details()
        event = build(
            "audit.pruned",
            ambient=self.archive.ambient,
            actor=system("retention"),
            targets=(Target("log", ONE),),
            organization=OrganizationId(ONE),
            details=said,
        )
        text = signed_text(said, origin=IDENTITY.origin(of), event=event.id, time=event.time, domain=domain)
        rows.events[(ONE, at)] = store_form(replace(event, details={**said, "signature": signature_text(by.sign(text))}), personal=b"")


def regrow(rows: Kept, log: LogId) -> None:
    """Compute tiles, head and checkpoints of a log anew from what is left of it, as somebody does who has the log's key."""
    known = {tile.number * TILE_WIDTH + at: tile.hashes[at * HASH_BYTES : (at + 1) * HASH_BYTES]
             for key, tile in rows.tiles.items() if key[:2] == (log, 0) for at in range(len(tile.hashes) // HASH_BYTES)}  # fmt: skip
    known |= {key[1]: leaf for key, leaf in rows.purged.items() if key[0] == log}
    known |= {key[1]: each.leaf for key, each in rows.events.items() if key[0] == log}
    bare = {tile.number: tile for key, tile in rows.tiles.items() if key[:2] == (log, 0) and tile.is_bare}
    size = max(max(known, default=-1) + 1, (max(bare, default=-1) + 1) * TILE_WIDTH)
    stops = sorted({key[1] for key in rows.checkpoints if key[0] == log and key[1] <= size} | {size})
    rebuilt, tiles, roots = Rebuilt(), dict[tuple[LogId, int, int], Tile](), dict[int, bytes]()
    while rebuilt.size < size:
        number = rebuilt.size // TILE_WIDTH
        if rebuilt.size % TILE_WIDTH == 0 and number in bare:
            made = (bare[number], *rebuilt.skip(bare[number].root))
        else:
            stop = min([each for each in stops if each > rebuilt.size] or [size])
            stop = min(stop, (number + 1) * TILE_WIDTH)
            made = rebuilt.append([known.get(index, bytes(32)) for index in range(rebuilt.size, stop)])
        tiles |= {(log, tile.level, tile.number): tile for tile in made}
        roots[rebuilt.size] = rebuilt.root()
    rows.tiles = {key: tile for key, tile in rows.tiles.items() if key[0] != log} | tiles
    rows.heads[log] = replace(rows.heads[log], size=size, frontier=rebuilt.frontier().stored())
    for key, record in list(rows.checkpoints.items()):
        if key[0] == log and record.size in roots:
            checkpoint = Checkpoint(origin=IDENTITY.origin(log), size=record.size, root=roots[record.size])
            signature = SIGNER.sign(checkpoint.text().encode())
            note = SignedCheckpoint.made(checkpoint, key=IDENTITY.verifier(log), signature=signature).stored()
            rows.checkpoints[key] = replace(record, root=checkpoint.root, note=note)
    rows.resign_logs(by=SIGNER)


@pytest.fixture(scope="module")
def scene() -> Scene:
    """Return the scene; each test writes its own rows into it."""
    return Scene()


def edited(event: StoredEvent, before: bytes, after: bytes) -> StoredEvent:
    """Return an event whose bytes say something else, with the leaf of those."""
    body = event.body.replace(before, after)
    assert body != event.body
    return replace(event, body=body, leaf=leaf_hash(body))


def bit(data: bytes, draw: random.Random) -> bytes:
    """Return data with one bit changed."""
    at = draw.randrange(len(data) * 8)
    return bytes(each ^ (1 << at % 8 if number == at // 8 else 0) for number, each in enumerate(data))


def frontier_edited(scene: Scene, rows: Kept, draw: random.Random) -> None:
    """Another frontier hash in the record's bytes."""
    event = rows.events[(ONE, scene.record)]
    told = str(event.details()["details"]["frontier"][0]).encode()
    rows.events[(ONE, scene.record)] = edited(event, told, draw.randbytes(32).hex().encode())


def minimum_raised(scene: Scene, rows: Kept, draw: random.Random) -> None:
    """A higher minimum in the record's bytes, with the tile below it bare."""
    rows.events[(ONE, scene.record)] = edited(rows.events[(ONE, scene.record)], b'"minimum":1024', b'"minimum":1280')
    rows.tiles[(ONE, 0, 4)] = rows.tiles[(ONE, 0, 4)].bare()


def record_replayed(scene: Scene, rows: Kept, draw: random.Random) -> None:
    """The bytes of the sound record once more, where the log ends."""
    rows.events[(ONE, rows.heads[ONE].size)] = rows.events[(ONE, scene.record)]


def record_gone(scene: Scene, rows: Kept, draw: random.Random) -> None:
    """The record is deleted, its leaf kept."""
    rows.purged[(ONE, scene.record)] = rows.events.pop((ONE, scene.record)).leaf


def tile_above_gone(scene: Scene, rows: Kept, draw: random.Random) -> None:
    """A tile above the minimum is deleted."""
    del rows.tiles[(ONE, 0, 4)]


def tile_above_bare(scene: Scene, rows: Kept, draw: random.Random) -> None:
    """A tile above the minimum has its root alone."""
    rows.tiles[(ONE, 0, 4)] = rows.tiles[(ONE, 0, 4)].bare()


def root_changed(scene: Scene, rows: Kept, draw: random.Random) -> None:
    """Of what is left of a pruned tile one bit is another."""
    key = (ONE, 0, draw.choice(bare_tiles(rows)))
    rows.tiles[key] = replace(rows.tiles[key], root=bit(rows.tiles[key].root, draw))


def root_shifted(scene: Scene, rows: Kept, draw: random.Random) -> None:
    """Move a byte from the end of a root to the beginning of its neighbour's: what is hashed above them is the same."""
    left, right = (rows.tiles[(ONE, 0, number)] for number in bare_tiles(rows)[-2:])
    rows.tiles[(ONE, 0, left.number)] = replace(left, root=left.root[:-1])
    rows.tiles[(ONE, 0, right.number)] = replace(right, root=left.root[-1:] + right.root)


def root_gone(scene: Scene, rows: Kept, draw: random.Random) -> None:
    """What is left of a pruned tile is deleted."""
    del rows.tiles[(ONE, 0, draw.choice(bare_tiles(rows)))]


def evidence_gone(scene: Scene, rows: Kept, draw: random.Random) -> None:
    """The plan that stands below the minimum is deleted, and the entries of its tile."""
    index = min(key[1] for key in rows.events if key[0] == ONE)
    del rows.events[(ONE, index)]
    rows.tiles[(ONE, 0, index // TILE_WIDTH)] = rows.tiles[(ONE, 0, index // TILE_WIDTH)].bare()


def evidence_hidden(scene: Scene, rows: Kept, draw: random.Random) -> None:
    """The entries of the tile of the plan are pruned, and the plan stays as it likes."""
    index = min(key[1] for key in rows.events if key[0] == ONE)
    rows.events[(ONE, index)] = edited(rows.events[(ONE, index)], b'"plan":"90"', b'"plan":"%d"' % draw.randrange(10, 90))
    rows.tiles[(ONE, 0, index // TILE_WIDTH)] = rows.tiles[(ONE, 0, index // TILE_WIDTH)].bare()


def event_put(scene: Scene, rows: Kept, draw: random.Random) -> None:
    """An event is put where the entries of a tile were pruned."""
    index = draw.choice(bare_tiles(rows)) * TILE_WIDTH + draw.randrange(TILE_WIDTH)
    rows.events[(ONE, index)] = next(each for each in rows.of(ONE) if each.name == "role.assigned")


def checkpoint_changed(scene: Scene, rows: Kept, draw: random.Random) -> None:
    """A checkpoint of a size within a pruned tile says another root, signed by the log's key."""
    key = draw.choice([key for key in rows.checkpoints if key[0] == ONE and key[1] in {500, 501, 900, 901, 502, 902}])
    checkpoint = Checkpoint(origin=IDENTITY.origin(ONE), size=key[1], root=draw.randbytes(32))
    note = SignedCheckpoint.made(checkpoint, key=IDENTITY.verifier(ONE), signature=SIGNER.sign(checkpoint.text().encode())).stored()
    rows.checkpoints[key] = replace(rows.checkpoints[key], root=checkpoint.root, note=note)


def frontier_of_another(scene: Scene, rows: Kept, draw: random.Random) -> None:
    """The retention key signs a frontier that is not the log's, in place of the sound one."""
    wrong = list(sound_frontier(scene).hashes)
    wrong[draw.randrange(len(wrong))] = draw.randbytes(32)
    scene.told(rows, by=KEY, index=scene.record, frontier=Frontier(MINIMUM, tuple(wrong)))


def root_of_another(scene: Scene, rows: Kept, draw: random.Random) -> None:
    """The retention key signs the root of another checkpoint, in place of the sound record."""
    scene.told(rows, by=KEY, index=scene.record, root=draw.randbytes(32))


def body_pruned(scene: Scene, rows: Kept, draw: random.Random) -> None:
    """The retention key signs a prune that passes bodies which no purge took, and those are deleted."""
    scene.told(rows, by=KEY, **further(scene))
    rows.events = {key: each for key, each in rows.events.items() if key[0] != ONE or not 1280 <= key[1] < 1536}
    rows.tiles[(ONE, 0, 5)] = rows.tiles[(ONE, 0, 5)].bare()


def whole_tiles_left(scene: Scene, rows: Kept, draw: random.Random) -> None:
    """The retention key signs a prune of what is no whole tile, or lies behind its checkpoint or the record itself."""
    size = scene.sound.heads[ONE].signed
    other: dict[str, Any] = draw.choice(({"size": 1000}, {"size": size + 300}, {"frontier": Frontier(1000, tuple([bytes(32)] * 6))}))
    scene.told(rows, by=KEY, **{"size": size, "root": last_root(scene), **other})


def further(scene: Scene) -> dict[str, Any]:
    """Return what a record says that goes on to the end of the tile 5, in which no body was purged."""
    four, five = (scene.sound.tiles[(ONE, 0, number)].root for number in (4, 5))
    frontier = Frontier(1536, (*sound_frontier(scene).hashes, node_hash(four, five)))
    return {"frontier": frontier, "size": scene.sound.heads[ONE].signed, "root": last_root(scene)}


def sound_frontier(scene: Scene) -> Frontier:
    """Return the frontier of the sound record."""
    return PruneRecord.read(scene.sound.events[(ONE, scene.record)].details()["details"]).frontier


def last_root(scene: Scene) -> bytes:
    """Return the root of the last checkpoint."""
    return scene.sound.checkpoints[(ONE, scene.sound.heads[ONE].signed)].root


def bare_tiles(rows: Kept) -> list[int]:
    """Return the numbers of the pruned tiles."""
    return sorted(key[2] for key, tile in rows.tiles.items() if key[0] == ONE and tile.is_bare)


UNSIGNED: Final = "the prune record is not signed by the retention key for this place"
NOTHING: Final = "there is nothing at this index"
UNLET: Final = "no signed record lets them go"
CHANGE: TypeAlias = Callable[[Scene, Kept, random.Random], None]
# What somebody does, whether they seal and sign all anew with the log's key, and a sentence that has to be among what is found.
ATTACKS: Final[tuple[tuple[CHANGE, bool, str], ...]] = (
    (frontier_edited, True, UNSIGNED),
    (frontier_edited, False, UNSIGNED),
    (minimum_raised, True, UNSIGNED),
    (minimum_raised, False, UNLET),
    (record_replayed, True, "was made for the index"),
    (record_gone, True, UNLET),
    (tile_above_gone, False, "tile 0/4"),
    (tile_above_bare, False, UNLET),
    (root_changed, False, "the head has another tree than the events"),
    (root_shifted, False, "its root has another length"),
    (root_gone, False, NOTHING),
    (evidence_gone, True, "that no purge accounts for"),
    (evidence_hidden, True, "an event stands where the hashes were pruned"),
    (event_put, True, "an event stands where the hashes were pruned"),
    (checkpoint_changed, False, ""),
    (frontier_of_another, True, "that this log does not lead to"),
    (root_of_another, True, "that this log does not lead to"),
    (body_pruned, True, "that no purge accounts for"),
    (whole_tiles_left, True, "or for no whole tiles before it"),
)


@pytest.mark.parametrize(("attack", "sealed", "sentence"), ATTACKS, ids=[f"{each[0].__name__}-{each[1]}" for each in ATTACKS])
def test_what_is_done_to_a_pruned_log_is_found(scene: Scene, attack: CHANGE, sealed: bool, sentence: str) -> None:
    """Each kind of change, by whoever writes to the database, has the log's key, or the retention key, is told by a finding."""
    for seed in range(ROUNDS):
        rows = scene.sound.copy()
        attack(scene, rows, random.Random(seed))
        told = scene.found(rows, sealed=sealed)
        assert any(sentence in detail for _, _, detail in told), (seed, told)
        assert told


def test_a_forged_record_lets_nothing_go(scene: Scene) -> None:
    """By another key, by the log's, for another log, or signed as a purge is: the minimum index stays, and what it let go is told."""
    for by, of, domain in ((STRANGER, ONE, PRUNE_DOMAIN), (SIGNER, ONE, PRUNE_DOMAIN), (KEY, TWO, PRUNE_DOMAIN), (KEY, ONE, PURGE_DOMAIN)):
        rows = scene.sound.copy()
        scene.told(rows, by=by, of=of, domain=domain, **further(scene))
        assert {detail for _, _, detail in scene.found(rows, sealed=True)} == {UNSIGNED}
        rows.tiles[(ONE, 0, 5)] = rows.tiles[(ONE, 0, 5)].bare()
        told = {detail for _, _, detail in scene.found(rows, sealed=False)}
        assert told > {UNSIGNED}
        assert any(UNLET in each for each in told)
        (report,) = scene.archive.logs.verify(log=ONE).logs
        assert report.minimum == MINIMUM


def test_a_prune_under_a_hold_is_found(scene: Scene) -> None:
    """A record that was written while a hold on everything, or on what is below, was in force is told, whoever signed it."""
    for scope in ({}, {"name": "retention.*"}):
        write_memory(scene.storage.state, scene.sound.copy())
        hold = scene.archive.hold(ONE, **scope)  # type: ignore[arg-type]
        scene.archive.logs.flush()
        rows = read_memory(scene.storage.state)
        scene.told(rows, by=KEY, size=rows.heads[ONE].signed, root=rows.checkpoints[(ONE, rows.heads[ONE].signed)].root)
        told = scene.found(rows.copy(), sealed=True)
        assert [f"which the hold {hold.id} covered" in detail for _, _, detail in told] == [True], told
    assert scene.found(scene.sound.copy(), sealed=True) == []


def test_a_checkpoint_that_was_held_is_compared_where_a_tile_was_pruned(scene: Scene) -> None:
    """Of a size within a pruned tile the stored checkpoint has to say the same, and neither covers anything; another one is found."""
    write_memory(scene.storage.state, scene.sound.copy())
    inside = sorted(size for log, size in scene.sound.checkpoints if log == ONE and TILE_WIDTH < size < MINIMUM)
    assert inside
    last = SignedCheckpoint.read(scene.sound.checkpoints[(ONE, scene.sound.heads[ONE].signed)].note)
    for size in inside:
        held = SignedCheckpoint.read(scene.sound.checkpoints[(ONE, size)].note)
        for others, levels in (((), ("signed", 0, 0)), ((last,), ("anchored", last.checkpoint.size, 0))):
            report = scene.archive.logs.verify(log=ONE, held=others, locked=(held,))
            assert report.findings == ()
            # No tree leads from there to what is left: it is not told as covered by it.
            (found,) = report.logs
            assert (found.assurance.label, found.held, found.locked) == levels
        for other in (size, size + 1):
            checkpoint = Checkpoint(origin=IDENTITY.origin(ONE), size=other, root=bytes(32))
            signature = SIGNER.sign(checkpoint.text().encode())
            forged = SignedCheckpoint.made(checkpoint, key=IDENTITY.verifier(ONE), signature=signature)
            assert [each.kind.value for each in scene.archive.logs.verify(held=(forged,)).findings] == ["held"]


def test_the_log_of_logs_covers_a_pruned_log_from_its_minimum_index_on(scene: Scene) -> None:
    """One of its checkpoints that was held counts for another log where that stood at the minimum index by then, or further."""
    write_memory(scene.storage.state, scene.sound.copy())
    told: list[tuple[int, int]] = []
    for size in sorted(size for log, size in scene.sound.checkpoints if log == LOG_OF_LOGS):
        held = SignedCheckpoint.read(scene.sound.checkpoints[(LOG_OF_LOGS, size)].note)
        report = scene.archive.logs.verify(held=(held,))
        assert report.findings == ()
        (found,) = (each for each in report.logs if each.log == ONE)
        reached = max((each.size for each in scene.sound.checkpoints.values() if each.log == ONE and (each.number or 0) < size), default=0)
        told.append((reached, found.held))
    assert all(held == (reached if reached >= MINIMUM else 0) for reached, held in told)
    assert min(told)[0] < MINIMUM <= max(told)[1]
