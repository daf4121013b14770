"""cedarpy: policies and entities parsed once into handles; people are members of the groups that workspaces and organizations name."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from benchmarks.engines import workload
from benchmarks.engines.contract import CanNotError, Prepared
from benchmarks.engines.workload import Question, Size

_PIECE = 100


def policies() -> str:
    """Return nine policies: one for each role and level that holds something, and one that forbids what is above the ceiling."""

    def among(permissions: frozenset[str]) -> str:
        return "[" + ", ".join(f'Action::"{name}"' for name in sorted(permissions)) + "]"

    lines = []
    for name, role in workload.ORGANIZATION_ROLES.items():
        if role.organization:
            lines.append(
                f"permit(principal, action in {among(role.organization)}, resource is Org) when {{ principal in resource.{name} }};"
            )
        if role.base:
            lines.append(f"permit(principal, action in {among(role.base)}, resource is Ws) when {{ principal in resource.org.{name} }};")
        if above := workload.EVERYTHING - role.ceiling:
            lines.append(f"forbid(principal, action in {among(above)}, resource is Ws) when {{ principal in resource.org.{name} }};")
    for name, mask in workload.WORKSPACE_ROLES.items():
        lines.append(f"permit(principal, action in {among(mask)}, resource is Ws) when {{ principal in resource.{name} }};")
    return "\n".join(lines)


def _uid(kind: str, name: str) -> dict[str, str]:
    return {"type": kind, "id": name}


def _place(kind: str, name: str, roles: Sequence[str], **more: object) -> dict[str, object]:
    groups = {role: {"__entity": _uid("Group", f"{name}/{role}")} for role in roles}
    return {"uid": _uid(kind, name), "attrs": {**groups, **more}, "parents": []}


def entities(size: Size) -> Iterator[str]:
    """Yield every entity as JSON text: places with their groups, and people with the groups that they are in."""
    organization_roles, workspace_roles = tuple(workload.ORGANIZATION_ROLES), tuple(workload.WORKSPACE_ROLES)
    for number in range(size.organizations):
        home, places = workload.organization_id(number), workload.workspaces(size, number)
        made = [_place("Org", home, organization_roles)]
        made += [_place("Ws", place, workspace_roles, org={"__entity": _uid("Org", home)}) for place in places]
        for place, roles in ((home, organization_roles), *((place, workspace_roles) for place in places)):
            made += [{"uid": _uid("Group", f"{place}/{role}"), "attrs": {}, "parents": []} for role in roles]
        for user, (role, held) in workload.people(size, number):
            groups = [f"{home}/{role}", *(f"{place}/{each}" for place, each in zip(places, held, strict=True))]
            made.append({"uid": _uid("User", user), "attrs": {}, "parents": [_uid("Group", group) for group in groups]})
        yield from map(json.dumps, made)


def _request(question: Question) -> dict[str, Any]:
    kind, place = ("Org", question.organization) if question.workspace is None else ("Ws", question.workspace)
    # As dicts: texts in Cedar's syntax would be parsed for each call.
    return {
        "principal": _uid("User", question.user),
        "action": _uid("Action", question.permission),
        "resource": _uid(kind, place),
        "context": {},
    }


class Cedar:
    """See `benchmarks.engines.contract.Engine`."""

    roles_are_kept_in = "the engine"

    def __init__(self) -> None:
        self._policies: Any = None
        self._entities: Any = None
        self._size = workload.SIZES["S"]
        self._given = 0
        self._cedar: Any = None

    def load(self, size: Size) -> None:
        import cedarpy

        self._cedar = cedarpy
        self._size = size
        self._policies = cedarpy.PolicySet.from_str(policies())
        self._entities = cedarpy.Entities.from_json_str("[" + ",".join(entities(size)) + "]")

    def prepared(self, question: Question) -> Prepared:
        names = {
            "ask": self._cedar.is_authorized,
            "make": _request,
            "question": question,
            "policies": self._policies,
            "entities": self._entities,
        }
        return Prepared("ask(make(question), policies, entities).allowed", names)

    def batch(self, asked: Sequence[Question]) -> Iterator[Sequence[object]]:
        for start in range(0, len(asked), _PIECE):
            requests = [_request(question) for question in asked[start : start + _PIECE]]
            found = self._cedar.is_authorized_batch(requests, self._policies, self._entities)
            yield [each.allowed for each in found]

    def assign(self, question: Question, role: str) -> None:
        # A handle can only gain entities of new names, so the role is given by one that nobody had: half of what a host needs.
        self._given += 1
        group = _uid("Group", f"{question.workspace}/{role}")
        delta = json.dumps([{"uid": _uid("User", f"{question.user}/{self._given}"), "attrs": {}, "parents": [group]}])
        self._entities.with_added_json_str(delta)

    def revoke(self, question: Question, role: str) -> None:  # noqa: ARG002
        raise CanNotError("a handle gains entities and loses none")

    def workspaces(self, question: Question) -> list[str]:
        places = workload.workspaces(self._size, int(question.organization[4:]))
        requests = [_request(question._replace(workspace=place)) for place in places]
        found = self._cedar.is_authorized_batch(requests, self._policies, self._entities)
        return [place for place, each in zip(places, found, strict=True) if each.allowed]
