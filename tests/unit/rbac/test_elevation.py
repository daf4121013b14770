"""Roles for a time: what they add, who may give them, and how long."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctsec.ids import WorkspaceId
from ctsec.outcome import Reason
from ctsec.rbac import Actor, Assignment, Elevation, ElevationPolicy, Policy
from ctsec.rbac.elevation import parse_duration, parse_reason
from ctsec.rbac.elevation_writes import elevation_refusal, may_decide, may_elevate
from ctsec.rbac.preset import POLICY
from ctsec.rbac.writes import may_set_organization_role, may_set_workspace_role, permanent_owner
from tests.unit.rbac.reference import DAYS, HERE, NOW, PLACES, THERE, WORKSPACES, elevations, member, policies, standings

ONE, TWO = WORKSPACES
HOUR = timedelta(hours=1)
TICK = timedelta(microseconds=1)
FOUR_EYES = replace(POLICY, exclusive_roles=(frozenset({"editor", "operator"}),))


def raised(role: str, workspace: Any = None, *, start: datetime = NOW, length: timedelta = HOUR) -> Elevation:
    return Elevation(role=role, starts_at=start, expires_at=start + length, workspace=workspace)


def why(actor: Any, target: Any, elevation: Elevation, *, policy: Policy = POLICY, home: Any = HERE) -> Any:
    refusal = may_elevate(policy, actor=Actor(standing=actor), target=target, elevation=elevation, workspace_organization=home, now=NOW)
    return None if refusal is None else refusal.reason


@given(policies(), standings(), elevations(), st.sampled_from(DAYS))
def test_an_elevation_only_adds(policy: Any, standing: Any, elevation: Any, now: Any) -> None:
    """Law 6: whoever holds something for a time besides may everything that they may without it, everywhere."""
    after = replace(standing, elevations=(*standing.elevations, elevation))
    for place in PLACES:
        assert not policy.effective(standing, now=now, **place) & ~policy.effective(after, now=now, **place)


@given(policies(), standings(), elevations(), st.sampled_from([NOW - TICK, NOW, NOW + HOUR - TICK, NOW + HOUR]))
def test_it_counts_from_its_start_until_before_its_end(policy: Any, standing: Any, elevation: Any, now: Any) -> None:
    """Law 21: on [starts_at, expires_at) an elevation counts, at its end and before its start it is as if there were none."""
    timed = replace(elevation, starts_at=NOW, expires_at=NOW + HOUR)
    inside = NOW <= now < NOW + HOUR
    after = replace(standing, elevations=(*standing.elevations, timed))
    always = replace(standing, elevations=(*standing.elevations, replace(elevation, starts_at=DAYS[0], expires_at=DAYS[6])))
    for place in PLACES:
        expected = always if inside else standing
        assert policy.effective(after, now=now, **place) == policy.effective(expected, now=now, **place)


def test_a_workspace_role_for_a_time_stays_under_the_ceiling() -> None:
    """A viewer who is raised to admin of a workspace still only views: the ceiling is the organization role's."""
    viewer = replace(member("viewer"), elevations=(raised("admin", ONE),))
    place: Any = {"now": NOW, "workspace": ONE, "workspace_organization": HERE}
    assert POLICY.index.names_of(POLICY.effective(viewer, **place)) == ("dashboards:view", "reports:view")
    assert POLICY.check(viewer, "agents:run", **place).reason == "capped_by_organization_role"
    assert POLICY.check(viewer, "dashboards:view", **place).reason == "allowed_by_elevation"


def test_an_organization_role_for_a_time_brings_base_and_ceiling() -> None:
    """A viewer who is raised to admin for a time may what an admin may, and the reason says that it is for a time."""
    viewer = replace(member("viewer", one="viewer"), elevations=(raised("admin"),))
    place: Any = {"now": NOW, "workspace": ONE, "workspace_organization": HERE}
    assert POLICY.effective(viewer, **place) == POLICY.effective(member("admin"), **place)
    assert POLICY.check(viewer, "agents:run", **place).reason == "allowed_by_elevation"
    assert POLICY.check(viewer, "dashboards:view", **place).reason == "allowed_by_workspace_role"
    assert POLICY.check(viewer, "members:manage", now=NOW).reason == "allowed_by_elevation"
    assert POLICY.check(viewer, "api_keys:manage", now=NOW).reason == "allowed_by_organization_role"
    assert POLICY.check(viewer, "members:manage", now=NOW + HOUR).reason == "role_lacks_permission"


