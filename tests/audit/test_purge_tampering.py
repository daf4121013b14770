"""Whoever destroys events past the plan, the holds or the retention key is found, although the events are gone."""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from types import MappingProxyType
from typing import Any, Final

import pytest

from ctsec.audit.event import LogId, Target, build
from ctsec.audit.record import store_form
from ctsec.audit.retention.plan import RetentionPlan
from ctsec.audit.retention.ranges import Ranges
from ctsec.audit.retention.record import PurgeRecord, signature_text, signed_text
from ctsec.encryption.ed25519 import Signer
from ctsec.ids import OrganizationId
from ctsec.principal import system
from ctsec.storage.memory import MemoryStorage
from ctsec.storage.memory.state import Snapshot
from ctsec.storage.memory.tables import HOLDS, RETENTION
from tests.audit.archive import IDENTITY, Archive
from tests.audit.archive import RETENTION as KEY
from tests.audit.kept import ONE, SIGNER, STRANGER, TWO, Kept, read_memory, write_memory

SOAK: Final = bool(os.environ.get("CTSEC_SOAK"))
ROUNDS: Final = 1000 if SOAK else 6
pytestmark = [pytest.mark.slow] if SOAK else []


class Scene:
    """Two logs, a hold on a person in the first, events that went; in the second some that are old enough to go."""

    def __init__(self) -> None:
        self.storage = MemoryStorage()
        self.archive = Archive(self.storage)
        for log in (ONE, TWO):
            self.archive.plan(log, RetentionPlan(90))
        for number in range(12):
            for log in (ONE, TWO):
                self.archive.write(log, "user.signed_in", actor="usr_carl" if number % 3 == 0 else "usr_anna")
            self.archive.pass_days(2)
        self.archive.logs.flush()
        self.hold = self.archive.hold(ONE, person="usr_carl")
        self.archive.pass_days(82)
        assert self.archive.purge() > 8
        self.archive.pass_days(20)
        self.archive.write(ONE, "user.signed_in", "role.assigned")
        self.archive.logs.flush()
        self.sound = read_memory(self.storage.state)
        assert self.archive.findings() == []

    def found(self, rows: Kept) -> list[tuple[str, int | None, str]]:
        """Write rows, sealed and signed anew as by somebody who has the log's key but not that of retention; return the findings."""
        for log in (ONE, TWO):
            rows.reseal(log)
        rows.resign(by=SIGNER)
        write_memory(self.storage.state, rows)
        return self.archive.findings()

    def change(self, table: str, change: Callable[[Any], Any]) -> None:
        """Change every row of a table, past everything that keeps it."""
        tables = dict(self.storage.state.newest.tables)
        tables[table] = {key: each for key, row in tables[table].items() if (each := change(row)) is not None}
        self.storage.state.newest = Snapshot(self.storage.state.newest.commit + 1, MappingProxyType(tables))

    def forged(self, rows: Kept, log: LogId, *, by: Signer | None, of: LogId | None = None, **other: Any) -> None:
        """Put a record where a log ends, like its first one but for `other`, signed by `by` for the log `of` (None: as it was signed)."""
        details = dict(next(each for each in rows.of(log) if each.name == "audit.purged").details()["details"])
        record = replace(PurgeRecord.read(details), index=rows.heads[log].size, **other)
        told = {**record.details(), "signature": details["signature"]} if by is not None or other else {**details, "holds": record.holds}
        event = build(
            "audit.purged",
            ambient=self.archive.ambient,
            actor=system("retention"),
            targets=(Target("log", log),),
            organization=OrganizationId(log),
            details=told,
        )
        if by is not None:
            text = signed_text(told, origin=IDENTITY.origin(of or log), event=event.id, time=event.time)
            event = replace(event, details={**told, "signature": signature_text(by.sign(text))})
        rows.events[(log, rows.heads[log].size)] = store_form(event, personal=b"")


def gone(rows: Kept, log: LogId, index: int) -> None:
    """Take the body of an event and keep its leaf."""
    rows.purged[(log, index)] = rows.events.pop((log, index)).leaf


@pytest.fixture(scope="module")
def scene() -> Scene:
    """Return the scene; each test writes its own rows into it."""
    return Scene()


def purge_findings(scene: Scene, rows: Kept) -> set[str]:
    """Return the sentences of findings about purges; nothing else is found."""
    found = scene.found(rows)
    assert {kind for kind, _, _ in found} <= {"purge"}, found
    return {detail for _, _, detail in found}


UNSIGNED: Final = "the purge record is not signed by the retention key for this place"


@pytest.mark.proves("ASVS-16.4.2")
def test_a_body_without_a_record_is_found(scene: Scene) -> None:
    """Whatever body is taken, the leaf kept and all sealed and signed anew with the log's key: it is told as gone without a purge."""
    for seed in range(ROUNDS):
        draw, rows = random.Random(seed), scene.sound.copy()
        log = draw.choice((ONE, TWO))
        index = draw.choice(sorted(key[1] for key in rows.events if key[0] == log))
        gone(rows, log, index)
        assert any(sentence.endswith("that no purge accounts for") for sentence in purge_findings(scene, rows))


