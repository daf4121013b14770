"""The write rules, one by one."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from ctsec.ids import OrganizationId, UserId, WorkspaceId
from ctsec.outcome import Reason, Refusal
from ctsec.rbac import Actor, Assignment, MembershipStatus, OrganizationRole, Policy, Standing
from ctsec.rbac.preset import POLICY
from ctsec.rbac.writes import (
    loses_owner,
    may_end_membership,
    may_end_workspace_role,
    may_set_organization_role,
    may_set_workspace_role,
    permanent_owner,
)
from tests.unit.rbac.reference import DAYS, HERE, NOW, THERE, WORKSPACES, member

BOB = "usr_bob"
PLAIN = Policy.from_matrix(("dashboards:view",), "permission admin editor viewer\ndashboards:view yes yes yes")
# May invite and remove people, and holds nothing in workspaces.
HR = OrganizationRole(
    name="hr", organization_mask=POLICY.index.mask(["members:manage"]), base=0, ceiling=POLICY.index.workspace_scope, rank=2
)
WITH_HR = replace(POLICY, organization_roles=(*POLICY.organization_roles, HR))


def reason(refusal: Any) -> Any:
    return None if refusal is None else refusal.reason


def set_role(actor: Any, before: Any, role: Any, *, policy: Any = POLICY, scopes: Any = None, **period: Any) -> Any:
    after = replace(before, role=role, **period) if before is not None else replace(member(role, user="usr_new"), **period)
    return reason(may_set_organization_role(policy, actor=Actor(standing=actor, scopes=scopes), before=before, after=after, now=NOW))


def assign(
    actor: Any,
    target: Any,
    role: Any,
    *,
    policy: Any = POLICY,
    workspace: Any = WORKSPACES[0],
    home: Any = HERE,
    scopes: Any = None,
    workspaces: Any = None,
    **period: Any,
) -> Any:
    who = Actor(standing=actor, scopes=scopes, workspaces=workspaces)
    grant = Assignment(role, **period)
    return may_set_workspace_role(policy, actor=who, target=target, workspace=workspace, workspace_organization=home, grant=grant, now=NOW)


def unassign(actor: Any, target: Any, *, policy: Any = POLICY, home: Any = HERE) -> Any:
    who = Actor(standing=actor)
    return reason(may_end_workspace_role(policy, actor=who, target=target, workspace=WORKSPACES[0], workspace_organization=home, now=NOW))


def end(actor: Any, target: Any, *, policy: Any = POLICY) -> Any:
    return reason(may_end_membership(policy, actor=Actor(standing=actor), target=target, now=NOW))


def bob(role: Any, **workspaces: Any) -> Any:
    return member(role, user=BOB, **workspaces)


@pytest.mark.parametrize("policy", [POLICY, PLAIN])
def test_only_an_owner_makes_changes_or_removes_an_owner(policy: Any) -> None:
    """An Admin neither grants Owner nor touches an Owner, even a suspended one; an Owner does all of it."""
    resting = replace(bob("owner"), status=MembershipStatus.SUSPENDED)
    for target, role in ((bob("member"), "owner"), (bob("owner"), "member"), (None, "owner"), (resting, "member")):
        assert set_role(member("admin"), target, role, policy=policy) is Reason.BEYOND_OWN_RIGHTS
        assert set_role(member("owner"), target, role, policy=policy) is None
    for target in (bob("owner"), resting):
        assert end(member("admin"), target, policy=policy) is Reason.BEYOND_OWN_RIGHTS
        assert end(member("owner"), target, policy=policy) is None


@pytest.mark.parametrize("policy", [POLICY, PLAIN])
def test_managing_takes_the_permission_of_the_level(policy: Any) -> None:
    """Owner and Admin manage members; Member and Viewer do not, and a Workspace Admin only in that workspace."""
    for actor in (member("member", one="admin"), member("viewer")):
        assert set_role(actor, None, "member", policy=policy) is Reason.DENIED
        assert set_role(actor, bob("member"), "viewer", policy=policy) is Reason.DENIED
        assert end(actor, bob("viewer"), policy=policy) is Reason.DENIED
    assert set_role(member("admin"), None, "member", policy=policy) is None
    assert end(member("admin"), bob("member"), policy=policy) is None
    head = member("member", one="admin", two="editor")
    assert assign(head, bob("member"), "editor", policy=policy) is None
    assert unassign(head, bob("member", one="editor"), policy=policy) is None
    assert reason(assign(head, bob("member"), "viewer", policy=policy, workspace=WORKSPACES[1])) is Reason.DENIED
    assert unassign(member("member", one="editor"), bob("member", one="viewer"), policy=policy) is Reason.DENIED
    assert assign(member("admin"), bob("member"), "admin", policy=policy, workspace=WORKSPACES[1]) is None


@pytest.mark.parametrize("policy", [POLICY, PLAIN])
def test_authority_out_of_force_is_none(policy: Any) -> None:
    """A suspended, expired or not yet begun Owner changes nobody; nor does a Workspace Admin whose role has ended."""
    owner = member("owner")
    for actor in (replace(owner, status=MembershipStatus.SUSPENDED), replace(owner, expires_at=NOW), replace(owner, starts_at=DAYS[4])):
        assert set_role(actor, None, "member", policy=policy) is Reason.DENIED
        assert end(actor, bob("member"), policy=policy) is Reason.DENIED
        assert reason(assign(actor, bob("member"), "viewer", policy=policy)) is Reason.DENIED
    past = replace(member("member"), workspaces={WORKSPACES[0]: Assignment("admin", expires_at=NOW)})
    assert reason(assign(past, bob("member"), "viewer", policy=policy)) is Reason.DENIED


def test_nobody_raises_or_extends_themselves() -> None:
    """A change of one's own role or time is refused unless it lays something down."""
    admin = replace(member("admin", one="viewer"), expires_at=DAYS[5])
    assert set_role(admin, admin, "owner") is Reason.SELF_CHANGE
    assert set_role(admin, admin, "admin", expires_at=None) is Reason.SELF_CHANGE
    assert set_role(admin, admin, "admin", expires_at=DAYS[6]) is Reason.SELF_CHANGE
    assert set_role(admin, admin, "admin", expires_at=DAYS[4]) is None
    assert set_role(admin, admin, "member") is None
    assert set_role(member("viewer"), member("viewer"), "member") is Reason.SELF_CHANGE
    assert set_role(member("owner"), member("owner"), "admin") is None
    resting = replace(member("owner"), status=MembershipStatus.SUSPENDED)
    assert set_role(resting, resting, "owner", status=MembershipStatus.ACTIVE) is Reason.SELF_CHANGE
    head = replace(member("member"), workspaces={WORKSPACES[0]: Assignment("admin", expires_at=DAYS[5])})
    assert reason(assign(head, head, "admin")) is Reason.SELF_CHANGE
    assert reason(assign(head, head, "viewer", workspace=WORKSPACES[1])) is Reason.SELF_CHANGE
    assert assign(head, head, "editor", expires_at=DAYS[5]) is None
    editor = member("member", one="editor")
    assert reason(assign(editor, editor, "admin")) is Reason.SELF_CHANGE
    assert assign(editor, editor, "viewer") is None
    assert reason(assign(member("admin"), member("admin"), "viewer")) is Reason.SELF_CHANGE


