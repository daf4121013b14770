"""The laws of the evaluator, and what a policy refuses to be built from."""

import itertools
import subprocess
import sys
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import ctsec
from ctsec.errors import UnknownPermission
from ctsec.ids import OrganizationId, WorkspaceId
from ctsec.rbac import Assignment, Decision, DecisionReason, MembershipStatus, OrganizationRole, PermissionIndex, Policy, WorkspaceRole
from ctsec.rbac.decision import DECISIONS
from ctsec.rbac.preset import POLICY
from tests.unit.rbac.reference import DAYS, HERE, NOW, PLACES, PRESETS, THERE, WORKSPACES, member, policies, reference, standings

ONE: dict[str, Any] = {"workspace": WORKSPACES[0], "workspace_organization": HERE}
any_policy = st.one_of(st.sampled_from(PRESETS), policies())
moments = st.sampled_from([*DAYS, *(day + timedelta(microseconds=delta) for day in DAYS for delta in (-1, 1))])


def subset(low: int, high: int) -> bool:
    return not low & ~high


@pytest.mark.proves("CVE-2026-48794")
@given(policy=any_policy, standing=st.one_of(st.none(), standings()), now=moments, place=st.sampled_from(PLACES))
def test_every_path_equals_the_reference(policy: Any, standing: Any, now: Any, place: Any) -> None:
    """Law 3: effective, check and Access give the bit of the naive evaluator for every permission of any state, at any instant."""
    access = policy.access(standing, now=now, **place)
    expected = [reference(policy, standing, name, now=now, **place) for name in policy.permissions]
    assert [policy.check(standing, name, now=now, **place).allowed for name in policy.permissions] == expected
    assert [access.can(name) for name in policy.permissions] == expected
    assert [access.check(name).allowed for name in policy.permissions] == expected
    assert policy.effective(standing, now=now, **place) == access.mask == sum(1 << i for i, yes in enumerate(expected) if yes)
    assert access.permissions == tuple(name for name, yes in zip(policy.permissions, expected, strict=True) if yes)


@pytest.mark.proves("ASVS-8.2.1")
@given(policy=any_policy, standing=standings(), now=moments, place=st.sampled_from(PLACES))
def test_nothing_without_a_membership_in_force(policy: Any, standing: Any, now: Any, place: Any) -> None:
    """Law 2: suspended, removed, not begun, expired or of no known role gives nothing, whatever workspace roles are left over."""
    cases = {
        replace(standing, status=MembershipStatus.SUSPENDED): DecisionReason.MEMBERSHIP_SUSPENDED,
        replace(standing, status=MembershipStatus.REMOVED): DecisionReason.NOT_A_MEMBER,
        None: DecisionReason.NOT_A_MEMBER,
    }
    active = replace(standing, status=MembershipStatus.ACTIVE)
    cases[replace(active, starts_at=None, expires_at=now)] = DecisionReason.EXPIRED
    cases[replace(active, starts_at=now + timedelta(microseconds=1), expires_at=None)] = DecisionReason.NOT_IN_FORCE
    cases[replace(active, starts_at=None, expires_at=None, role="nobody")] = DecisionReason.UNKNOWN_ROLE
    for case, reason in cases.items():
        assert policy.effective(case, now=now, **place) == 0
        assert {policy.check(case, name, now=now, **place).reason for name in policy.permissions} == {reason}


@pytest.mark.proves("ASVS-8.2.1")
@given(policy=any_policy, standing=st.one_of(st.none(), standings()), name=st.text(max_size=60), place=st.sampled_from(PLACES))
def test_an_unknown_permission_raises_whatever_the_state(policy: Any, standing: Any, name: Any, place: Any) -> None:
    """Law 2: a permission outside of the policy is a mistake in the code: it raises for members and strangers alike, and allows nobody."""
    access = policy.access(standing, now=NOW, **place)
    ways = (lambda: policy.check(standing, name, now=NOW, **place), lambda: access.can(name), lambda: access.check(name))
    for ask in ways:
        with pytest.raises(UnknownPermission):
            ask()


