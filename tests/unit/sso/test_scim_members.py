"""Members of groups are told, changed and asked for by ids: the same as looking at each of them, which the models of SCIM do."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from typing import Any, Final, TypeAlias

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scim2_models import Context, PatchOp, ScimFilter

from ctsec.web.scim.deltas import member_change
from ctsec.web.scim.finding import members_named, narrowed
from ctsec.web.scim.resources import Group, GroupMember
from ctsec.web.scim.service import service
from ctsec.web.scim.telling import groups_told, member_parts, member_views

RUNS: Final = 2_000 if os.environ.get("CTSEC_SOAK") else 60
# With the policy that requests are read under.
PROVIDER: Final = service(bytes(32)).provider
PATCH: Final = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
CORE: Final = "urn:ietf:params:scim:schemas:core:2.0:Group"
IDS: Final[tuple[str, ...]] = ("scu_1", "scu_2", "scu_3", "scu_4")
ids = st.sampled_from(IDS)
Listed: TypeAlias = list[dict[str, str]]
Operation: TypeAlias = dict[str, Any]


def views(some: Sequence[str]) -> Listed:
    return [{"value": each} for each in some]


def at(op: str, path: str, value: Any) -> Operation:
    return {"op": op, "path": path, "value": value}


def bare(op: str, path: str) -> Operation:
    return {"op": op, "path": path}


def whole(op: str, value: Any) -> Operation:
    return {"op": op, "value": value}


def told_at_once(members: Listed, new: str) -> Operation:
    return {"op": "replace", "value": {"members": members, "displayName": new}}


listed: st.SearchStrategy[Listed] = st.lists(ids, max_size=3).map(views)
path = st.sampled_from(("members", "Members", f"{CORE}:members"))
name = st.sampled_from(("A", "B"))
operations: st.SearchStrategy[Operation] = st.one_of(
    st.builds(at, st.sampled_from(("add", "replace")), path, listed),
    st.builds(at, st.just("remove"), path, listed.filter(bool)),
    st.builds(bare, st.just("remove"), path),
    st.builds(bare, st.just("remove"), ids.map('members[value eq "{}"]'.format)),
    st.builds(bare, st.just("remove"), ids.map('members[value eq "{}" and type eq "User"]'.format)),
    st.builds(told_at_once, listed, name),
    st.builds(whole, st.just("add"), st.fixed_dictionaries({"Members": listed})),
    st.builds(whole, st.just("add"), st.fixed_dictionaries({"externalId": name})),
    st.builds(at, st.just("replace"), st.just("displayName"), name),
)


def group(members: Any) -> Group:
    """Return a group."""
    made = Group(display_name="A", members=[GroupMember.model_validate({"value": each, "type": "User"}) for each in members] or None)
    made.id = "scg_1"
    return made


def held(of: Group) -> set[str]:
    return {each.value for each in of.members or () if each.value}


def patch(told: list[dict[str, Any]]) -> PatchOp[Any]:
    with PROVIDER:
        return PatchOp[Group].model_validate({"schemas": [PATCH], "Operations": told}, scim_ctx=Context.RESOURCE_PATCH_REQUEST)


@settings(max_examples=RUNS, deadline=None)
@given(st.frozensets(ids), st.lists(operations, min_size=1, max_size=5))
def test_a_patch_that_is_told_by_ids_does_what_the_models_do(before: frozenset[str], told: list[dict[str, Any]]) -> None:
    """Whoever is there, the members and the rest come out as a PATCH of the whole resource has them; what can not be told so is left."""
    change = member_change(patch(told))
    selective = any("and" in str(each.get("path")) for each in told)
    assert (change is None) == selective
    if change is None:
        return
    whole, bare = group(sorted(before)), group(())
    with PROVIDER:
        patch(told).patch(whole)
        if change.rest:
            patch(told).model_copy(update={"operations": list(change.rest)}).patch(bare)
    after = (before if change.whole is None else change.whole) | change.add
    assert after - change.drop == held(whole)
    assert (bare.display_name, bare.external_id, held(bare)) == (whole.display_name, whole.external_id, set())


simple = st.one_of(
    ids.map('members.value eq "{}"'.format),
    ids.map('members eq "{}"'.format),
    ids.map('members[value eq "{}"]'.format),
    ids.map('members[type eq "User" and value eq "{}"]'.format),
    ids.map('members.value ne "{}"'.format),
    ids.map('members[value eq "{}" or type eq "User"]'.format),
    st.sampled_from(("members pr", 'displayName eq "A"', "externalId pr", 'members.type eq "User"', 'members[type eq "User"]')),
)


def joined(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    both = [st.builds(each.format, inner, inner) for each in ("({}) and ({})", "({}) or ({})")]
    return st.one_of(*both, inner.map("not ({})".format))


asked = st.recursive(simple, joined, max_leaves=4)


@settings(max_examples=RUNS, deadline=None)
@given(st.frozensets(ids), asked)
def test_a_filter_that_names_members_is_decided_by_those_it_names(members: frozenset[str], text: str) -> None:
    """Whoever else is in a group, the answer is the same; and what a lookup leaves out matches nothing."""
    asks = ScimFilter[Group](text)
    named = members_named(asks.ast)
    expected = asks.match(group(sorted(members)))
    if named is not None:
        assert asks.match(group(sorted(members & named))) == expected
    by = narrowed(asks.ast, users=False)
    if by is not None and by.by == "member":
        assert not expected or by.value in members


ALL: Final = ["value", "$ref", "type"]
NAMED: Final[list[tuple[str, list[str] | None]]] = [
    ('members.value eq "a" and not (members eq "b")', ["a", "b"]),
    ('urn:ietf:params:scim:schemas:core:2.0:Group:Members.Value eq "a"', ["a"]),
    ('members[value eq "a" or type eq "User"]', None),
    ('members.value sw "a"', None),
    ('displayName eq "a" or members pr', None),
    ('displayName eq "a"', []),
]
PARTS: Final[list[tuple[dict[str, str], dict[str, Any] | None, list[str]]]] = [
    ({}, None, ALL),
    ({"attributes": "displayName"}, None, []),
    ({"attributes": "displayName, Members.Value"}, None, ["value"]),
    ({"attributes": f"{CORE}:members"}, None, ALL),
    ({"excludedAttributes": "members"}, None, []),
    ({"excludedAttributes": "members.type,title"}, None, ["value", "$ref"]),
    ({"attributes": "members"}, {"excludedattributes": ["members.$ref"]}, ["value", "type"]),
    ({}, {"attributes": ["members.value", "members.$ref"]}, ["value", "$ref"]),
]


@pytest.mark.parametrize(
    ("text", "users", "groups"),
    [
        ('userName eq "a"', "name", None),
        ('displayName eq "a"', None, "name"),
        ('displayName eq "a" and userName eq "b"', "name", "name"),
        ('displayName eq "a" or userName eq "b"', None, None),
        ('urn:ietf:params:scim:schemas:core:2.0:User:UserName eq "a"', "name", None),
        ('name.displayName eq "a"', None, None),
        ('externalId eq "a"', "external", "external"),
        ('userName sw "a"', None, None),
    ],
)
def test_each_kind_is_looked_up_by_its_own_index(text: str, users: str | None, groups: str | None) -> None:
    """What only the other kind is indexed by has to be looked at, where a bound is kept; it is no lookup that finds a part."""
    found = [narrowed(ScimFilter[Any](text).ast, users=kind) for kind in (True, False)]
    assert [each.by if each is not None else None for each in found] == [users, groups]


@pytest.mark.parametrize(("text", "named"), NAMED)
def test_which_members_a_filter_names(text: str, named: list[str] | None) -> None:
    """Ids that are compared with `eq` decide it; anything else about members has to be looked at."""
    assert members_named(ScimFilter(text).ast) == (frozenset(named) if named is not None else None)


@pytest.mark.parametrize(("query", "body", "parts"), PARTS)
def test_which_parts_of_members_are_told(query: dict[str, str], body: dict[str, Any] | None, parts: list[str]) -> None:
    """What `attributes` names, or all but what `excludedAttributes` names, in the query or in the body of a search."""
    assert member_parts(query, body=json.dumps(body).encode() if body is not None else b"") == frozenset(parts)
    told = member_views(["scu_" + "0" * 26, "scg_" + "0" * 26], parts=frozenset(parts), base_url="/r")
    assert [set(each) for each in told] == [set(parts), set(parts)]
    assert {each["type"] for each in told if "type" in each} == ({"User", "Group"} if "type" in parts else set())


def test_members_are_added_to_groups_alone() -> None:
    """A group, and the groups in a list, are told apart from users, errors, schemas and answers without a body."""
    one, user = {"id": "scg_" + "0" * 26}, {"id": "scu_" + "0" * 26}
    assert groups_told({"Resources": [user, one, {"id": "Group"}, {}]}) == [one]
    assert (groups_told(one), groups_told(user), groups_told({"status": "404"}), groups_told(None)) == ([one], [], [], [])
