"""What the verifier of a log finds at the edges: right behind the end, in a tile, on a later page, in a held checkpoint."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

import pytest

from ctsec.audit.canonical import leaf_hash
from ctsec.audit.record import microseconds
from ctsec.audit.retention.trail import RetentionTrail
from ctsec.audit.tree.checkpoint import Checkpoint, SignedCheckpoint
from ctsec.audit.tree.note import VerifierKey
from ctsec.audit.tree.tiles import Tile
from ctsec.security._sync_logs import Logs
from ctsec.storage.memory import MemoryStorage
from tests.audit.kept import IDENTITY, ONE, SIGNER, STRANGER, Kept, events, fill, read_memory, write_memory

# More than one page of the verifier, and one event short of the fifth tile.
SIGNED, SIZE = 1030, 1279


@dataclass(frozen=True, slots=True)
class Stored:
    """A sound log that is longer than a page, and what it takes to change it."""

    storage: MemoryStorage
    logs: Logs
    sound: Kept

    def found(self, change: Callable[[Kept], None], *held: SignedCheckpoint) -> list[tuple[str, int | None, str]]:
        """Change the rows, and return what is found of the log."""
        rows = self.sound.copy()
        change(rows)
        write_memory(self.storage.state, rows)
        report = self.logs.verify(log=ONE, held=held)
        return [(each.kind.value, each.at, each.detail) for each in report.findings]


@pytest.fixture(scope="module")
def stored() -> Stored:
    """The log, filled once."""
    storage = MemoryStorage()
    logs = fill(storage, sizes={ONE: (SIGNED, SIZE)})
    return Stored(storage, logs, read_memory(storage.state))


BEHIND: Final = "there are events behind the end of the log"


def test_one_event_or_tile_behind_the_end_is_found(stored: Stored) -> None:
    """A single event at the index of the log's size, and a single tile where the next would be, at each level, are told as such."""

    def event(rows: Kept) -> None:
        rows.events[(ONE, SIZE)] = events(ONE, count=1, seed=9)[0]

    assert stored.found(lambda rows: None) == []
    assert stored.found(event) == [("head", SIZE, BEHIND)]
    for level, number in ((0, SIZE >> 8), (1, 0)):
        tile = Tile(level, number, bytes(8192))

        def put(rows: Kept, tile: Tile = tile) -> None:
            rows.tiles[(ONE, tile.level, tile.number)] = tile

        assert stored.found(put) == [("tile", None, f"there are tiles behind the end of the log, at level {level}")]


def test_a_tile_that_is_missing_is_found_where_it_stands(stored: Stored) -> None:
    """Each full tile that is gone is told by its number and first leaf."""
    for number in range(SIZE >> 8):

        def drop(rows: Kept, number: int = number) -> None:
            del rows.tiles[(ONE, 0, number)]

        assert stored.found(drop) == [("tile", number << 8, f"tile 0/{number} is missing")]


def without(index: int) -> Callable[[Kept], None]:
    """Return what takes one event away."""

    def change(rows: Kept) -> None:
        del rows.events[(ONE, index)]

    return change


def test_an_event_that_is_gone_is_told_by_the_leaf_that_its_tile_kept(stored: Stored) -> None:
    """In a full tile the leaf is left, so no purge accounts for it and the tree holds; in the last, unfinished one there is nothing."""
    for index in (0, 256, 1023):
        assert stored.found(without(index)) == [("purge", index, "1 events are gone that no purge accounts for")]
    assert ("index", 1050, "there is nothing at this index") in stored.found(without(1050))


def test_a_finding_on_one_page_hides_none_on_the_next(stored: Stored) -> None:
    """Leaves that are not the hash of their bodies are found on every page, and a body that is no object as what it is."""

    def change(rows: Kept) -> None:
        for index in (5, 1090):
            rows.events[(ONE, index)] = replace(rows.events[(ONE, index)], leaf=bytes(32))

    assert [each[:2] for each in stored.found(change)] == [("leaf", 5), ("leaf", 1090)]

    def body(rows: Kept) -> None:
        rows.events[(ONE, 7)] = replace(rows.events[(ONE, 7)], body=b"[]")

    assert ("body", 7, "the body is not a JSON object") in stored.found(body)


def test_evidence_among_sound_events_is_judged(stored: Stored) -> None:
    """A purge record that somebody with the log's key put into a full tile is no record, though each column says what its body does."""

    def put(rows: Kept) -> None:
        event = rows.events[(ONE, 300)]
        body = event.body.replace(b'"%b"' % event.name.encode(), b'"audit.purged"')
        rows.events[(ONE, 300)] = replace(event, name="audit.purged", body=body, leaf=leaf_hash(body))
        rows.reseal(ONE)
        rows.resign(by=SIGNER)

    assert stored.found(put) == [("purge", 300, "the purge record is not signed by the retention key for this place")]


def test_the_trail_knows_of_the_latest_event_before_each_gap(stored: Stored, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many were judged at once: a purge of what stands behind a younger event is found by its time."""
    known: list[int] = []
    taken = RetentionTrail.pass_by

    def pass_by(trail: RetentionTrail, latest: int) -> None:
        taken(trail, latest)
        known.append(latest)

    def purged(rows: Kept) -> None:
        rows.purged[(ONE, 1024)] = rows.events.pop((ONE, 1024)).leaf

    monkeypatch.setattr(RetentionTrail, "pass_by", pass_by)
    assert [each[:2] for each in stored.found(purged)] == [("purge", 1024)]
    assert known == [microseconds(stored.sound.events[(ONE, index)].time) for index in (255, 511, 767, 1023)]


def test_a_held_checkpoint_counts_for_its_signature(stored: Stored) -> None:
    """One of the right size and root that a stranger signed is found, and so is one of the log's key for events that are not there."""
    write_memory(stored.storage.state, stored.sound)
    held = stored.logs.checkpoint(ONE)
    assert held is not None
    assert stored.found(lambda rows: None, held) == []
    strange = VerifierKey(held.checkpoint.origin, STRANGER.public)
    forged = SignedCheckpoint.made(held.checkpoint, key=strange, signature=STRANGER.sign(held.checkpoint.text().encode()))
    assert stored.found(lambda rows: None, forged) == [("held", SIGNED, "the checkpoint that was held is not signed by the log's key")]
    beyond = Checkpoint(origin=held.checkpoint.origin, size=SIZE + 1, root=bytes(32))
    signed = SignedCheckpoint.made(beyond, key=IDENTITY.verifier(ONE), signature=SIGNER.sign(beyond.text().encode()))
    assert [each[:2] for each in stored.found(lambda rows: None, signed)] == [("held", SIZE + 1)]