def test_everybody_may_leave() -> None:
    """Leaving the organization and laying down a workspace role needs no permission."""
    viewer = member("viewer", one="viewer")
    assert end(viewer, viewer) is None
    assert unassign(viewer, viewer) is None


def test_the_grant_is_bound_by_what_the_giver_holds() -> None:
    """A role with a permission that the giver lacks in that place is refused, on both levels and for a narrowed key."""
    assert set_role(member("hr"), bob("member"), "admin", policy=WITH_HR) is Reason.BEYOND_OWN_RIGHTS
    assert set_role(member("hr"), None, "admin", policy=WITH_HR) is Reason.BEYOND_OWN_RIGHTS
    assert set_role(member("hr"), None, "member", policy=WITH_HR) is Reason.BEYOND_OWN_RIGHTS, "member holds api_keys:manage"
    assert set_role(member("admin"), None, "hr", policy=WITH_HR) is None
    scopes = frozenset({"members:manage", "workspace_members:manage"})
    assert set_role(member("owner"), None, "admin", scopes=scopes) is Reason.BEYOND_OWN_RIGHTS
    assert reason(assign(member("owner"), bob("member"), "viewer", scopes=scopes)) is Reason.BEYOND_OWN_RIGHTS
    assert reason(assign(member("owner"), bob("member"), "viewer", scopes=frozenset())) is Reason.DENIED
    assert reason(assign(member("owner"), bob("member"), "viewer", workspaces=frozenset(WORKSPACES[1:]))) is Reason.DENIED
    assert assign(member("owner"), bob("member"), "viewer", workspaces=frozenset(WORKSPACES[:1])) is None
    assert reason(assign(member("owner"), bob("member"), "viewer", policy=PLAIN, scopes=frozenset({"dashboards:view"}))) is Reason.DENIED


