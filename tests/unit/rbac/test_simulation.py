"""Who would lose what: exactly what checks answer differently, for everybody, as a stream."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from ctsec.ids import UserId, WorkspaceId
from ctsec.rbac import Elevation, MembershipStatus, PersonChange, Standing, WorkspaceRole, diff, simulate
from ctsec.rbac.preset import POLICY, preset_policy
from ctsec.rbac.simulation import ELSEWHERE
from tests.unit.rbac.reference import ANN, DAYS, HERE, NOW, WORKSPACES, member, policies, standings

ONE, TWO = WORKSPACES


def raise_to(role: Any, place: Any, start: Any) -> Any:
    return Elevation(role=role, workspace=place, starts_at=DAYS[start], expires_at=DAYS[start + 2])


ROLES = st.sampled_from(["viewer", "editor", "admin", "expired", "gone"])
RAISED = st.lists(st.builds(raise_to, ROLES, st.sampled_from([None, *WORKSPACES]), st.integers(0, 4)), max_size=2)


@st.composite
def elevated(draw: Any) -> Any:
    """Draw a standing with roles for a time."""
    return replace(draw(standings()), elevations=tuple(draw(RAISED)))


@given(st.tuples(policies(), policies()) | st.just((POLICY, preset_policy(viewer_ceiling=False))), st.lists(elevated(), max_size=4))
def test_a_simulation_is_what_checks_answer_differently(pair: Any, people: Any) -> None:
    """For each person and each place, workspaces without a role included, gains and losses are those of two checks at that instant."""
    before, after = pair
    people = [replace(each, user=UserId(f"usr_{n}")) for n, each in enumerate(people)]
    told = {(each.user, each.workspace): (set(each.gains), set(each.losses)) for each in simulate(before, after, people, now=NOW)}
    for standing in people:
        for workspace in (None, ONE, TWO, WorkspaceId("wsp_other")):
            held = [
                {p for p in policy.permissions if policy.check(standing, p, now=NOW, workspace=workspace, workspace_organization=HERE)}
                for policy in pair
            ]
            bears = workspace in {*standing.workspaces, *(each.workspace for each in standing.elevations)}
            place = workspace if bears or workspace is None else ELSEWHERE
            assert told.get((standing.user, place), (set(), set())) == (held[1] - held[0], held[0] - held[1])


@given(policies(), st.lists(elevated(), max_size=3))
def test_nothing_changes_under_the_same_policy(policy: Any, people: Any) -> None:
    """Where the difference of policies is empty, nobody gains or loses anything."""
    assert not diff(policy, policy)
    assert list(simulate(policy, policy, people, now=NOW)) == []


def test_a_role_that_vanished_leaves_its_holder_with_nothing_and_is_named() -> None:
    """Who bears a role that is gone is told by name, on both levels, also if the role is asleep."""
    after = replace(POLICY, workspace_roles=POLICY.workspace_roles[:2], organization_roles=POLICY.organization_roles[:3])
    worker, watcher = member("member", one="operator"), member("viewer", two="operator", user="usr_bob")
    asleep = replace(worker, user=UserId("usr_cem"), status=MembershipStatus.SUSPENDED)
    assert list(simulate(POLICY, after, [worker, watcher, asleep], now=NOW)) == [
        PersonChange(
            user=ANN,
            organization=HERE,
            workspace=ONE,
            gains=(),
            losses=("dashboards:view", "agents:run", "reports:view", "recommendations:view"),
            vanished=("operator",),
        ),
        PersonChange(
            user=UserId("usr_bob"), organization=HERE, workspace=None, gains=(), losses=("api_keys:manage",), vanished=("viewer",)
        ),
        PersonChange(
            user=UserId("usr_bob"),
            organization=HERE,
            workspace=TWO,
            gains=(),
            losses=("dashboards:view", "reports:view"),
            vanished=("operator",),
        ),
        PersonChange(user=UserId("usr_cem"), organization=HERE, workspace=ONE, gains=(), losses=(), vanished=("operator",)),
    ]
    raised = Elevation(role="operator", workspace=ONE, starts_at=DAYS[0], expires_at=DAYS[1])
    temporary = Standing(user=ANN, organization=HERE, role="member", elevations=(raised,))
    assert [each.vanished for each in simulate(POLICY, after, [temporary], now=NOW)] == [("operator",)]


def test_a_role_that_no_policy_knew_is_not_told() -> None:
    """A name that was unknown before changes nothing by being unknown afterwards."""
    assert list(simulate(POLICY, replace(POLICY), [member("member", one="gone")], now=NOW)) == []


def test_a_simulation_is_a_stream() -> None:
    """One person is read, told and forgotten before the next one is asked for."""
    read = 0

    def people() -> Iterator[Standing]:
        nonlocal read
        while True:
            read += 1
            yield member("viewer", user=f"usr_{read}", one="operator")

    told = simulate(POLICY, preset_policy(viewer_ceiling=False), people(), now=NOW)
    assert [next(told).user for _ in range(3)] == ["usr_1", "usr_2", "usr_3"]
    assert read == 3


def test_a_gain_everywhere_is_told_once() -> None:
    """What an organization role gains in every workspace is one line for those without a role, and one for each with one that gains."""
    wide = preset_policy(organization_wide_view=True)
    told = [(each.workspace, each.gains) for each in simulate(POLICY, wide, [member("member", one="viewer")], now=NOW)]
    assert told == [(ELSEWHERE, ("dashboards:view", "reports:view"))]
    idle = replace(POLICY, workspace_roles=(*POLICY.workspace_roles, WorkspaceRole(name="idle", mask=0)))
    both = replace(wide, workspace_roles=idle.workspace_roles)
    told = [(each.workspace, each.gains) for each in simulate(idle, both, [member("member", one="idle")], now=NOW)]
    assert told == [(ONE, ("dashboards:view", "reports:view")), (ELSEWHERE, ("dashboards:view", "reports:view"))]