def test_a_long_unknown_permission_is_cut_in_the_message() -> None:
    """A permission of 1 MiB does not end up in logs."""
    with pytest.raises(UnknownPermission) as caught:
        POLICY.check(None, "x" * 1_048_576, now=NOW)
    assert len(str(caught.value)) < 120


@given(policy=st.sampled_from(PRESETS), standing=standings(roles=("viewer",)), now=moments, place=st.sampled_from(PLACES))
def test_a_higher_organization_role_never_takes_away(policy: Any, standing: Any, now: Any, place: Any) -> None:
    """Law 4: along viewer, member, admin, owner the rights grow, for every workspace role and in every place."""
    chain = [policy.effective(replace(standing, role=role), now=now, **place) for role in ("viewer", "member", "admin", "owner")]
    assert all(subset(low, high) for low, high in itertools.pairwise(chain))


@given(policy=st.sampled_from(PRESETS), role=st.sampled_from(["viewer", "member", "admin", "owner"]))
def test_a_higher_workspace_role_never_takes_away(policy: Any, role: Any) -> None:
    """Law 5: along none, viewer, operator, editor, admin the rights grow, for every organization role."""
    people = [member(role), *(member(role, one=each) for each in ("viewer", "operator", "editor", "admin"))]
    chain = [policy.effective(person, now=NOW, **ONE) for person in people]
    assert all(subset(low, high) for low, high in itertools.pairwise(chain))


@given(
    policy=any_policy,
    standing=standings(),
    grant=st.sampled_from(["viewer", "editor", "admin"]),
    place=st.sampled_from(PLACES),
    data=st.data(),
)
def test_grants_only_add_and_restrictions_only_remove(policy: Any, standing: Any, grant: Any, place: Any, data: Any) -> None:
    """Law 6: a role where there was none only adds; a key's scopes, its workspaces and a lower ceiling only remove."""
    bare = replace(standing, workspaces={w: a for w, a in standing.workspaces.items() if w != WORKSPACES[0]})
    granted = replace(bare, workspaces={**bare.workspaces, WORKSPACES[0]: Assignment(grant)})
    assert subset(policy.effective(bare, now=NOW, **place), policy.effective(granted, now=NOW, **place))
    full = policy.effective(standing, now=NOW, **place)
    scopes = data.draw(st.frozensets(st.sampled_from(policy.permissions)))
    pinned = data.draw(st.frozensets(st.sampled_from(WORKSPACES)))
    assert policy.access(standing, now=NOW, scopes=scopes, **place).mask == full & policy.index.mask(scopes)
    assert policy.access(standing, now=NOW, workspaces=pinned, **place).mask == (full if place.get("workspace") in pinned else 0)
    cut = data.draw(st.integers(0, policy.index.everything))
    lowered = replace(policy, organization_roles=tuple(replace(role, ceiling=role.ceiling & cut) for role in policy.organization_roles))
    assert subset(lowered.effective(standing, now=NOW, **place), full)


@pytest.mark.proves("ASVS-8.2.2")
@given(
    policy=any_policy,
    standing=standings(),
    now=moments,
    claimed=st.sampled_from([THERE, None, OrganizationId(HERE.title()), OrganizationId("")]),
)
def test_a_workspace_of_another_organization_is_closed(policy: Any, standing: Any, now: Any, claimed: Any) -> None:
    """Law 8: if the workspace's organization is not exactly the standing's, every permission is denied, even an owner's."""
    for each in (standing, member("owner", one="admin")):
        place = {"workspace": WORKSPACES[0], "workspace_organization": claimed}
        assert policy.effective(each, now=now, **place) == 0
    reasons = {policy.check(member("owner", one="admin"), name, now=now, **place).reason for name in policy.permissions}
    assert reasons == {DecisionReason.FOREIGN_ORGANIZATION}


@given(policy=any_policy, standing=standings(), other=standings(), now=moments)
def test_only_the_workspace_asked_for_matters(policy: Any, standing: Any, other: Any, now: Any) -> None:
    """Law 8 and 9: a role in one workspace changes nothing in another one or in the organization's scope."""
    elsewhere = {w: a for w, a in other.workspaces.items() if w != WORKSPACES[0]}
    kept = {w: a for w, a in standing.workspaces.items() if w == WORKSPACES[0]}
    changed = replace(standing, workspaces={**kept, **elsewhere})
    for place in ({}, ONE):
        assert policy.effective(changed, now=now, **place) == policy.effective(standing, now=now, **place)