def test_nobody_changes_somebody_who_holds_more() -> None:
    """A person whose rights in the place exceed the actor's is out of reach, for lowering and for removal too."""
    assert set_role(member("hr"), bob("admin"), "viewer", policy=WITH_HR) is Reason.BEYOND_OWN_RIGHTS
    assert end(member("hr"), bob("admin"), policy=WITH_HR) is Reason.BEYOND_OWN_RIGHTS
    keys = replace(HR, organization_mask=HR.organization_mask | POLICY.index.mask(["api_keys:manage"]))
    with_keys = replace(POLICY, organization_roles=(*POLICY.organization_roles, keys))
    assert set_role(member("hr"), bob("member"), "viewer", policy=with_keys) is None
    assert set_role(member("hr"), bob("admin"), "viewer", policy=with_keys) is Reason.BEYOND_OWN_RIGHTS
    limited = replace(
        POLICY, workspace_roles=(*POLICY.workspace_roles, replace(POLICY.workspace_roles[3], name="clerk", mask=1 | 1 << 5, rank=0))
    )
    clerk = member("member", one="clerk")
    assert reason(assign(clerk, bob("member", one="editor"), "clerk", policy=limited)) is Reason.BEYOND_OWN_RIGHTS
    assert unassign(clerk, bob("member", one="editor"), policy=limited) is Reason.BEYOND_OWN_RIGHTS
    assert assign(clerk, bob("member"), "clerk", policy=limited) is None
    assert unassign(clerk, bob("member", one="clerk"), policy=limited) is None


def test_nothing_outlasts_its_giver() -> None:
    """Who has authority for a time gives it for no longer than that, so two people can not extend each other."""
    passing = replace(member("admin"), expires_at=DAYS[5])
    assert set_role(passing, bob("member"), "admin") is Reason.BEYOND_OWN_RIGHTS
    assert set_role(passing, bob("member"), "admin", expires_at=DAYS[6]) is Reason.BEYOND_OWN_RIGHTS
    assert set_role(passing, bob("member"), "admin", expires_at=DAYS[5]) is None
    assert set_role(passing, bob("admin"), "member") is None
    assert reason(assign(passing, bob("member"), "editor")) is Reason.BEYOND_OWN_RIGHTS
    assert reason(assign(passing, bob("member"), "editor", starts_at=DAYS[6])) is Reason.BEYOND_OWN_RIGHTS
    assert assign(passing, bob("member"), "editor", expires_at=DAYS[5]) is None


