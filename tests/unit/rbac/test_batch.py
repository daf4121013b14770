"""A batch is its questions one by one."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ctsec.errors import UnknownPermission
from ctsec.ids import UserId, WorkspaceId
from ctsec.rbac import MethodTable, Question, check_many
from ctsec.rbac.preset import POLICY
from ctsec.rbac.question import decide
from ctsec.rbac.standing import Assignment, Elevation, Standing
from tests.unit.rbac.exhaustive import questions, tables
from tests.unit.rbac.reference import DAYS, HERE, NOW, PRESETS, THERE, WORKSPACES, member, policies

DAY = timedelta(days=1)
ANY_POLICY = st.one_of(st.sampled_from(PRESETS), policies())


@pytest.mark.proves("CVE-2026-34972")
@given(ANY_POLICY, st.data(), st.sampled_from(DAYS))
def test_a_batch_equals_its_map(policy: Any, data: Any, now: Any) -> None:
    """Law 14: the answers are those of asking one by one, in the order of the questions, duplicates and both organizations included."""
    table = data.draw(tables(policy))
    asked = data.draw(st.lists(questions(policy), max_size=6))
    mixed = [*asked, *(replace(each, workspace_organization=home) for each in asked for home in (HERE, THERE) if each.workspace), *asked]
    one_by_one = tuple(decide(policy, each, now=now, table=table) for each in mixed)
    assert check_many(policy, mixed, now=now, table=table) == one_by_one
    assert check_many(policy, reversed(mixed), now=now, table=table) == one_by_one[::-1]


# Ids that are one another's lists when they are written out and joined, and lists of them that then look the same.
CUTS = tuple(WorkspaceId(each) for each in ("a", "b", "a,b"))
LISTS = (None, frozenset(CUTS[:2]), frozenset(CUTS[2:]), frozenset(CUTS[:1]), frozenset[WorkspaceId]())
ROLES = st.sampled_from(("editor", "viewer"))
RAISED = st.builds(Elevation, role=ROLES, workspace=st.sampled_from(CUTS), starts_at=st.just(NOW), expires_at=st.just(NOW + DAY))
PEOPLE = st.builds(
    Standing,
    user=st.just(UserId("usr_one")),
    organization=st.just(HERE),
    role=st.sampled_from(("owner", "member", "viewer")),
    workspaces=st.dictionaries(st.sampled_from(CUTS), ROLES.map(Assignment), max_size=2),
    elevations=st.lists(RAISED, max_size=2).map(tuple),
)


@pytest.mark.proves("CVE-2026-34972", "CVE-2026-46668")
@settings(max_examples=100, deadline=None)
@given(people=st.lists(PEOPLE, min_size=2, max_size=3), random=st.randoms())
def test_no_list_is_taken_for_another(people: Any, random: Any) -> None:
    """Law 14: whatever lists a question holds, and holds inside of them, its answer is that of a policy that was never asked before."""
    place: Any = {"workspace_organization": HERE, "permission": "agents:run"}
    asked = [Question(standing=p, workspace=w, workspaces=only, **place) for p in people for w in CUTS for only in LISTS]
    random.shuffle(asked)
    assert list(check_many(POLICY, asked, now=NOW)) == [decide(replace(POLICY), each, now=NOW) for each in asked]


@given(ANY_POLICY, st.data(), st.sampled_from(DAYS))
def test_a_question_is_a_check_of_an_access(policy: Any, data: Any, now: Any) -> None:
    """Law 3: what is decided on a question without a table is what the resolved access answers, bit and reason."""
    asked = data.draw(questions(policy))
    access = policy.access(
        asked.standing,
        now=now,
        workspace=asked.workspace,
        workspace_organization=asked.workspace_organization,
        scopes=asked.scopes,
        workspaces=asked.workspaces,
    )
    assert decide(policy, asked, now=now) == access.check(asked.permission)


@pytest.mark.parametrize(
    ("narrowed", "reason"),
    [
        ({"scopes": frozenset()}, "outside_key_scope"),
        ({"scopes": frozenset({"agents:run"})}, "allowed_by_organization_role"),
        ({"workspaces": frozenset()}, "outside_key_workspaces"),
        ({"workspaces": frozenset({WORKSPACES[0]})}, "allowed_by_organization_role"),
        ({"scopes": frozenset(), "workspaces": frozenset()}, "outside_key_workspaces"),
        ({"methods": frozenset()}, "allowed_by_organization_role"),
    ],
)
def test_what_narrows_a_key_narrows_its_own_question(narrowed: Any, reason: Any) -> None:
    """Scopes and workspaces of a key count for their own question and for no other; an unknown way of authenticating fails a table."""
    plain = Question(standing=member("owner"), permission="agents:run", workspace=WORKSPACES[0], workspace_organization=HERE)
    reasons = [each.reason for each in check_many(POLICY, [plain, replace(plain, **narrowed), plain], now=NOW)]
    assert reasons == ["allowed_by_organization_role", reason, "allowed_by_organization_role"]
    closed = check_many(POLICY, [plain, replace(plain, **narrowed)], now=NOW, table=MethodTable(index=POLICY.index))
    assert [each.allowed for each in closed] == [False, False]


@pytest.mark.parametrize(
    "narrowed", [{}, {"scopes": frozenset({"agents:dance"})}, {"workspaces": frozenset()}, {"workspaces": frozenset(WORKSPACES)}]
)
def test_no_partial_answer_is_taken_for_a_whole_one(narrowed: Any) -> None:
    """A permission of no name raises for the whole batch, in every place and through every kind of key."""
    fine = Question(standing=member("owner"), permission="agents:run", workspace=WORKSPACES[0], workspace_organization=HERE)
    wrong = Question(standing=member("owner"), permission="agents:dance", workspace=WORKSPACES[0], workspace_organization=HERE, **narrowed)
    for batch in ([wrong, fine], [fine, wrong], [fine, replace(wrong, standing=None)]):
        with pytest.raises(UnknownPermission):
            check_many(POLICY, batch, now=NOW)
