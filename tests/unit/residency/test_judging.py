"""What a store says of a workspace, and which step of which move may change it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctsec.errors import ResidencyError, WorkspaceMoving
from ctsec.residency import Move, Residence, ResidenceState
from ctsec.residency.judging import (
    arriving,
    at_home,
    check_arriving,
    check_left,
    check_pin,
    check_read,
    check_store,
    check_write,
    leaving,
    left,
)
from ctsec.residency.record import Tallying, content_context
from ctsec.testing.conformance.regional import move, residence
from ctsec.testing.conformance.samples import org_id, workspace_id

HOME, LEAVING, ARRIVING, LEFT = ResidenceState.HOME, ResidenceState.LEAVING, ResidenceState.ARRIVING, ResidenceState.LEFT
STEPS: tuple[Callable[[Residence | None, Move], Residence], ...] = (leaving, arriving, left, at_home)


def held(state: ResidenceState, epoch: int = 0) -> Residence:
    """Return what the first workspace is in a store."""
    return replace(residence(1), state=state, epoch=epoch)


def test_only_home_is_written_and_what_has_left_is_not_read() -> None:
    """Nobody's and home take writes; leaving and arriving may be tried again; left is neither written nor read."""
    for state in (None, held(HOME)):
        check_write(state, organization=org_id(1))
    for state in (held(LEAVING), held(ARRIVING), held(LEFT)):
        with pytest.raises(WorkspaceMoving):
            check_write(state, organization=org_id(1))
    for state in (None, held(HOME), held(LEAVING), held(ARRIVING)):
        check_read(state, organization=org_id(1))
    with pytest.raises(WorkspaceMoving):
        check_read(held(LEFT), organization=org_id(1))


def test_another_organization_is_refused() -> None:
    """A store that holds the workspace for somebody else is refused, and not as something that passes."""
    for check in (check_read, check_write):
        with pytest.raises(ResidencyError) as caught:
            check(held(HOME), organization=org_id(2))
        assert not caught.value.retryable


@pytest.mark.parametrize(
    ("step", "before", "after"),
    [
        (leaving, None, held(LEAVING, 2)),
        (leaving, held(HOME), held(LEAVING, 2)),
        (leaving, held(HOME, 1), held(LEAVING, 2)),
        (leaving, held(LEAVING, 2), held(LEAVING, 2)),
        (leaving, held(HOME, 2), None),
        (leaving, held(LEFT, 1), None),
        (leaving, held(LEAVING, 1), None),
        (leaving, held(HOME, 3), None),
        (arriving, None, held(ARRIVING, 2)),
        (arriving, held(LEFT, 1), held(ARRIVING, 2)),
        (arriving, held(ARRIVING, 2), held(ARRIVING, 2)),
        (arriving, held(LEFT, 2), None),
        (arriving, held(HOME, 1), None),
        (left, held(ARRIVING, 2), held(LEFT, 2)),
        (left, held(LEAVING, 2), held(LEFT, 2)),
        (left, None, held(LEFT, 2)),
        (left, held(HOME, 3), None),
        (at_home, held(LEAVING, 2), held(HOME, 2)),
        (at_home, None, held(HOME, 2)),
        (at_home, held(LEAVING, 3), None),
    ],
)
def test_each_step(step: Callable[[Residence | None, Move], Residence], before: Residence | None, after: Residence | None) -> None:
    """A step is taken from where it belongs, again as the same, and never after a later one (None: refused)."""
    second = move(1, number_=2)
    if after is None:
        with pytest.raises(ResidencyError):
            step(before, second)
    else:
        assert step(before, second) == after


@given(numbers=st.lists(st.tuples(st.sampled_from(STEPS), st.integers(1, 4)), max_size=30))
def test_an_older_move_never_undoes_a_later_one(numbers: list[tuple[Callable[[Residence | None, Move], Residence], int]]) -> None:
    """Whatever steps of whatever moves come in whatever order, the epoch of a store never falls."""
    now: Residence | None = None
    for step, number in numbers:
        before = now
        try:
            now = step(now, move(1, number_=number))
        except ResidencyError:
            now = before
        assert now is None or before is None or now.epoch >= before.epoch


def test_rows_of_a_move_are_written_while_it_arrives() -> None:
    """Only the very move that is arriving writes into the target."""
    check_arriving(held(ARRIVING, 1), move(1))
    for wrong in (None, held(ARRIVING, 2), held(HOME, 1), held(LEFT, 1)):
        with pytest.raises(ResidencyError):
            check_arriving(wrong, move(1))


def test_rows_are_deleted_where_this_move_has_left() -> None:
    """Only the very move that has left deletes: the workspace may have come back since."""
    check_left(held(LEFT, 1), move(1))
    for wrong in (None, held(LEFT, 2), held(HOME, 1), held(ARRIVING, 2), held(LEAVING, 1)):
        with pytest.raises(ResidencyError):
            check_left(wrong, move(1))


def test_a_store_and_a_pin_are_compared() -> None:
    """A store has exactly the names that the configuration gives it, a workspace the region that is asked for."""
    check_store({"region": "eu", "store": "eu-two", "more": "x"}, region="eu", store="eu-two")
    for wrong in ({}, {"region": "eu"}, {"region": "eu", "store": "eu"}, {"region": "us", "store": "eu-two"}):
        with pytest.raises(ResidencyError, match="expected the store eu-two of region eu"):
            check_store(wrong, region="eu", store="eu-two")
    check_pin(workspace_id(1), pin="eu", wanted=None)
    check_pin(workspace_id(1), pin="eu", wanted="eu")
    with pytest.raises(ResidencyError):
        check_pin(workspace_id(1), pin="eu", wanted="us")


@given(one=st.lists(st.lists(st.binary(max_size=3), max_size=3), max_size=4), two=st.lists(st.lists(st.binary(max_size=3), max_size=3)))
def test_two_contents_do_not_share_a_digest(one: list[list[bytes]], two: list[list[bytes]]) -> None:
    """Rows and their parts are told apart: equal tallies are equal rows."""
    tallies = []
    for rows in (one, two):
        counted = Tallying()
        for row in rows:
            counted.add(*row)
        tallies.append(counted.tally)
    assert (tallies[0] == tallies[1]) == (one == two)


def test_a_context_has_region_workspace_kind_and_key() -> None:
    """Each of them changes what content is bound to."""
    base = {"organization": org_id(1), "workspace": workspace_id(1), "kind": "a", "key": "b"}
    others = [{**base, "organization": org_id(2)}, {**base, "workspace": workspace_id(2)}, {**base, "kind": "b"}, {**base, "key": "a"}]
    made = [content_context("eu", **each) for each in (base, *others)] + [content_context("us", **base)]  # type: ignore[arg-type]
    assert len({each.encoded for each in made}) == 6
