"""Who may reset the second factors of whom: only of people whose every right is the administrator's own too."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ctsec.outcome import Reason
from ctsec.rbac import Actor, Elevation, MembershipStatus, OrganizationRole, Policy
from ctsec.rbac.preset import POLICY
from ctsec.rbac.reset_writes import may_reset_factors
from ctsec.testing.strategies import policies, standings
from ctsec.testing.strategies.people import HERE, USERS, WORKSPACES, elevations
from tests.unit.rbac.reference import DAYS, NOW, THERE, member
from tests.unit.rbac.reference import WORKSPACES as PLACES

MANAGES = POLICY.index.mask(["members:manage", "api_keys:manage"])
HR = OrganizationRole(name="hr", organization_mask=MANAGES, base=0, ceiling=POLICY.index.workspace_scope, rank=2)
WITH_HR = replace(POLICY, organization_roles=(*POLICY.organization_roles, HR))


def reset(actor: Any, target: Any, *permits: Elevation, policy: Any = WITH_HR, scopes: Any = None) -> Reason | None:
    refusal = may_reset_factors(policy, actor=Actor(standing=actor, scopes=scopes), target=target, permits=permits, now=NOW)
    return None if refusal is None else refusal.reason


def bob(role: str, **workspaces: Any) -> Any:
    return member(role, user="usr_bob", **workspaces)


def test_the_rules_one_by_one() -> None:
    """Managing members is needed, oneself and other organizations are out of reach, and so is whoever holds more anywhere."""
    assert reset(member("admin"), bob("member", one="admin")) is None
    assert reset(member("owner"), bob("owner")) is None
    assert reset(member("member"), bob("viewer")) is Reason.DENIED
    assert reset(member("admin"), bob("viewer"), scopes=frozenset({"dashboards:view"})) is Reason.DENIED
    assert reset(member("admin"), member("admin")) is Reason.SELF_CHANGE
    assert reset(member("admin"), replace(bob("viewer"), organization=THERE)) is Reason.NOT_FOUND
    assert reset(member("admin"), bob("owner")) is Reason.BEYOND_OWN_RIGHTS
    assert reset(member("hr"), bob("admin")) is Reason.BEYOND_OWN_RIGHTS
    assert reset(member("hr"), bob("member")) is None
    assert reset(member("hr"), bob("member", one="viewer")) is Reason.BEYOND_OWN_RIGHTS, "a workspace where the manager holds nothing"


def test_what_sleeps_or_may_be_taken_counts_as_held() -> None:
    """Roles of a suspended membership, roles that are yet to begin or outlast the manager's, and permits to break the glass count."""
    asleep = replace(bob("member", one="viewer"), status=MembershipStatus.SUSPENDED)
    assert reset(member("hr"), asleep) is Reason.BEYOND_OWN_RIGHTS
    passing = replace(member("admin"), expires_at=DAYS[5])
    assert reset(passing, bob("member", one="viewer")) is Reason.BEYOND_OWN_RIGHTS
    assert reset(passing, replace(bob("member", one="viewer"), expires_at=DAYS[5])) is None
    permit = Elevation(role="admin", starts_at=NOW, expires_at=NOW + timedelta(hours=1), workspace=PLACES[0])
    assert reset(member("hr"), bob("member"), permit) is Reason.BEYOND_OWN_RIGHTS
    assert reset(member("admin"), bob("member"), permit) is None


@pytest.mark.parametrize("named", [True, False])
def test_a_policy_may_name_the_permission(named: bool) -> None:
    """Where the policy has `mfa:reset` it is needed besides; a policy without it asks for what changing a member takes."""
    permissions = ("dashboards:view", "members:manage", *(("mfa:reset",) if named else ()))
    matrix = "permission owner admin member\ndashboards:view yes yes yes\nmembers:manage yes yes -\n"
    policy = Policy.from_matrix(permissions, matrix + ("mfa:reset yes - -\n" if named else ""), organization_scope=permissions[1:])
    assert reset(member("admin"), bob("member"), policy=policy) is (Reason.DENIED if named else None)
    assert reset(member("owner"), bob("member"), policy=policy) is None


@settings(max_examples=60)
@given(st.data())
def test_nobody_gets_more_than_they_hold(data: st.DataObject) -> None:
    """Whatever policy, people and permits: a reset that is allowed gives, in every place and at every later moment, nothing new."""
    policy = data.draw(policies())
    actor = data.draw(standings(policy, roles=("owner", "admin", "admin", "member")))
    target = data.draw(standings(policy, user=USERS[1]))
    permits = data.draw(st.lists(elevations(policy), max_size=1))
    if may_reset_factors(policy, actor=Actor(standing=actor), target=target, permits=permits, now=NOW) is not None:
        return
    awake = replace(target, status=MembershipStatus.ACTIVE, elevations=(*target.elevations, *permits))
    moments = sorted({NOW, *(each for who in (actor, awake) for each in who.boundaries() if each > NOW)})
    for moment in moments:
        for place in (None, *WORKSPACES):
            theirs = policy.effective(awake, now=moment, workspace=place, workspace_organization=HERE)
            mine = policy.effective(actor, now=moment, workspace=place, workspace_organization=HERE)
            assert not theirs & ~mine, (moment, place)
