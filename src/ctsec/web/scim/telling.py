"""Which members of a group an answer tells: `attributes` and `excludedAttributes` (RFC 7644, 3.9), judged without a model for each of them.

Rules that this module keeps:

- what is asked for is told and nothing else; members of what asks for nothing are told whole.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any, Final, cast

from ctsec.ids import ScimGroupId, ScimUserId, is_id

# The sub-attributes of a member, in small letters as they are compared, and as they are sent.
_PARTS: Final = {"value": "value", "$ref": "$ref", "type": "type"}
_MEMBERS: Final = "members"


def member_parts(query: Mapping[str, str], *, body: bytes) -> frozenset[str]:
    """Return the sub-attributes of members that a request asks for, none if it leaves members out; `body` is one of a search."""
    wanted, excluded = (_names(query.get(name)) for name in ("attributes", "excludedAttributes"))
    if body:
        told: object = json.loads(body)
        sent = {key.lower(): value for key, value in cast("dict[str, Any]", told).items()} if isinstance(told, dict) else {}
        wanted, excluded = (_names(sent.get(name)) for name in ("attributes", "excludedattributes"))
    whole = frozenset(_PARTS)
    if wanted:
        return whole if _MEMBERS in wanted else whole & _parts_of(wanted)
    return frozenset() if _MEMBERS in excluded else whole - _parts_of(excluded)


def groups_told(body: Mapping[str, Any] | None) -> list[dict[str, Any]]:
    """Return the groups in the body of an answer: one, those of a list, or none."""
    every = (body or {}).get("Resources", [body] if body else [])
    return [each for each in every if isinstance(each.get("id"), str) and is_id(ScimGroupId, each["id"])]


def member_views(members: Iterable[str], *, parts: frozenset[str], base_url: str) -> list[dict[str, str]]:
    """Return members as they are sent."""
    kept = [sent for part, sent in _PARTS.items() if part in parts]
    return [{name: view[name] for name in kept} for view in (_view(each, base_url) for each in members)]


def _view(member: str, base_url: str) -> dict[str, str]:
    kind = "User" if is_id(ScimUserId, member) else "Group"
    return {"value": member, "$ref": f"{base_url}/{kind}s/{member}", "type": kind}


def _parts_of(names: frozenset[str]) -> frozenset[str]:
    return frozenset(each.partition(".")[2] for each in names if each.startswith(f"{_MEMBERS}."))


def _names(told: object) -> frozenset[str]:
    """Return the names of attributes in small letters, without those of schemas."""
    every = told.split(",") if isinstance(told, str) else cast("list[object]", told) if isinstance(told, list) else []
    return frozenset(str(each).strip().rpartition(":")[2].lower() for each in every) - {""}