def test_a_grant_is_judged_whole_whenever_it_counts() -> None:
    """A grant for the past or the future takes the rights now: what the giver is yet to get is not theirs to give."""
    assert set_role(member("hr"), None, "admin", policy=WITH_HR, expires_at=NOW) is Reason.BEYOND_OWN_RIGHTS
    manage = POLICY.index.mask(["workspace_members:manage"])
    lead = OrganizationRole(name="lead", organization_mask=0, base=manage, ceiling=POLICY.index.workspace_scope, rank=2)
    policy = replace(POLICY, organization_roles=(*POLICY.organization_roles, lead))
    soon = replace(member("lead"), workspaces={WORKSPACES[0]: Assignment("admin", starts_at=DAYS[4])})
    assert reason(assign(soon, bob("member"), "editor", policy=policy, starts_at=DAYS[4])) is Reason.BEYOND_OWN_RIGHTS
    passing = replace(member("admin"), expires_at=DAYS[5])
    assert set_role(passing, None, "lead", policy=policy) is Reason.BEYOND_OWN_RIGHTS, "a base counts in every workspace"
    assert set_role(passing, None, "lead", policy=policy, expires_at=DAYS[5]) is None


def test_a_grant_above_the_ceiling_names_the_cap() -> None:
    """A viewer is given no workspace role beyond view only; the refusal names the organization role and what is too much."""
    refusal = assign(member("owner"), bob("viewer"), "operator")
    assert refusal is not None
    assert refusal.reason is Reason.CEILING_EXCEEDED
    assert "organization role viewer" in refusal.detail
    assert "agents:run" in refusal.detail
    assert "dashboards:view" not in refusal.detail


def test_raising_a_person_grants_the_roles_that_wake() -> None:
    """Lowering to Viewer leaves workspace roles asleep; raising again is judged by what wakes, and so is the end of a suspension."""
    assert set_role(member("admin"), bob("member", one="editor"), "viewer") is None
    policy = replace(
        WITH_HR, organization_roles=(*WITH_HR.organization_roles[:4], replace(HR, organization_mask=HR.organization_mask | 1 << 16))
    )
    sleeping = bob("viewer", one="editor")
    assert set_role(member("hr"), bob("viewer"), "member", policy=policy) is None
    assert set_role(member("hr"), sleeping, "member", policy=policy) is Reason.BEYOND_OWN_RIGHTS
    assert set_role(member("admin"), sleeping, "member", policy=policy) is None
    rested = replace(bob("member", one="editor"), status=MembershipStatus.SUSPENDED)
    assert set_role(member("hr"), rested, "member", policy=policy, status=MembershipStatus.ACTIVE) is Reason.BEYOND_OWN_RIGHTS
    assert set_role(member("hr"), rested, "member", policy=policy) is Reason.BEYOND_OWN_RIGHTS, "a suspended person's role counts as awake"


def test_a_workspace_role_needs_an_active_member() -> None:
    """A stranger, a suspended, removed or expired member is given no workspace role."""
    inactive = [replace(bob("member"), status=status) for status in (MembershipStatus.SUSPENDED, MembershipStatus.REMOVED)]
    for target in (None, *inactive, replace(bob("member"), expires_at=NOW), replace(bob("member"), starts_at=DAYS[4])):
        assert reason(assign(member("owner"), target, "viewer")) is Reason.NOT_A_MEMBER


def test_another_organization_is_not_found() -> None:
    """A target or workspace of another organization answers as if it did not exist, and the refusal says nothing of it."""
    foreign = member("member", user=BOB, organization=THERE, one="viewer")
    owner = member("owner")
    assert set_role(owner, foreign, "viewer") is Reason.NOT_FOUND
    assert end(owner, foreign) is Reason.NOT_FOUND
    assert unassign(owner, foreign) is Reason.NOT_FOUND
    for home in (THERE, None):
        assert unassign(owner, bob("member", one="viewer"), home=home) is Reason.NOT_FOUND
    for refusal in (
        assign(owner, foreign, "viewer"),
        assign(owner, bob("member"), "viewer", home=THERE),
        assign(owner, bob("member"), "viewer", home=None),
    ):
        assert (reason(refusal), refusal.detail) == (Reason.NOT_FOUND, "")


def test_an_unknown_role_is_invalid_input() -> None:
    """A role that the policy does not hold is granted on neither level."""
    assert set_role(member("owner"), bob("member"), "king") is Reason.INVALID_INPUT
    assert reason(assign(member("owner"), bob("member"), "king")) is Reason.INVALID_INPUT