@pytest.mark.parametrize("place", [None, ONE])
def test_why_an_assigned_role_does_not_count_is_told_beside_an_elevation(place: Any) -> None:
    """Whoever's assigned role has ended, has not begun or has no name any more hears so, with and without something for a time besides."""
    at: Any = {"now": NOW, "workspace": ONE, "workspace_organization": HERE}
    role = "viewer" if place is None else "operator"
    for assignment, reason in (
        (Assignment("editor", expires_at=NOW), "expired"),
        (Assignment("editor", starts_at=NOW + HOUR), "not_in_force"),
        (Assignment("gone"), "unknown_role"),
        (Assignment("operator"), "role_lacks_permission"),
    ):
        person = replace(member("member"), workspaces={ONE: assignment})
        assert POLICY.check(person, "connections:manage", **at).reason == reason
        assert POLICY.check(replace(person, elevations=(raised(role, place),)), "connections:manage", **at).reason == reason


def test_an_elevation_belongs_to_its_workspace_and_organization() -> None:
    """What is held for a time in one workspace is nothing in another, in the organization, or in a workspace of another organization."""
    person = replace(member("member"), elevations=(raised("admin", ONE),))
    elsewhere: list[Any] = [{"workspace": TWO, "workspace_organization": HERE}, {}, {"workspace": ONE, "workspace_organization": THERE}]
    assert [POLICY.effective(person, now=NOW, **place) for place in elsewhere] == [0, POLICY.index.mask(["api_keys:manage"]), 0]


@pytest.mark.parametrize(
    ("actor", "target", "elevation", "expected"),
    [
        (member("owner"), member("member", user="usr_bob"), raised("editor", ONE), None),
        (member("admin"), member("member", user="usr_bob"), raised("admin"), None),
        (member("member", one="admin"), member("member", user="usr_bob"), raised("admin", ONE), None),
        (member("member", one="admin"), member("member", user="usr_bob"), raised("admin", TWO), Reason.DENIED),
        (member("member", one="editor"), member("member", user="usr_bob"), raised("editor", ONE), Reason.DENIED),
        (member("member", one="admin"), member("member", user="usr_bob"), raised("admin"), Reason.DENIED),
        (member("owner"), member("member", user="usr_bob"), raised("owner"), Reason.INVALID_INPUT),
        (member("owner"), member("member", user="usr_bob"), raised("pilot", ONE), Reason.INVALID_INPUT),
        (member("owner"), member("member", user="usr_bob"), raised("editor"), Reason.INVALID_INPUT),
        (member("owner"), member("viewer", user="usr_bob"), raised("editor", ONE), Reason.CEILING_EXCEEDED),
        (member("owner"), member("owner"), raised("admin"), Reason.SELF_CHANGE),
        (member("admin"), member("owner", user="usr_bob"), raised("admin"), Reason.BEYOND_OWN_RIGHTS),
        (member("owner"), None, raised("admin"), Reason.NOT_A_MEMBER),
        (member("owner"), replace(member("member", user="usr_bob"), expires_at=NOW), raised("editor", ONE), Reason.NOT_A_MEMBER),
        (member("owner"), member("member", user="usr_bob", organization=THERE), raised("editor", ONE), Reason.NOT_FOUND),
    ],
)
def test_it_is_given_by_the_rules_of_its_role(actor: Any, target: Any, elevation: Elevation, expected: Any) -> None:
    """Who may give a role may give it for a time, to somebody else, under the ceiling, and never the owner's."""
    assert why(actor, target, elevation) == expected


def test_a_foreign_workspace_is_not_found() -> None:
    """Nothing is given in a workspace of another organization, not even by an owner."""
    assert why(member("owner"), member("member", user="usr_bob"), raised("editor", ONE), home=THERE) == Reason.NOT_FOUND


def test_nobody_gives_for_longer_than_they_hold() -> None:
    """An admin for an hour gives nothing that lasts longer: no role, and no role for a time."""
    acting = replace(member("member"), elevations=(raised("admin"),))
    bob = member("member", user="usr_bob")
    assert why(acting, bob, raised("editor", ONE, length=HOUR)) is None
    assert why(acting, bob, raised("editor", ONE, length=HOUR + TICK)) == Reason.BEYOND_OWN_RIGHTS
    lasting = may_set_workspace_role(
        POLICY, actor=Actor(standing=acting), target=bob, workspace=ONE, workspace_organization=HERE, grant=Assignment("editor"), now=NOW
    )
    assert lasting is not None
    assert lasting.reason == Reason.BEYOND_OWN_RIGHTS


def test_what_is_behind_the_glass_holds_no_more_than_an_owner() -> None:
    """Law 26: a role that holds what the owner does not is given to nobody for a time."""
    matrix = "permission owner admin editor auditor\ndashboards:view yes yes yes yes\nledger:read - - - yes"
    policy = Policy.from_matrix(("dashboards:view", "ledger:read"), matrix)
    refusal = elevation_refusal(policy, target=member("member"), elevation=raised("auditor", ONE), now=NOW)
    assert refusal is not None
    assert refusal.reason == Reason.BEYOND_OWN_RIGHTS