@given(policy=any_policy, standing=standings(), place=st.sampled_from(PLACES), data=st.data())
def test_order_means_nothing(policy: Any, standing: Any, place: Any, data: Any) -> None:
    """Law 10: the order of roles in the policy and of workspaces in the standing changes no decision and no equality."""
    workspaces = dict(data.draw(st.permutations(list(standing.workspaces.items()))))
    shuffled = replace(
        policy,
        organization_roles=tuple(data.draw(st.permutations(policy.organization_roles))),
        workspace_roles=tuple(data.draw(st.permutations(policy.workspace_roles))),
    )
    again = replace(standing, workspaces=workspaces)
    assert again == standing
    assert hash(again) == hash(standing)
    for name in policy.permissions:
        assert shuffled.check(again, name, now=NOW, **place) is policy.check(standing, name, now=NOW, **place)


def test_time_is_a_half_open_interval() -> None:
    """Law 21: a membership and a workspace role count at their start, and no longer at their end, to the microsecond."""
    tick = timedelta(microseconds=1)
    period = {"starts_at": DAYS[1], "expires_at": DAYS[2]}
    membership = replace(member("admin"), **period)
    workspace = replace(member("member"), workspaces={WORKSPACES[0]: Assignment("editor", **period)})
    for standing in (membership, workspace):
        reasons = [
            POLICY.check(standing, "agents:run", now=now, **ONE).reason for now in (DAYS[1] - tick, DAYS[1], DAYS[2] - tick, DAYS[2])
        ]
        assert [DECISIONS[reason].allowed for reason in reasons] == [False, True, True, False]
        assert (reasons[0], reasons[3]) == (DecisionReason.NOT_IN_FORCE, DecisionReason.EXPIRED)


def test_a_naive_now_raises_where_time_decides() -> None:
    """Law 22: a clock that lost its zone ends in an error and never in an answer."""
    with pytest.raises(TypeError):
        POLICY.check(replace(member("owner"), expires_at=DAYS[6]), "agents:run", now=datetime(2026, 1, 1), **ONE)  # noqa: DTZ001


@pytest.mark.parametrize("store", [None, 7, object()])
def test_broken_input_fails_closed(store: Any) -> None:
    """Law 22: a standing of the wrong kind denies or raises, and never allows."""
    try:
        allowed = POLICY.check(store, "agents:run", now=NOW, **ONE).allowed
    except (AttributeError, TypeError):
        return
    assert not allowed


@pytest.mark.parametrize("spoiled", ["{} ", "{}\0", "{}\u0301", "{}\n", "W{}"])
def test_ids_are_compared_exactly(spoiled: Any) -> None:
    """Law 23: a workspace id or organization id that differs in case, space, NUL or accents is another one."""
    standing = member("member", one="editor")
    assert POLICY.check(standing, "agents:run", now=NOW, workspace=WORKSPACES[0], workspace_organization=HERE)
    workspace, home = WorkspaceId(spoiled.format(WORKSPACES[0])), OrganizationId(spoiled.format(HERE))
    assert not POLICY.check(standing, "agents:run", now=NOW, workspace=workspace, workspace_organization=HERE)
    assert not POLICY.check(standing, "agents:run", now=NOW, workspace=WORKSPACES[0], workspace_organization=home)


@pytest.mark.parametrize(
    ("standing", "permission", "place", "reason"),
    [
        (member("admin"), "agents:run", ONE, "allowed_by_organization_role"),
        (member("member", one="editor"), "agents:run", ONE, "allowed_by_workspace_role"),
        (member("member", one="viewer"), "agents:run", ONE, "role_lacks_permission"),
        (member("member", two="editor"), "agents:run", ONE, "no_workspace_role"),
        (member("viewer", one="editor"), "agents:run", ONE, "capped_by_organization_role"),
        (member("member", one="gone"), "agents:run", ONE, "unknown_role"),
        (member("admin", one="gone"), "agents:run", ONE, "allowed_by_organization_role"),
        (member("owner"), "members:manage", ONE, "wrong_scope"),
        (member("owner"), "agents:run", {}, "wrong_scope"),
        (member("owner"), "billing:manage", {}, "allowed_by_organization_role"),
        (member("admin"), "billing:manage", {}, "role_lacks_permission"),
        (member("member", one="expired"), "agents:run", ONE, "unknown_role"),
    ],
)
def test_the_reason_is_the_one_that_decided(standing: Any, permission: Any, place: Any, reason: Any) -> None:
    """Each way to an answer has its own reason, and a role named like a reason is still only a role."""
    assert POLICY.check(standing, permission, now=NOW, **place).reason == reason


