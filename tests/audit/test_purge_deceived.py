"""Whoever can write to a store has nothing purged that should have stayed: a purge asks the bytes, and the signed tree for them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any, Final

import pytest

from ctsec.audit.canonical import canonical, leaf_hash
from ctsec.audit.record import StoredEvent, microseconds
from ctsec.audit.retention.plan import RetentionPlan
from ctsec.audit.tree.hashing import root_of, split
from ctsec.errors import LogInconsistent
from ctsec.storage.memory import MemoryRegionStorage, MemoryStorage
from ctsec.testing.conformance.samples import ignore
from tests.audit.archive import START, Archive
from tests.audit.kept import ONE, Kept, read_memory, write_memory
from tests.audit.regional import RegionalArchive

OLDER: Final = timedelta(days=300)
WAYS: Final[tuple[tuple[str, Callable[[StoredEvent], StoredEvent]], ...]] = (
    ("role.assigned", lambda each: replace(each, time=each.time - OLDER)),
    ("role.assigned", lambda each: written(replace(each, time=each.time - OLDER), time=microseconds(each.time - OLDER))),
    ("legal_hold.placed", lambda each: replace(each, name="user.signed_in")),
    ("legal_hold.placed", lambda each: written(replace(each, name="user.signed_in"), name="user.signed_in")),
    ("retention.relayed", lambda each: replace(each, name="user.signed_in")),
)


def written(event: StoredEvent, **said: object) -> StoredEvent:
    """Return an event whose bytes say something else, with their leaf."""
    body = canonical({**event.details(), **said})
    return replace(event, body=body, leaf=leaf_hash(body))


def archive_of() -> RegionalArchive:
    """Return an archive with a hold on a person: old events at home and in the region, and after a quiet time a tile of young ones."""
    archive = RegionalArchive(MemoryStorage(), MemoryRegionStorage(region="eu"))
    archive.plan(ONE, RetentionPlan(90))
    for write in (archive.write, archive.write_there):
        write(ONE, *("user.signed_in",) * 3)
        write(ONE, "role.revoked", actor="usr_carl")
    archive.logs.flush()
    archive.hold(ONE, person="usr_carl")
    archive.logs.flush()
    archive.jobs.regions.tell(ONE)
    for write in (archive.write, archive.write_there):
        write(ONE, "user.signed_in")
    archive.logs.flush()
    archive.pass_days(200)
    for write in (archive.write, archive.write_there):
        write(ONE, "role.assigned")
    archive.logs.flush()
    for write in (archive.write, archive.write_there):
        write(ONE, *("user.signed_in",) * 260)
    archive.logs.flush()
    return archive


def put(kept: Kept, name: str, change: Callable[[StoredEvent], StoredEvent], *, tiles: bool) -> None:
    """Change the first event of a name, with the hash of its bytes in a full tile."""
    key = min(key for key, each in kept.events.items() if key[0] == ONE and each.name == name)
    kept.events[key] = changed = change(kept.events[key])
    for place, tile in kept.tiles.items() if tiles else ():
        if place[0] == ONE and tile.level == 0 and tile.number == key[1] // 256:
            hashes = [*split(tile.hashes)]
            hashes[key[1] % 256] = changed.leaf
            kept.tiles[place] = replace(tile, hashes=b"".join(hashes), root=root_of(tuple(hashes)))


@pytest.mark.parametrize("there", [False, True])
@pytest.mark.proves("ASVS-16.4.2")
def test_a_purge_takes_nothing_that_is_not_what_was_signed_for(there: bool) -> None:
    """A column that says old, of another person or of another name, or other bytes with their hash in the tile: no event goes for it."""
    archive = archive_of()
    storage: Any = archive.region if there else archive.storage
    state = storage.state
    sound = read_memory(state)
    names = {each.name for each in sound.of(ONE)}
    tried = [(name, change) for name, change in WAYS if name in names]
    assert len(tried) == (3 if there else 4)
    for name, change in tried:
        for tiles in (False, True):
            rows = sound.copy()
            put(rows, name, change, tiles=tiles)
            write_memory(state, rows)
            with pytest.raises(LogInconsistent, match=r"run `ctsec audit verify`"):
                archive.jobs.regions.purge(ONE, store="eu") if there else archive.jobs.purge(ONE)
            assert len(read_memory(state).of(ONE)) == len(rows.of(ONE)), name
    write_memory(state, sound)
    assert archive.purge() == 8
    assert archive.findings() == []


@pytest.mark.proves("ASVS-16.4.2")
def test_a_hold_whose_row_was_away_during_a_purge_is_missed_in_its_record() -> None:
    """What came after a hold is in no extent: a purge that did not know of the hold is a finding, although the row is back."""
    archive = Archive(MemoryStorage())
    archive.plan(ONE, RetentionPlan(90))
    archive.write(ONE, "user.signed_in")
    archive.logs.flush()
    held = archive.hold(ONE, person="usr_carl")
    archive.logs.flush()
    archive.write(ONE, "role.assigned", actor="usr_carl")
    archive.pass_days(200)
    with archive.storage.begin(after_commit=ignore) as store:
        assert store.retention.put_hold(replace(held, released_at=START, version=2))
    assert archive.purge() == 2
    with archive.storage.begin(after_commit=ignore) as store:
        assert store.retention.put_hold(replace(held, version=3))
    assert ("purge", 4, f"the purge was done without the hold {held.id}") in archive.findings()