def test_before_and_after_are_one_person() -> None:
    """A change of person, a removal in disguise and workspace roles slipped into an organization's change are misuse."""
    actor = Actor(standing=member("owner"))
    before = bob("member", one="viewer")
    wrong = [
        (replace(before, user=UserId("usr_eve")), "one person"),
        (replace(before, status=MembershipStatus.REMOVED), "expected a membership"),
        (bob("member", one="admin"), "workspace roles to stay"),
        (bob("member", one="viewer", two="viewer"), "workspace roles to stay"),
    ]
    for after, problem in wrong:
        with pytest.raises(ValueError, match=problem):
            may_set_organization_role(POLICY, actor=actor, before=before, after=after, now=NOW)
    with pytest.raises(ValueError, match="workspace roles to stay"):
        may_set_organization_role(POLICY, actor=actor, before=None, after=before, now=NOW)


def test_a_permanent_owner_is_active_without_start_or_end() -> None:
    """Law 17: demotion, suspension, removal and an end date all lose a permanent owner; a grant of one gains it."""
    owner = member("owner")
    others = [
        None,
        member("admin"),
        replace(owner, expires_at=DAYS[6]),
        replace(owner, starts_at=DAYS[6]),
        replace(owner, status=MembershipStatus.SUSPENDED),
        replace(owner, status=MembershipStatus.REMOVED),
    ]
    assert permanent_owner(owner)
    for other in others:
        assert not permanent_owner(other)
        assert loses_owner(owner, other)
        assert not loses_owner(other, owner)
        assert not loses_owner(other, other)
    assert not loses_owner(owner, replace(owner, workspaces={WorkspaceId("wsp_one"): Assignment("viewer")}))


def test_a_capped_person_can_be_given_the_lowest_role_only() -> None:
    """An organization viewer can be let into a workspace as viewer, sees what the ceiling leaves, and can be given nothing above."""
    user, workspace, home = UserId("usr_bob"), WorkspaceId("wsp_one"), OrganizationId("org_here")
    owner = Actor(standing=Standing(user=UserId("usr_ann"), organization=home, role="owner"))
    capped = Standing(user=user, organization=home, role="viewer")

    def judged(role: str) -> Refusal | None:
        return may_set_workspace_role(
            POLICY,
            actor=owner,
            target=capped,
            workspace=workspace,
            workspace_organization=home,
            grant=Assignment(role),
            now=datetime(2026, 1, 1, tzinfo=UTC),
        )

    assert judged("viewer") is None
    for role in ("operator", "editor", "admin"):
        refusal = judged(role)
        assert refusal is not None
        assert refusal.reason is Reason.CEILING_EXCEEDED
    let_in = Standing(user=user, organization=home, role="viewer", workspaces={workspace: Assignment("viewer")})
    access = POLICY.access(let_in, now=datetime(2026, 1, 1, tzinfo=UTC), workspace=workspace, workspace_organization=home)
    assert access.permissions == ("dashboards:view", "reports:view")


def test_a_narrowed_key_changes_nothing_of_its_owner() -> None:
    """A key with scopes can neither take its owner out of the organization nor lay down its owner's roles."""
    home, workspace = OrganizationId("org_here"), WorkspaceId("wsp_one")
    own = Standing(user=UserId("usr_bob"), organization=home, role="member", workspaces={workspace: Assignment("editor")})
    now = datetime(2026, 1, 1, tzinfo=UTC)
    whole, narrow = Actor(standing=own), Actor(standing=own, scopes=frozenset({"dashboards:view"}))

    def leaves(actor: Actor) -> list[Refusal | None]:
        return [
            may_end_membership(POLICY, actor=actor, target=own, now=now),
            may_end_workspace_role(POLICY, actor=actor, target=own, workspace=workspace, workspace_organization=home, now=now),
        ]

    assert leaves(whole) == [None, None]
    assert [refusal.reason for refusal in leaves(narrow) if refusal is not None] == [Reason.DENIED] * 2
