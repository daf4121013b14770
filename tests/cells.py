"""The 180 cells of the built-in roles, compactly, and how a path's answers are compared with them.

A line is a pair of roles and nine letters, in the order of `PERMISSIONS`: `Y` allows. The design's own table has the
same cells; a test compares the two. A new path is one more test that calls `wrong` with its answers.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, TypeAlias

WORKSPACE: Final = (
    "dashboards:view", "agents:run", "recommendations:create", "operations:approve", "connections:manage", "workspace_members:manage",
)  # fmt: skip
ORGANIZATION: Final = ("members:manage", "organization:manage", "billing:manage")
PERMISSIONS: Final = (*WORKSPACE, *ORGANIZATION)
_LINES: Final = """
owner  admin    YYYYYYYYY
owner  editor   YYYYYYYYY
owner  operator YYYYYYYYY
owner  viewer   YYYYYYYYY
owner  none     YYYYYYYYY
admin  admin    YYYYYYYY-
admin  editor   YYYYYYYY-
admin  operator YYYYYYYY-
admin  viewer   YYYYYYYY-
admin  none     YYYYYYYY-
member admin    YYYYYY---
member editor   YYYYY----
member operator YY-------
member viewer   Y--------
member none     ---------
viewer admin    Y--------
viewer editor   Y--------
viewer operator Y--------
viewer viewer   Y--------
viewer none     ---------
"""
Pair: TypeAlias = tuple[str, str]
Answers: TypeAlias = Mapping[tuple[str, str, str], bool]
PAIRS: Final[tuple[Pair, ...]] = tuple((line.split()[0], line.split()[1]) for line in _LINES.split("\n") if line)
CELLS: Final[Answers] = {
    (line.split()[0], line.split()[1], permission): letter == "Y"
    for line in _LINES.split("\n")
    if line
    for permission, letter in zip(PERMISSIONS, line.split()[2], strict=True)
}


def wrong(answers: Answers) -> list[tuple[str, str, str]]:
    """Return the cells that a path answers otherwise, or not at all."""
    return sorted(cell for cell in CELLS.keys() | answers.keys() if answers.get(cell) is not CELLS.get(cell, not answers.get(cell)))
