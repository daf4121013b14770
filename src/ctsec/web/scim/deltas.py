"""What a PATCH of a group does to its members, read off its operations: it costs what it changes, and not what the group holds.

Rules that this module keeps:

- who comes in, who goes out, and who is left where all are named, is told without looking who is there;
- what can not be told so (a filter on members that is more than an id, an attribute of one member) is left to whoever looks at them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, cast

from scim2_models import PatchOp, ScimFilter
from scim2_models.path.expressions import Comparison, ValuePath

from ctsec.web.scim.finding import members_named

_MEMBERS: Final = "members"


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberChange:
    """What becomes of the members of a group: `add` come in and `drop` go out; or, if it is not None, `whole` are all of them.

    `rest` are the operations that speak of something else.
    """

    add: frozenset[str]
    drop: frozenset[str]
    whole: frozenset[str] | None
    rest: tuple[Any, ...]


class _Told:
    """What the operations said so far."""

    __slots__ = ("add", "drop", "rest", "whole")

    def __init__(self) -> None:
        self.add: set[str] = set()
        self.drop: set[str] = set()
        self.whole: set[str] | None = None
        self.rest: list[Any] = []

    def move(self, kind: str, named: set[str]) -> None:
        """Let some in, or out."""
        if self.whole is not None:
            self.whole = self.whole | named if kind == "add" else self.whole - named
            return
        self.add, self.drop = (self.add | named, self.drop - named) if kind == "add" else (self.add - named, self.drop | named)

    def all(self, named: set[str]) -> None:
        """Have these and no others."""
        self.add, self.drop, self.whole = set[str](), set[str](), named


def member_change(patch: PatchOp[Any]) -> MemberChange | None:
    """Return what a PATCH does to members, and what else it does; None if that depends on who is there."""
    told = _Told()
    for operation in patch.operations or ():
        kind, path, value = str(operation.op), _plain(operation.path), operation.value
        if path == "":
            others, path, value = _parted(value)
            if others or not path:
                told.rest.append(operation.model_copy(update={"value": others}) if path else operation)
            if not path:
                continue
        elif not path.startswith(_MEMBERS):
            told.rest.append(operation)
            continue
        if not _moved(told, kind, path=path, value=value):
            return None
    whole = frozenset(told.whole) if told.whole is not None else None
    return MemberChange(add=frozenset(told.add), drop=frozenset(told.drop), whole=whole, rest=tuple(told.rest))


def _moved(told: _Told, kind: str, *, path: str, value: Any) -> bool:
    """Add an operation on members to what is told; False if it can not be told by ids."""
    if path != _MEMBERS:
        named = _selected(path) if kind == "remove" and value is None else None
    elif value is None:
        named = set[str]() if kind != "add" else None
    else:
        named = _values(value)
    if named is None:
        return False
    if path == _MEMBERS and (kind == "replace" or value is None):
        told.all(named)
    else:
        told.move(kind, named)
    return True


def _plain(path: object) -> str:
    """Return a path without the name of the schema, in small letters where it names attributes."""
    text = str(path or "")
    head, bracket, filtered = text.partition("[")
    return head.rpartition(":")[2].lower() + bracket + filtered


def _parted(value: Any) -> tuple[dict[str, Any], str, Any]:
    """Return what an operation without a path says of other things, and the path `members` with what it says of them, empty if nothing."""
    told: Mapping[str, Any] = cast("Mapping[str, Any]", value) if isinstance(value, Mapping) else {}
    name = next((key for key in told if _plain(key) == _MEMBERS), None)
    if name is None:
        return {}, "", None
    return {key: each for key, each in told.items() if key != name}, _MEMBERS, told[name]


def _values(value: Any) -> set[str] | None:
    """Return the ids in a list of members, None for anything else."""
    every = cast("list[object]", value) if isinstance(value, list) else [value]
    named = [cast("Mapping[str, Any]", each).get("value") if isinstance(each, Mapping) else getattr(each, "value", None) for each in every]
    return {each for each in named if isinstance(each, str)} if all(isinstance(each, str) and each for each in named) else None


def _selected(path: str) -> set[str] | None:
    """Return the id in `members[value eq "…"]`, None for another path."""
    node = ScimFilter(path).ast if path.startswith(f"{_MEMBERS}[") and path.endswith("]") else None
    alone = isinstance(node, ValuePath) and isinstance(node.val_filter, Comparison)
    named = members_named(node) if node is not None and alone else None
    return set(named) if named is not None else None
