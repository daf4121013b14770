"""Every cell of the built-in roles, through every way that needs no store."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ctsec.rbac import Question, check_many
from ctsec.rbac.preset import POLICY
from ctsec.testing.laws.paths import PATHS
from tests.cells import CELLS, ORGANIZATION, PAIRS, PERMISSIONS, wrong
from tests.unit.rbac.reference import HERE, NOW, WORKSPACES, member


def asked(organization_role: str, workspace_role: str, permission: str) -> Question:
    """Return the question of a cell."""
    held = {} if workspace_role == "none" else {"one": workspace_role}
    place: Any = {} if permission in ORGANIZATION else {"workspace": WORKSPACES[0], "workspace_organization": HERE}
    return Question(standing=member(organization_role, **held), permission=permission, **place)


def test_the_table_is_the_designs(design: Path) -> None:
    """The compact table has the 180 cells of the design, with their answers."""
    cells = json.loads((design / "rbac-semantics.json").read_text("utf-8"))
    assert {(each["organization_role"], each["workspace_role"], each["permission"]): each["allow"] for each in cells} == CELLS
    assert len(CELLS) == 180


@pytest.mark.proves("SEED-R1", "SEED-R2")
@pytest.mark.parametrize("path", PATHS.values(), ids=list(PATHS))
def test_every_cell_through(path: Callable[..., bool]) -> None:
    """Law 1: somebody with exactly these two roles gets exactly the answer of the table, on each path."""
    answers = {(*pair, permission): path(POLICY, asked(*pair, permission), NOW) for pair in PAIRS for permission in PERMISSIONS}
    assert wrong(answers) == []


def test_every_cell_in_one_batch() -> None:
    """Law 14: all cells asked in one batch, forwards and backwards, get the answers of the table."""
    cells = list(CELLS)
    for order in (cells, cells[::-1]):
        decisions = check_many(POLICY, [asked(*cell) for cell in order], now=NOW)
        assert wrong({cell: decision.allowed for cell, decision in zip(order, decisions, strict=True)}) == []
