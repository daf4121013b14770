"""Moves between three real databases: copied, verified, switched and shredded, or given up."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import replace

import pytest

from ctsec.encryption import DekState
from ctsec.errors import DecryptionFailed, ResidencyError, StoreBusy, WorkspaceMoving
from ctsec.ids import WorkspaceId
from ctsec.outcome import Reason, Refusal
from ctsec.principal import Principal
from ctsec.residency import Content, Move, MoveState, Tally
from ctsec.security import Security
from ctsec.security._sync_moves import Moves
from ctsec.testing.conformance.samples import workspace_id
from tests.residency.deployment import (
    ORG,
    Places,
    closing_all,
    data_keys,
    events,
    move,
    open_security,
    owner,
    pin,
    raw,
    read,
    smuggle,
    start,
    write,
)

pytestmark = [pytest.mark.server("postgresql", "mariadb")]
NOTES = {f"note {n:03}": f"secret {n}" for n in range(250)}


@pytest.mark.proves("SEED-D1", "SEED-D2")
@pytest.mark.parametrize("target", ["us", "ap"])
def test_a_workspace_moves_with_all_that_it_says(places: Places, security: Security, target: str) -> None:
    """Every piece is in the target under its key, none is in the source, and each step is an event; the other workspace stays."""
    write(security, 1, **NOTES)
    write(security, 4, other="stays")
    moved = move(security, 1, target)
    assert (moved.state, moved.rows, moved.problem) == (MoveState.DONE, len(NOTES), "")
    assert pin(security, 1) == target
    assert read(security, 1) == NOTES
    assert read(security, 4) == {"other": "stays"}
    assert [key for _, key, _ in raw(places.stores["eu"])] == ["other"]
    assert sorted(key for _, key, _ in raw(places.stores[target])) == sorted(NOTES)
    names = [each.name for each in events(security) if each.name.startswith("workspace_move.")]
    assert names == [f"workspace_move.{step}" for step in ("started", "copied", "switched", "settled", "finished")]
    write(security, 1, **{"note 000": "changed"})
    assert read(security, 1)["note 000"] == "changed"


@pytest.mark.proves("SEED-D2")
def test_the_last_to_leave_a_region_ends_its_keys(places: Places, security: Security) -> None:
    """The organization's data key of the source is destroyed with its last workspace there, not before; a new one begins anew."""
    for n in (1, 4):
        write(security, n, k=f"secret {n}")
    kept = raw(places.stores["eu"])
    move(security, 1, "us")
    assert {each.region for each in data_keys(security) if each.state is DekState.ACTIVE} == {"eu", "us"}
    move(security, 4, "us")
    assert {(each.region, each.state, len(each.wrapped) > 0) for each in data_keys(security)} == {
        ("eu", DekState.DESTROYED, False),
        ("us", DekState.ACTIVE, True),
    }
    smuggle(places, "eu", 4, kept[0][2])
    move(security, 1, "eu")
    write(security, 1, k="again")
    assert read(security, 1) == {"k": "again"}


@pytest.mark.proves("SEED-D2")
def test_while_it_moves_it_is_read_and_not_written(places: Places, security: Security) -> None:
    """From the first step on writes are refused as retryable in every process, and reads go on from the source until the switch."""
    write(security, 1, a="x")
    begun = start(security, 1, "us")
    write(security, 1, b="y")
    other = open_security(places)
    moves = security.regional.moves
    try:
        for state in (MoveState.VERIFYING, MoveState.SWITCHED, MoveState.SHREDDING):
            moves.step(moves._read(begun.id))
            assert moves._read(begun.id).state is state
            assert read(other, 1) == {"a": "x", "b": "y"}
            if state is not MoveState.SHREDDING:
                with pytest.raises(WorkspaceMoving), other.region(workspace_id(1)) as content:
                    content.put("note", "c", b"z")
        write(other, 1, c="z")
        moves.run(begun.id)
        assert read(other, 1) == {"a": "x", "b": "y", "c": "z"}
    finally:
        other.close()


@pytest.mark.parametrize("known", [False, True])
def test_a_write_that_is_under_way_is_copied(places: Places, security: Security, known: bool) -> None:
    """The first step waits for writers, or fails as busy; what a writer has committed is in the copy, its first write and any other."""
    if known:
        write(security, 2, late="w")
    begun = start(security, 2, "eu")
    with security.region(workspace_id(2)) as content:
        content.put("note", "late", b"x")
        with pytest.raises(StoreBusy):
            security.regional.moves.run(begun.id)
    security.regional.moves.run(begun.id)
    assert read(security, 2) == {"late": "x"}
    assert raw(places.stores["us"]) == []


