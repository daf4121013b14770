"""Many questions at once are answered as one by one, whoever is asked about and wherever."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctsec.errors import UnknownPermission
from ctsec.rbac import MethodTable, Question, check_many
from ctsec.rbac.preset import POLICY, Permission
from ctsec.rbac.question import decide
from tests.unit.rbac.exhaustive import questions, tables
from tests.unit.rbac.reference import ANN, DAYS, HERE, NOW, PRESETS, THERE, WORKSPACES, member, policies, reference, standings

any_policy = st.one_of(st.sampled_from(PRESETS), policies())
RUN = Permission.AGENTS_RUN
ONE: dict[str, Any] = {"workspace": WORKSPACES[0], "workspace_organization": HERE}


@given(policy=any_policy, data=st.data(), now=st.sampled_from(DAYS))
def test_a_batch_is_a_map(policy: Any, data: Any, now: Any) -> None:
    """Law: the answers are those of asking one by one, in order, with duplicates, keys, tables and standings of two organizations mixed."""
    table = data.draw(tables(policy))
    asked = data.draw(st.lists(questions(policy), max_size=6))
    asked += [replace(each, standing=data.draw(standings(organization=THERE))) for each in asked]
    asked = data.draw(st.permutations(asked + asked[:2])) if asked else []
    assert check_many(policy, asked, now=now, table=table) == tuple(decide(policy, each, now=now, table=table) for each in asked)


@given(policy=any_policy, data=st.data(), now=st.sampled_from(DAYS))
def test_a_batch_is_what_the_naive_evaluator_says(policy: Any, data: Any, now: Any) -> None:
    """Without keys and tables each answer is that of the reference evaluator."""
    asked = data.draw(st.lists(questions(policy, key=False), max_size=6))
    expected = [
        reference(
            policy,
            each.standing,
            each.permission,
            now=now,
            workspace=each.workspace,
            workspace_organization=each.workspace_organization,
        )
        for each in asked
    ]
    assert [answer.allowed for answer in check_many(policy, asked, now=now)] == expected


@pytest.mark.parametrize(
    ("narrowed", "reason"),
    [
        ({"scopes": frozenset()}, "outside_key_scope"),
        ({"scopes": frozenset({RUN})}, "allowed_by_organization_role"),
        ({"workspaces": frozenset()}, "outside_key_workspaces"),
        ({"workspaces": frozenset({WORKSPACES[0]})}, "allowed_by_organization_role"),
        ({"scopes": frozenset(), "workspaces": frozenset()}, "outside_key_workspaces"),
        ({"methods": frozenset()}, "allowed_by_organization_role"),
    ],
)
def test_what_narrows_a_key_narrows_it_in_a_batch(narrowed: Any, reason: Any) -> None:
    """Scopes and workspaces of a key count for their own question and for no other; how the caller authenticated counts with a table."""
    plain = Question(standing=member("owner"), permission=RUN, **ONE)
    reasons = [each.reason for each in check_many(POLICY, [plain, replace(plain, **narrowed), plain], now=NOW)]
    assert reasons == ["allowed_by_organization_role", reason, "allowed_by_organization_role"]
    closed = check_many(POLICY, [plain, replace(plain, **narrowed)], now=NOW, table=MethodTable(index=POLICY.index))
    assert [each.allowed for each in closed] == [False, False]


def test_persons_of_the_same_id_in_two_organizations_are_two_standings() -> None:
    """Nothing is joined by a key: one person, one workspace id, two organizations, and each answer is of its own."""
    here, there = member("member", one="editor"), member("member", organization=THERE, one="viewer")
    assert here.user == there.user == ANN
    other: dict[str, Any] = {**ONE, "workspace_organization": THERE}
    asked = [Question(standing=who, permission=RUN, **place) for who in (here, there) for place in (ONE, other)]
    reasons = [answer.reason for answer in check_many(POLICY, asked * 2, now=NOW)]
    assert reasons == ["allowed_by_workspace_role", "foreign_organization", "foreign_organization", "role_lacks_permission"] * 2


@pytest.mark.parametrize("table", [None, MethodTable.keys_unrestricted(POLICY.index)])
@pytest.mark.parametrize("narrowed", [{}, {"workspaces": frozenset()}, {"scopes": frozenset()}, {"scopes": frozenset({"agents:dance"})}])
@pytest.mark.parametrize("standing", [None, member("owner"), member("gone")])
def test_an_unknown_permission_raises_for_the_whole_batch(table: Any, narrowed: Any, standing: Any) -> None:
    """A name outside of the policy raises, wherever it stands and whatever else would have denied it, a key's workspaces included."""
    good = Question(standing=member("owner"), permission=RUN, **ONE)
    bad = Question(standing=standing, permission="agents:dance", **ONE, **narrowed)
    for asked in ([bad], [good, bad], [bad, good]):
        with pytest.raises(UnknownPermission, match="agents:dance"):
            check_many(POLICY, asked, now=NOW, table=table)
    with pytest.raises(UnknownPermission):
        decide(POLICY, bad, now=NOW, table=table)


def test_an_empty_batch_is_answered_by_nothing() -> None:
    """No questions, no answers, and a generator is a batch like a list."""
    assert check_many(POLICY, (), now=NOW) == ()
    assert len(check_many(POLICY, (Question(standing=None, permission=RUN) for _ in range(3)), now=NOW)) == 3