def test_decisions_are_built_once_and_say_their_answer() -> None:
    """A check returns the one Decision of its reason, which is true exactly if it allows."""
    for standing in (member("owner"), member("member", one="viewer"), None):
        decision = POLICY.check(standing, "agents:run", now=NOW, **ONE)
        assert decision is DECISIONS[decision.reason]
    assert all(
        bool(decision) is decision.allowed and decision == Decision(decision.allowed, reason) for reason, decision in DECISIONS.items()
    )
    allowing = {"allowed_by_organization_role", "allowed_by_workspace_role", "allowed_by_elevation"}
    assert {reason for reason, decision in DECISIONS.items() if decision} == allowing


INDEX = PermissionIndex.of(["a:x", "b:x"], organization_scope=["b:x"])
OWNER = OrganizationRole(name="owner", organization_mask=2, base=1, ceiling=1, rank=2)


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"organization_roles": ()}, "role named owner"),
        ({"organization_roles": (OWNER, OWNER)}, "found owner twice"),
        ({"organization_roles": (OWNER, replace(OWNER, name="boss"))}, "highest rank"),
        ({"organization_roles": (OWNER, replace(OWNER, name="Boss", rank=1))}, "found 'Boss'"),
        ({"organization_roles": (replace(OWNER, organization_mask=1),)}, "masks of role owner"),
        ({"organization_roles": (replace(OWNER, base=2),)}, "masks of role owner"),
        ({"organization_roles": (replace(OWNER, ceiling=4),)}, "masks of role owner"),
        ({"organization_roles": (replace(OWNER, ceiling=-1),)}, "masks of role owner"),
        ({"workspace_roles": (WorkspaceRole(name="w", mask=2),)}, "masks of role w"),
        ({"workspace_roles": (WorkspaceRole(name="w", mask=1), WorkspaceRole(name="w", mask=0))}, "found w twice"),
        ({"workspace_roles": tuple(WorkspaceRole(name=f"w{n}", mask=1) for n in range(65))}, "at most 64 roles"),
        ({"members_permission": "a:x"}, "permission of the organization scope"),
        ({"workspace_members_permission": "b:x"}, "permission of the workspace scope"),
    ],
)
def test_a_policy_is_checked_whole_when_it_is_built(changes: Any, problem: Any) -> None:
    """Roles that do not fit the permissions are refused at construction, and the error names the role."""
    good = Policy(index=INDEX, organization_roles=(OWNER,), workspace_roles=())
    with pytest.raises(ValueError, match=problem):
        replace(good, **changes)


def test_importing_the_policy_loads_the_standard_library_only() -> None:
    """`from ctsec.rbac import Policy` loads no third-party package, no service, and nothing of writing, explaining and conditions."""
    code = "import sys; before = set(sys.modules); from ctsec.rbac import Policy; print(*sorted(set(sys.modules) - before))"
    source = str(ctsec.__path__[0]).removesuffix("/ctsec")
    run = [sys.executable, "-I", "-c", f"import sys; sys.path.insert(0, {source!r}); {code}"]
    loaded = subprocess.run(run, capture_output=True, text=True, check=True).stdout.split()
    foreign = {name.partition(".")[0] for name in loaded} - set(sys.stdlib_module_names) - {"ctsec"}
    assert foreign == set()
    later = {"writes", "preset", "_async", "condition", "methods", "question", "batch", "explanation", "remedy", "change"}
    assert not {f"ctsec.rbac.{name}" for name in later} & set(loaded)
    assert not {"ipaddress", "zoneinfo"} & set(loaded)
