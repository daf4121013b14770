"""Members of groups are told, changed and asked for by ids: the same as looking at each of them, which the models of SCIM do."""

from __future__ import annotations

import json
import os
from typing import Any, Final

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
IDS: Final = ("scu_1", "scu_2", "scu_3", "scu_4")
ids = st.sampled_from(IDS)
listed = st.lists(ids, max_size=3).map(lambda some: [{"value": each} for each in some])
path = st.sampled_from(("members", "Members", f"{CORE}:members"))
name = st.sampled_from(("A", "B"))
operations = st.one_of(
    st.builds(lambda where, some: {"op": "add", "path": where, "value": some}, path, listed),
    st.builds(lambda where, some: {"op": "replace", "path": where, "value": some}, path, listed),
    st.builds(lambda where, some: {"op": "remove", "path": where, "value": some}, path, listed.filter(bool)),
    st.builds(lambda where: {"op": "remove", "path": where}, path),
    st.builds(lambda each: {"op": "remove", "path": f'members[value eq "{each}"]'}, ids),
    st.builds(lambda each: {"op": "remove", "path": f'members[value eq "{each}" and type eq "User"]'}, ids),
    st.builds(lambda some, new: {"op": "replace", "value": {"members": some, "displayName": new}}, listed, name),
    st.builds(lambda some: {"op": "add", "value": {"Members": some}}, listed),
    st.builds(lambda new: {"op": "replace", "path": "displayName", "value": new}, name),
    st.builds(lambda new: {"op": "add", "value": {"externalId": new}}, name),
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
asked = st.recursive(
    simple,
    lambda inner: st.one_of(
        st.builds("({}) and ({})".format, inner, inner), st.builds("({}) or ({})".format, inner, inner), inner.map("not ({})".format)
    ),
    max_leaves=4,
)


@settings(max_examples=RUNS, deadline=None)
@given(st.frozensets(ids), asked)
def test_a_filter_that_names_members_is_decided_by_those_it_names(members: frozenset[str], text: str) -> None:
    """Whoever else is in a group, the answer is the same; and what a lookup leaves out matches nothing."""
    asks = ScimFilter[Group](text)
    named = members_named(asks.ast)
    expected = asks.match(group(sorted(members)))
    if named is not None:
        assert asks.match(group(sorted(members & named))) == expected
    by = narrowed(asks.ast)
    if by is not None and by.by == "member":
        assert not expected or by.value in members


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ('members.value eq "a" and not (members eq "b")', {"a", "b"}),
        ('urn:ietf:params:scim:schemas:core:2.0:Group:Members.Value eq "a"', {"a"}),
        ('members[value eq "a" or type eq "User"]', None),
        ('members.value sw "a"', None),
        ('displayName eq "a" or members pr', None),
        ('displayName eq "a"', set()),
    ],
)
def test_which_members_a_filter_names(text: str, named: set[str] | None) -> None:
    """Ids that are compared with `eq` decide it; anything else about members has to be looked at."""
    assert members_named(ScimFilter(text).ast) == named


@pytest.mark.parametrize(
    ("query", "body", "parts"),
    [
        ({}, None, {"value", "$ref", "type"}),
        ({"attributes": "displayName"}, None, set()),
        ({"attributes": "displayName, Members.Value"}, None, {"value"}),
        ({"attributes": f"{CORE}:members"}, None, {"value", "$ref", "type"}),
        ({"excludedAttributes": "members"}, None, set()),
        ({"excludedAttributes": "members.type,title"}, None, {"value", "$ref"}),
        ({"attributes": "members"}, {"excludedattributes": ["members.$ref"]}, {"value", "type"}),
        ({}, {"attributes": ["members.value", "members.$ref"]}, {"value", "$ref"}),
    ],
)
def test_which_parts_of_members_are_told(query: dict[str, str], body: dict[str, Any] | None, parts: set[str]) -> None:
    """What `attributes` names, or all but what `excludedAttributes` names, in the query or in the body of a search."""
    assert member_parts(query, body=json.dumps(body).encode() if body is not None else b"") == parts
    told = member_views(["scu_" + "0" * 26, "scg_" + "0" * 26], parts=frozenset(parts), base_url="/r")
    assert [set(each) for each in told] == [parts, parts]
    assert {each["type"] for each in told if "type" in each} == ({"User", "Group"} if "type" in parts else set())


def test_members_are_added_to_groups_alone() -> None:
    """A group, and the groups in a list, are told apart from users, errors, schemas and answers without a body."""
    one, user = {"id": "scg_" + "0" * 26}, {"id": "scu_" + "0" * 26}
    assert groups_told({"Resources": [user, one, {"id": "Group"}, {}]}) == [one]
    assert (groups_told(one), groups_told(user), groups_told({"status": "404"}), groups_told(None)) == ([one], [], [], [])