@pytest.mark.proves("SEED-D2")
def test_a_move_is_given_up_before_its_switch_and_not_after(places: Places, security: Security) -> None:
    """Aborted, the source takes writes again and the target has nothing; an old step that comes late changes nothing."""
    write(security, 1, a="x")
    begun = start(security, 1, "us")
    security.regional.moves.step(begun)
    copied = security.regional.moves._read(begun.id)
    with security.begin() as unit:
        aborted = unit.residency.abort(owner(), organization=ORG, workspace=workspace_id(1))
        assert not isinstance(aborted, Refusal)
        assert aborted.state is MoveState.ABORTING
    assert len(raw(places.stores["us"])) == 1
    for late in (begun, copied):
        with pytest.raises((StoreBusy, ResidencyError)):
            security.regional.moves.step(late)
    assert security.regional.moves.run(begun.id).state is MoveState.ABORTED
    with pytest.raises(ResidencyError):
        security.regional.moves.step(begun)
    assert raw(places.stores["us"]) == []
    write(security, 1, b="y")
    assert (pin(security, 1), read(security, 1)) == ("eu", {"a": "x", "b": "y"})
    again = start(security, 1, "us")
    assert again.number == 2
    moves = security.regional.moves
    moves.step(moves._read(again.id))
    moves.step(moves._read(again.id))
    with security.begin() as unit:
        late = unit.residency.abort(owner(), organization=ORG, workspace=workspace_id(1))
    assert isinstance(late, Refusal)
    assert late.reason is Reason.CONFLICT
    moves.run(again.id)
    assert read(security, 1) == {"a": "x", "b": "y"}


