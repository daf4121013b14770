"""What the sealed log costs beside the hashes and the inserts that it can not do without.

Rules that this module keeps:

- the floor of an event is SHA-256 of its bytes, that of a verification the same for every event, that of a proof the hashes on its path.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.counted import Count, CountedTable, Table
from benchmarks.entries import audit_export, audit_stores, audit_writes
from benchmarks.entries.engines import Choice
from benchmarks.measure import Contestant, Race, code
from ctsec.ambient import Ambient, Request
from ctsec.audit._sync_tree import TreeReader
from ctsec.audit.canonical import canonical, leaf_hash
from ctsec.audit.event import Event, LogId, Target, build
from ctsec.audit.record import StoredEvent, body_of, store_form
from ctsec.audit.schema import EventCatalogue, EventSchema, public
from ctsec.audit.sealing import LOG_OF_LOGS, Head
from ctsec.audit.tree.bundle import ProofBundle
from ctsec.audit.tree.checkpoint import Checkpoint, SignedCheckpoint
from ctsec.audit.tree.hashing import node_hash
from ctsec.audit.tree.note import VerifierKey
from ctsec.audit.tree.proofs import is_included
from ctsec.audit.tree.rebuilt import Rebuilt
from ctsec.audit.tree.tiles import Tile
from ctsec.clock import SystemClock
from ctsec.encryption.ed25519 import Signer
from ctsec.ids import OrganizationId
from ctsec.principal import system
from ctsec.secret import Secret

EVENTS = 100_000
BATCH = 1000
NOW = datetime(2026, 1, 1, tzinfo=UTC)
_ACTOR = system("bench")  # who asks was there before the event
_SCHEMA = EventCatalogue((EventSchema("role.assigned", {**dict.fromkeys(("role", "before", "reason"), public()), "number": public(int)}),))
ORGANIZATION = OrganizationId("org_00000000000000000000000001")


def entry(wanted: int | None = None) -> Iterable[Race]:
    """Return the races, over logs with so many events as are wanted where they are long ones."""
    events = wanted or EVENTS
    yield _event()
    yield _verification(events)
    yield _proof(events)
    with TemporaryDirectory() as folder:
        yield from audit_writes.races(Path(folder))
        yield from audit_stores.races(Path(folder), rows=wanted)
        yield from audit_export.races(Path(folder), make=_stored)


def tables(choice: Choice) -> Iterable[Table]:
    """Return what is counted: the size of a proof, and what the tree needs for each event."""
    del choice
    held = _Held(EVENTS)
    proof = held.bundle(EVENTS // 3)
    kept = sum(len(tile.hashes) + len(tile.root) for tile in held.tiles.values())
    counts = (
        Count(name="bytes of hashes of a proof (at most 1,024)", of=f"a log of {EVENTS:,} events", number=32 * len(proof.hashes)),
        Count(name="bytes of a proof with its checkpoint", of="the same", number=len(proof.stored())),
        Count(name="bytes of tiles for 1,000 events (at most 33,000)", of="the same", number=1000 * kept // EVENTS),
    )
    yield CountedTable(title="The sealed log, counted", counts=counts)


def _told(number: int, ambient: Ambient) -> Event:
    return _built(ambient, user=f"usr_{number:026}", workspace=f"wsp_{number:026}", number=number)


def _built(ambient: Ambient, *, user: str, workspace: str, number: int) -> Event:
    return build(
        "role.assigned",
        ambient=ambient,
        actor=_ACTOR,
        targets=(Target("user", user), Target("workspace", workspace)),
        organization=ORGANIZATION,
        details={"role": "editor", "before": "viewer", "reason": "x" * 200, "number": number},
    )


def _stored(count: int) -> list[StoredEvent]:
    ambient = Ambient(clock=SystemClock(), random=lambda size: hashlib.sha256(str(time.perf_counter_ns()).encode()).digest()[:size])
    return [store_form(_told(number, ambient), personal=b"") for number in range(count)]


def _event() -> Race:
    ambient = Ambient(clock=SystemClock(), random=bytes, request=Request(id="req_1"))
    told = _told(1, ambient)
    stored = store_form(told, personal=b"")
    value = json.loads(stored.body)
    user, workspace = [target.id for target in told.targets]
    names: dict[str, object] = {
        "sha256": hashlib.sha256, "body": stored.body, "leaf_hash": leaf_hash, "canonical": canonical, "value": value, "told": told,
        "body_of": body_of, "make": lambda: store_form(_built(ambient, user=user, workspace=workspace, number=1), personal=b""),
        "declared": lambda: store_form(_SCHEMA.applied(_built(ambient, user=user, workspace=workspace, number=1)), personal=b""),
    }  # fmt: skip
    return Race(
        title=f"An event of {len(stored.body)} bytes",
        floor=code("SHA-256 of its bytes", "sha256(body).digest()", names),
        contestants=(
            code("leaf", "leaf_hash(body)", names),
            code("canonical bytes and leaf of an event that was built", "leaf_hash(body_of(told, personal=b''))", names, target=2.5),
            code("built, canonical, leaf and row", "make()", names, target=8),
            code("the same, and its schema asked", "declared()", names),
            code("`canonical` of any value, and leaf", "leaf_hash(canonical(value))", names),
            *_with_orjson(names),
        ),
    )


def _with_orjson(names: dict[str, object]) -> tuple[Contestant, ...]:
    """Return the contestant of another encoder, where that is installed: the same bytes."""
    try:
        orjson = import_module("orjson")
    except ImportError:
        return ()
    names |= {"dumps": orjson.dumps, "sorted_keys": orjson.OPT_SORT_KEYS}
    return (code("orjson and leaf, unchecked", "leaf_hash(dumps(value, option=sorted_keys))", names),)


def _verification(events: int) -> Race:
    bodies = [b'{"details":{"number":%d},"padding":"%s"}' % (number, b"x" * 700) for number in range(events)]

    def floor() -> None:
        sha = hashlib.sha256
        for body in bodies:
            sha(body).digest()

    def verify() -> None:
        tree, start = Rebuilt(), hashlib.sha256(b"\x00")
        for first in range(0, events, 1024):
            leaves: list[bytes] = []
            for body in bodies[first : first + 1024]:
                leaf = start.copy()
                leaf.update(body)
                leaves.append(leaf.digest())
            tree.append(leaves)
        tree.root()

    def spent(work: Callable[[], None]) -> Callable[[], float]:
        def slice_() -> float:
            begun = time.thread_time()
            work()
            return (time.thread_time() - begun) / events

        return slice_

    return Race(
        title=f"Verifying {events:,} events of 750 bytes in memory",
        floor=Contestant(name="SHA-256 of each", slice=spent(floor)),
        contestants=(Contestant(name="leaves, tiles and root", slice=spent(verify), target=1.8),),
        rate_unit="ev/s",
        rounds=5,
    )


class _Tiles:
    """The records of a tree in memory."""

    def __init__(self, events: int) -> None:
        self.kept = [leaf_hash(b"%d" % number) for number in range(events)]
        rebuilt = Rebuilt()
        self.full = {(tile.level, tile.number): tile for tile in rebuilt.append(self.kept)}
        self.root = rebuilt.root()

    def head(self, log: LogId) -> Head | None:
        """Return where the log stands."""
        return Head(log=log, size=len(self.kept))

    def heads(self, *, after: str, limit: int) -> tuple[Head, ...]:
        """Return nothing: there is one log."""
        del after, limit
        return ()

    def leaves(self, log: LogId, *, first: int, end: int) -> tuple[bytes, ...]:
        """Return leaves."""
        del log
        return tuple(self.kept[first:end])

    def roots(self, log: LogId, *, level: int, first: int, end: int) -> tuple[bytes, ...]:
        """Return the roots of tiles."""
        return tuple(tile.root for tile in self.tiles(log, level=level, first=first, end=end))

    def tiles(self, log: LogId, *, level: int, first: int, end: int) -> tuple[Tile, ...]:
        """Return tiles."""
        del log
        return tuple(self.full[(level, number)] for number in range(first, end) if (level, number) in self.full)


class _Held:
    """A tree in memory, read as a store's."""

    def __init__(self, events: int) -> None:
        records = _Tiles(events)
        self.tiles, self.root, self.size, self.leaves = records.full, records.root, events, records.kept
        self.reader = TreeReader(records, head=Head(log=LOG_OF_LOGS, size=events))

    def bundle(self, index: int) -> ProofBundle:
        """Return a proof of an event."""
        signer = Signer(Secret(bytes(32)))
        checkpoint = Checkpoint(origin="acme.example/default/org_1", size=self.size, root=self.root)
        key = VerifierKey(checkpoint.origin, signer.public)
        signed = SignedCheckpoint.made(checkpoint, key=key, signature=signer.sign(checkpoint.text().encode()))
        return ProofBundle(index, self.reader.inclusion(index, size=self.size), signed)


def _proof(events: int) -> Race:
    held = _Held(events)
    index = events // 3
    hashes = held.reader.inclusion(index, size=events)

    def path() -> bytes:
        node = held.leaves[index]
        for other in hashes:
            node = node_hash(node, other)
        return node

    names: dict[str, object] = {
        "path": path, "is_included": is_included, "leaf": held.leaves[index], "index": index, "size": events, "root": held.root,
        "hashes": hashes, "inclusion": held.reader.inclusion, "consistency": held.reader.consistency, "old": events // 7,
    }  # fmt: skip
    return Race(
        title=f"A proof in a log of {events:,} events: {len(hashes)} hashes (goal of making one: 100 us)",
        floor=code("the hashes on its path", "path()", names),
        contestants=(
            code("verify inclusion", "is_included(leaf, index=index, size=size, root=root, proof=hashes)", names, target=1.3),
            code("make inclusion, tiles at hand", "inclusion(index, size=size)", names),
            code("make consistency, tiles at hand", "consistency(old, size=size)", names),
        ),
    )
