"""Which PATCHes of a group only let members in and out: those cost what they change, and not what the group holds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from scim2_models import PatchOp
from scim2_models.path.expressions import CompareOperator, Comparison


@dataclass(frozen=True, slots=True)
class MemberDelta:
    """Who comes into a group, and who goes out of it."""

    add: frozenset[str]
    drop: frozenset[str]


def member_delta(patch: PatchOp[Any]) -> MemberDelta | None:
    """Return what a PATCH does to members if it does nothing else, and nothing that depends on who is there; None otherwise."""
    add: set[str] = set()
    drop: set[str] = set()
    for operation in patch.operations or ():
        kind, path = str(operation.op), str(operation.path or "")
        named = _values(operation.value) if path.lower() == "members" else _selected(path) if operation.value is None else None
        if not named or kind not in {"add", "remove"} or (kind == "add" and path.lower() != "members"):
            return None
        (add if kind == "add" else drop).update(named)
        (drop if kind == "add" else add).difference_update(named)
    return MemberDelta(frozenset(add), frozenset(drop)) if add or drop else None


def _values(value: Any) -> set[str]:
    """Return the ids in a list of members, none for anything else."""
    every = cast("list[object]", value) if isinstance(value, list) else [value]
    named = [cast("Mapping[str, Any]", each).get("value") if isinstance(each, Mapping) else getattr(each, "value", None) for each in every]
    return {each for each in named if isinstance(each, str)} if all(isinstance(each, str) and each for each in named) else set()


def _selected(path: str) -> set[str]:
    """Return the id in `members[value eq "…"]`, none for another path."""
    from scim2_models import ScimFilter

    if not (path.lower().startswith("members[") and path.endswith("]")):
        return set()
    node = ScimFilter(path[len("members[") : -1]).ast
    simple = isinstance(node, Comparison) and node.op is CompareOperator.eq and str(node.attr_path).lower() == "value"
    return {node.value} if simple and isinstance(node, Comparison) and isinstance(node.value, str) else set()