def test_a_forged_or_replayed_record_is_found(scene: Scene) -> None:
    """A record by another key, by the log's key, of another place, time, log or text counts for nothing, and so does what it names."""
    named = [key[1] for key, each in scene.sound.events.items() if key[0] == ONE and each.name in {"user.signed_in", "role.assigned"}]
    for seed in range(ROUNDS):
        index = random.Random(seed).choice(sorted(named))
        ranges = Ranges.of((index,))
        forgeries: tuple[dict[str, Any], ...] = (
            {"by": STRANGER, "ranges": ranges},
            {"by": SIGNER, "ranges": ranges},
            {"by": KEY, "of": TWO, "ranges": ranges},
            {"by": None, "ranges": ranges},
            {"by": None},
        )
        forgery = forgeries[seed % len(forgeries)]
        rows = scene.sound.copy()
        if "ranges" in forgery:
            gone(rows, ONE, index)
        scene.forged(rows, ONE, **forgery)
        told = purge_findings(scene, rows)
        assert UNSIGNED in told, forgery
        assert len(told) == 1 + ("ranges" in forgery), (forgery, told)


def test_a_replayed_record_is_found(scene: Scene) -> None:
    """A sound record counts at its own index and in its own log alone: neither at the end nor in another's place, whatever was resealed."""
    records = [(key, each) for key, each in sorted(scene.sound.events.items()) if each.name == "audit.purged"]
    assert {key[0] for key, _ in records} == {ONE, TWO}
    for seed in range(ROUNDS):
        draw, rows = random.Random(seed), scene.sound.copy()
        (log, index), record = draw.choice(records)
        places = sorted(key for key, each in rows.events.items() if each.name in {"user.signed_in", "role.assigned"})
        target = (log if draw.random() < 0.6 else draw.choice((ONE, TWO)), 0)
        target = (target[0], draw.choice([rows.heads[target[0]].size, *(at for of, at in places if of == target[0])]))
        rows.events[target] = replace(record, log=target[0])
        if draw.random() < 0.5:
            # What it is to excuse: an event that it never named.
            free = [key for key in places if key[0] == target[0] and key != target]
            gone(rows, *draw.choice(free))
        told = {detail for kind, _, detail in scene.found(rows) if kind == "purge"}
        own = any("was made for the index" in each for each in told)
        assert own if target[0] == log else UNSIGNED in told, (seed, (log, index), target, told)


def test_what_the_retention_key_may_not_sign_is_found(scene: Scene) -> None:
    """With the retention key itself: another root, an index behind its checkpoint, a shorter plan, too young events, what a hold covers."""
    young = max(key[1] for key in scene.sound.events if key[0] == ONE)
    held = min(key[1] for key in scene.sound.events if key[0] == ONE and scene.sound.events[key].actor_id == "usr_carl")
    sayings: tuple[tuple[str, int, dict[str, Any]], ...] = (
        ("a root that no checkpoint", young, {"root": bytes(32)}),
        ("does not cover", young, {"size": 3}),
        ("keeps less than the one in force", young, {"plan": RetentionPlan(89)}),
        ("what its plan does not let go", young, {"newest": 1 << 52}),
        ("was not old enough", young, {}),
        (f"which the hold {scene.hold.id} covered", held, {}),
    )
    last = max(scene.sound.checkpoints[key].size for key in scene.sound.checkpoints if key[0] == ONE)
    root = scene.sound.checkpoints[(ONE, last)].root
    for saying, index, other in sayings:
        rows = scene.sound.copy()
        gone(rows, ONE, index)
        scene.forged(rows, ONE, by=KEY, **{"ranges": Ranges.of((index,)), "size": last, "root": root, **other})
        assert any(saying in each for each in purge_findings(scene, rows)), saying


def test_rows_of_plans_and_holds_are_not_what_counts() -> None:
    """Whoever deletes the row of a hold, or shortens that of a plan, has the purge take what the log still says is to be kept: found."""
    for attack in ("hold", "plan"):
        scene = Scene()
        if attack == "hold":
            scene.change(HOLDS.name, lambda row: None)
        else:
            scene.change(RETENTION.name, lambda row: replace(row, plan="30", following="", starts=None))
        scene.archive.pass_days(0.5)
        assert scene.archive.purge() > 0
        told = {detail for kind, _, detail in scene.archive.findings() if kind == "purge"}
        wanted = "which the hold" if attack == "hold" else "keeps less than the one in force"
        assert any(wanted in each for each in told), attack


def test_a_release_by_one_person_releases_nothing(scene: Scene) -> None:
    """A release in the log that one person asked for and approved, or that nobody asked for, is found, and the hold binds on."""
    for asked_by in ("usr_olga", "usr_nobody"):
        rows = scene.sound.copy()
        ambient = scene.archive.at(timedelta(0))
        event = build(
            "legal_hold.released",
            ambient=ambient,
            actor=scene.archive.person("usr_olga"),
            organization=OrganizationId(ONE),
            details={"hold": scene.hold.id, "asked_by": asked_by},
        )
        rows.events[(ONE, rows.heads[ONE].size)] = store_form(event, personal=b"")
        assert purge_findings(scene, rows) == {"a hold was released by one person alone"}


def test_a_leaf_that_was_kept_is_covered_like_any_other(scene: Scene) -> None:
    """A kept leaf that was changed leads to another root than was signed, one that was deleted is told as nothing being there."""
    for seed in range(ROUNDS):
        draw, rows = random.Random(seed), scene.sound.copy()
        key = draw.choice(sorted(rows.purged))
        if seed % 2:
            rows.purged[key] = draw.randbytes(32)
        else:
            del rows.purged[key]
        write_memory(scene.storage.state, rows)
        kinds = {kind for kind, _, _ in scene.archive.findings()}
        assert kinds >= ({"head", "checkpoint"} if seed % 2 else {"index"}), (seed, kinds)