def test_exclusive_roles_are_never_held_together() -> None:
    """Law 25: with two exclusive roles nobody is given the second, in whichever workspace, for a time or not, by whomever."""
    held = member("member", user="usr_bob", one="operator")
    assert why(member("owner"), held, raised("editor", TWO), policy=FOUR_EYES) == Reason.EXCLUSIVE_ROLES
    timed = replace(member("member", user="usr_bob"), elevations=(raised("operator", TWO),))
    for person, workspace in ((held, TWO), (timed, ONE)):
        refusal = may_set_workspace_role(
            FOUR_EYES,
            actor=Actor(standing=member("owner")),
            target=person,
            workspace=workspace,
            workspace_organization=HERE,
            grant=Assignment("editor"),
            now=NOW,
        )
        assert refusal is not None
        assert refusal.reason == Reason.EXCLUSIVE_ROLES
    own = member("member", one="admin", two="operator")
    down = may_set_workspace_role(
        FOUR_EYES, actor=Actor(standing=own), target=own, workspace=ONE, workspace_organization=HERE, grant=Assignment("editor"), now=NOW
    )
    assert down is not None
    assert down.reason == Reason.EXCLUSIVE_ROLES


def test_replacing_an_exclusive_role_is_allowed() -> None:
    """The role that is replaced is not held beside the new one."""
    refusal = may_set_workspace_role(
        FOUR_EYES,
        actor=Actor(standing=member("owner")),
        target=member("member", user="usr_bob", one="operator"),
        workspace=ONE,
        workspace_organization=HERE,
        grant=Assignment("editor"),
        now=NOW,
    )
    assert refusal is None


@pytest.mark.parametrize("names", [{"editor"}, set(), {"editor", "owner"}, {"editor", "pilot"}])
def test_exclusive_roles_name_at_least_two_workspace_roles(names: Any) -> None:
    """A set of one, or a name that no workspace role has, is refused when the policy is built."""
    with pytest.raises(ValueError, match="expected"):
        replace(POLICY, exclusive_roles=(frozenset(names),))


def test_who_manages_the_people_decides() -> None:
    """A request is turned down, or a role for a time ended, by whoever manages the people there, and not for somebody with more rights."""
    bob, dan = member("member", user="usr_bob"), member("member", user="usr_dan", one="admin")

    def decides(actor: Any, target: Any, workspace: Any) -> Any:
        refusal = may_decide(POLICY, actor=Actor(standing=actor), target=target, workspace=workspace, now=NOW)
        return None if refusal is None else refusal.reason

    assert decides(member("admin"), bob, None) is None
    assert decides(dan, bob, ONE) is None
    assert decides(dan, bob, TWO) == Reason.DENIED
    assert decides(dan, bob, None) == Reason.DENIED
    assert decides(member("admin"), member("owner", user="usr_eve"), None) == Reason.BEYOND_OWN_RIGHTS


def test_an_owner_with_an_elevation_is_a_permanent_owner() -> None:
    """Something held for a time besides does not make an owner one that an organization can not rely on."""
    assert permanent_owner(replace(member("owner"), elevations=(raised("admin", ONE),)))


def test_a_change_of_role_adds_no_elevation() -> None:
    """What is held for a time can not be slipped in with a change of role: it is a mistake of the caller."""
    before = member("member", user="usr_bob")
    after = replace(before, elevations=(raised("admin"),))
    with pytest.raises(ValueError, match="may_elevate"):
        may_set_organization_role(POLICY, actor=Actor(standing=member("owner")), before=before, after=after, now=NOW)


def test_times_and_reasons_are_bounded() -> None:
    """A reason has 1 to 1000 printable characters, a time a minute to the longest, and the longest has a maximum of its own."""
    assert parse_reason(" on call\nticket 7 ") == "on call\nticket 7"
    for text in ("", "  ", "x" * 1001, "a\0b", "a\x1b[2J"):
        with pytest.raises(ValueError, match="reason"):
            parse_reason(text)
    assert parse_duration(HOUR, longest=HOUR) == 3600
    for length in (timedelta(0), timedelta(seconds=59), HOUR + TICK, -HOUR):
        with pytest.raises(ValueError, match="seconds"):
            parse_duration(length, longest=HOUR)
    for options in ({"longest": timedelta(days=8)}, {"longest_break_glass": timedelta(hours=13)}, {"request_life": timedelta(0)}):
        with pytest.raises(ValueError, match="expected"):
            ElevationPolicy(**options)
    for start, end in ((NOW, NOW), (NOW.replace(tzinfo=None), NOW + HOUR)):
        with pytest.raises(ValueError, match="expected"):
            Elevation(role="admin", starts_at=start, expires_at=end)


def test_ids_of_an_elevation_are_exact() -> None:
    """An elevation in a workspace of another spelling is in another workspace."""
    for spelling in (ONE.upper(), f"{ONE} ", f"{ONE}\0", ONE[:-1]):
        person = replace(member("member"), elevations=(raised("admin", WorkspaceId(spelling)),))
        assert POLICY.effective(person, now=NOW, workspace=ONE, workspace_organization=HERE) == 0