@pytest.mark.proves("SEED-D2")
def test_a_copy_that_comes_too_late_writes_nothing(places: Places, security: Security, monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that was about to write its copied rows when the move was given up, and undone, by another one finds the target closed."""
    write(security, 1, a="x")
    begun = start(security, 1, "us")
    resealed = Moves._resealed

    def meanwhile(self: Moves, move: Move, content: Content) -> Content:
        made = resealed(self, move, content)
        with security.begin() as unit:
            unit.residency.abort(owner(), organization=ORG, workspace=workspace_id(1))
        security.regional.moves.run(begun.id)
        return made

    monkeypatch.setattr(Moves, "_resealed", meanwhile)
    with pytest.raises(ResidencyError, match="nothing was written"):
        security.regional.moves.step(begun)
    assert raw(places.stores["us"]) == []
    write(security, 1, b="y")
    assert read(security, 1) == {"a": "x", "b": "y"}


@pytest.mark.proves("SEED-D2")
def test_a_deletion_that_comes_too_late_deletes_nothing(security: Security) -> None:
    """A process that was about to shred the old region, when the workspace has moved back there meanwhile, deletes nothing."""
    write(security, 1, a="x")
    begun = start(security, 1, "us")
    moves = security.regional.moves
    for _ in range(3):
        moves.step(moves._read(begun.id))
    shredding = moves._read(begun.id)
    assert shredding.state is MoveState.SHREDDING
    moves.run(begun.id)
    move(security, 1, "eu")
    with pytest.raises(ResidencyError, match="nothing was deleted"):
        moves.step(shredding)
    assert read(security, 1) == {"a": "x"}


@pytest.mark.proves("SEED-D2")
def test_a_key_that_was_destroyed_elsewhere_seals_nothing_more(places: Places, security: Security) -> None:
    """A process that still holds a data key, which a move has destroyed in another one, does not write what nobody could read again."""
    with ExitStack() as stack:
        other = closing_all(stack, open_security(places))
        for n in (1, 4):
            write(other, n, a="x")
            move(security, n, "us")
        move(security, 1, "eu")
        write(other, 1, b="y")
        write(other, 1, c="z")
        assert read(closing_all(stack, open_security(places)), 1) == {"a": "x", "b": "y", "c": "z"}
        (dead, alive) = [each for each in data_keys(security) if each.region == "eu"]
        assert (dead.state, alive.state) == (DekState.DESTROYED, DekState.ACTIVE)


@pytest.mark.proves("SEED-D2")
@pytest.mark.parametrize("harm", ["lacking", "changed", "more"])
def test_a_copy_that_does_not_say_the_same_is_never_switched_to(places: Places, security: Security, harm: str) -> None:
    """A row that is lost, swapped or added in the target stops the move before the switch, with an event, until it is aborted."""
    write(security, 1, a="x", b="y")
    begun = start(security, 1, "us")
    moves = security.regional.moves
    moves.step(begun)
    sealed = {key: blob for _, key, blob in raw(places.stores["us"])}
    with security.regional.router.stores["us"].begin() as store:
        store.content.remove(workspace_id(1), "note", "a")
    if harm == "changed":
        smuggle(places, "us", 1, sealed["b"], key="a")
    if harm == "more":
        smuggle(places, "us", 1, sealed["a"], key="a")
        smuggle(places, "us", 1, sealed["b"], key="c")
    with pytest.raises((ResidencyError, DecryptionFailed)):
        moves.run(begun.id)
    assert moves.run_due() == 0
    assert moves.run_due() == 0
    assert (pin(security, 1), moves._read(begun.id).state) == ("eu", MoveState.VERIFYING)
    assert moves._read(begun.id).problem in {"residency", "decryption_failed"}
    assert [each.name for each in events(security)].count("workspace_move.failed") == 1
    with security.begin() as unit:
        unit.residency.abort(owner(), organization=ORG, workspace=workspace_id(1))
    assert moves.run_due() == 1
    assert read(security, 1) == {"a": "x", "b": "y"}


def test_who_may_move(security: Security) -> None:
    """It takes the right, a fresh second factor, a workspace of the organization, another region, and no move under way."""
    stale = replace(owner(), credential=replace(owner().credential, factors={}))
    space = workspace_id(1)

    def refused(actor: Principal, workspace: WorkspaceId = space, region: str = "us") -> Reason | None:
        with security.begin() as unit:
            done = unit.residency.start(actor, organization=ORG, workspace=workspace, region=region)
        return done.reason if isinstance(done, Refusal) else None

    assert refused(stale) is Reason.STEP_UP_REQUIRED
    assert refused(replace(owner(), id="usr_00000000000000000000000009")) is Reason.NOT_FOUND
    assert refused(owner(), workspace=workspace_id(9)) is Reason.NOT_FOUND
    assert refused(owner(), region="nowhere") is Reason.INVALID_INPUT
    assert refused(owner(), region="eu") is Reason.CONFLICT
    assert refused(owner()) is None
    assert refused(owner(), region="ap") is Reason.CONFLICT


class HostTable:
    """Rows of a host, by region and workspace."""

    def __init__(self) -> None:
        self.rows: dict[tuple[str, str], list[str]] = {}
        self.loses = False

    def copy(self, workspace: str, *, source: str, target: str) -> int:
        """Copy every row of a workspace."""
        found = list(self.rows.get((source, workspace), []))
        self.rows[target, workspace] = found[1:] if self.loses else found
        return len(found)

    def count(self, workspace: str, *, region: str) -> Tally:
        """Return how many rows there are, and what they say."""
        found = self.rows.get((region, workspace), [])
        return Tally(len(found), "\n".join(found))

    def shred(self, workspace: str, *, region: str) -> int:
        """Delete every row of a workspace."""
        return len(self.rows.pop((region, workspace), []))


def test_the_hosts_rows_move_along(places: Places) -> None:
    """Rows of the host's own are copied, compared and shredded with the workspace; a copy that lacks one is not switched to."""
    table = HostTable()
    table.rows["eu", workspace_id(1)] = ["a", "b"]
    with ExitStack() as stack:
        security = closing_all(stack, open_security(places, tables=(table,)))
        table.loses = True
        begun = start(security, 1, "us")
        with pytest.raises(ResidencyError, match="host's tables"):
            security.regional.moves.run(begun.id)
        assert table.rows["eu", workspace_id(1)] == ["a", "b"]
        table.loses = False
        with security.begin() as unit:
            unit.residency.abort(owner(), organization=ORG, workspace=workspace_id(1))
        security.regional.moves.run(begun.id)
        move(security, 1, "us")
        assert table.rows == {("us", workspace_id(1)): ["a", "b"]}
