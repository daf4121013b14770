"""Explanations: the decision that they explain, what decided, and the smallest change that turns a denial round."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ctsec.errors import UnknownPermission
from ctsec.ids import OrganizationId, WorkspaceId
from ctsec.principal import Credential, CredentialKind
from ctsec.rbac import (
    AdmitMember,
    AskIn,
    AssignWorkspaceRole,
    Cause,
    ChangeOrganizationRole,
    DecisionReason,
    EndSuspension,
    Extend,
    MembershipStatus,
    Method,
    MethodTable,
    Question,
    Rule,
    Scope,
    StartNow,
    StepUp,
    UseMethod,
    WidenKeyScopes,
    WidenKeyWorkspaces,
    applied,
    explain,
)
from ctsec.rbac.decision import DECISIONS
from ctsec.rbac.explanation import explain_question
from ctsec.rbac.preset import POLICY, Permission
from ctsec.rbac.question import decide
from ctsec.rbac.role import OrganizationRole
from ctsec.rbac.standing import Assignment, Elevation
from tests.unit.rbac.exhaustive import questions, smallest_of_all, tables
from tests.unit.rbac.reference import DAYS, HERE, NOW, PRESETS, THERE, WORKSPACES, member, policies

ONE: dict[str, Any] = {"workspace": WORKSPACES[0], "workspace_organization": HERE}
RUN = Permission.AGENTS_RUN
any_policy = st.one_of(st.sampled_from(PRESETS), policies())


@given(policy=any_policy, data=st.data(), now=st.sampled_from(DAYS))
def test_the_decision_explained_is_the_one_that_access_gives(policy: Any, data: Any, now: Any) -> None:
    """Law 20: an explanation's decision is that of Access.check, narrowed by a key or not, and without a key that of Policy.check."""
    asked = data.draw(questions(policy))
    place = {"workspace": asked.workspace, "workspace_organization": asked.workspace_organization}
    explained = explain(policy, asked.standing, asked.permission, now=now, scopes=asked.scopes, workspaces=asked.workspaces, **place)
    access = policy.access(asked.standing, now=now, scopes=asked.scopes, workspaces=asked.workspaces, **place)
    assert explained.decision is access.check(asked.permission)
    plain = explain(policy, asked.standing, asked.permission, now=now, **place)
    assert plain.decision is policy.check(asked.standing, asked.permission, now=now, **place)


def can_be_given(policy: Any, permission: Any) -> bool:
    bit = policy.index.bit(permission)
    masks = [0, *(role.mask for role in policy.workspace_roles)]
    held = [role.organization_mask | (role.base | mask) & role.ceiling for role in policy.organization_roles for mask in masks]
    return any(each & bit for each in held)


@given(policy=any_policy, data=st.data(), now=st.sampled_from(DAYS))
def test_doing_what_is_missing_turns_a_denial_round(policy: Any, data: Any, now: Any) -> None:
    """Law 20: every denial names changes that make the policy allow, unless no role holds the permission; what is allowed names none."""
    asked, table = data.draw(questions(policy)), data.draw(tables(policy))
    explained = explain_question(policy, asked, now=now, table=table)
    assert explained.because
    assert bool(explained.missing) == (not explained.decision.allowed and can_be_given(policy, asked.permission))
    if explained.missing:
        assert decide(policy, applied(asked, explained.missing, now=now), now=now, table=table).allowed


@settings(max_examples=150)
@given(policy=any_policy, data=st.data())
def test_nothing_smaller_would_do(policy: Any, data: Any) -> None:
    """Of all plans there are, tried one by one, `missing` is the smallest: fewest rights elsewhere, then fewest changes, then its order."""
    asked, table = data.draw(questions(policy)), data.draw(tables(policy))
    explained = explain_question(policy, asked, now=NOW, table=table)
    if not explained.decision.allowed:
        assert explained.missing == (smallest_of_all(policy, asked, now=NOW, table=table) or ())


@pytest.mark.parametrize("permission", [Permission.AGENTS_RUN, Permission.WORKSPACES_MANAGE])
def test_a_role_for_a_time_counts_towards_the_smallest_change(permission: Any) -> None:
    """Whose own role the policy does not know needs the lowest one only, where a role held for a time gives the rest."""
    held = Elevation(role="admin", starts_at=NOW, expires_at=NOW + timedelta(days=1))
    asked = Question(standing=person("custom", None, elevations=(held,)), permission=permission)
    explained = explain_question(POLICY, asked, now=NOW)
    assert explained.missing == smallest_of_all(POLICY, asked, now=NOW)
    assert explained.missing[0] == ChangeOrganizationRole("viewer")


@pytest.mark.parametrize("wider", [0, 1])
def test_the_place_is_where_most_changes_anyway(wider: int) -> None:
    """Where another organization role is needed, the workspace is named whose rights it changes most: the least changes elsewhere."""
    roles = {WORKSPACES[wider]: Assignment("admin"), WORKSPACES[1 - wider]: Assignment("operator")}
    asked = Question(standing=replace(member("viewer"), workspaces=roles), permission=Permission.AGENTS_RUN)
    missing = explain_question(POLICY, asked, now=NOW).missing
    assert missing == smallest_of_all(POLICY, asked, now=NOW)
    assert missing == (ChangeOrganizationRole("member"), AskIn(Scope.WORKSPACE, WORKSPACES[wider]))


def person(role: Any, held: Any, **more: Any) -> Any:
    return replace(member(role), workspaces={WORKSPACES[0]: held} if held else {}, **more)


@pytest.mark.parametrize("role", ["viewer", "member", "admin", "owner"])
@pytest.mark.parametrize("held", [None, "viewer", "operator", "editor", "admin"])
def test_nothing_smaller_would_do_for_any_cell_of_the_preset(role: Any, held: Any) -> None:
    """For each pair of roles and each permission of the built-in policy, the change named is the smallest of all."""
    standing = person(role, Assignment(held) if held else None)
    for permission in Permission:
        place = ONE if POLICY.index.scope_of(permission) is Scope.WORKSPACE else {}
        asked = Question(standing=standing, permission=permission, **place)
        explained = explain_question(POLICY, asked, now=NOW)
        assert bool(explained.missing) != explained.decision.allowed
        if explained.missing:
            assert explained.missing == smallest_of_all(POLICY, asked, now=NOW)


EXPIRED: dict[str, Any] = {"expires_at": DAYS[2]}
LATER: dict[str, Any] = {"starts_at": DAYS[5]}
CASES: list[tuple[Any, Any, Any, Any]] = [
    (member("member", one="viewer"), RUN, ONE, (AssignWorkspaceRole("operator"),)),
    (member("member"), RUN, ONE, (AssignWorkspaceRole("operator"),)),
    (member("viewer"), RUN, ONE, (ChangeOrganizationRole("member"), AssignWorkspaceRole("operator"))),
    (member("viewer", one="editor"), RUN, ONE, (ChangeOrganizationRole("member"),)),
    (member("viewer"), "dashboards:view", ONE, (AssignWorkspaceRole("viewer"),)),
    (member("member"), "billing:manage", {}, (ChangeOrganizationRole("owner"),)),
    (member("member"), "members:manage", {}, (ChangeOrganizationRole("admin"),)),
    (member("gone", one="editor"), RUN, ONE, (ChangeOrganizationRole("member"),)),
    (None, RUN, ONE, (AdmitMember("member"), AssignWorkspaceRole("operator"))),
    (None, "api_keys:manage", {}, (AdmitMember("viewer"),)),
    (person("admin", None, status=MembershipStatus.REMOVED), RUN, ONE, (AdmitMember("member"), AssignWorkspaceRole("operator"))),
    (person("admin", None, status=MembershipStatus.SUSPENDED), RUN, ONE, (EndSuspension(),)),
    (person("admin", None, status=MembershipStatus.SUSPENDED, **EXPIRED), RUN, ONE, (EndSuspension(), Extend(Scope.ORGANIZATION))),
    (person("admin", None, **LATER), RUN, ONE, (StartNow(Scope.ORGANIZATION),)),
    (person("member", Assignment("editor", **EXPIRED)), RUN, ONE, (Extend(Scope.WORKSPACE),)),
    (person("member", Assignment("editor", **LATER)), RUN, ONE, (StartNow(Scope.WORKSPACE),)),
    (person("member", Assignment("viewer", **EXPIRED)), RUN, ONE, (AssignWorkspaceRole("operator"),)),
    (member("member", one="gone"), RUN, ONE, (AssignWorkspaceRole("operator"),)),
    (member("owner"), "billing:manage", ONE, (AskIn(Scope.ORGANIZATION),)),
    (member("owner"), RUN, {}, (AskIn(Scope.WORKSPACE),)),
    (member("member", one="viewer", two="editor"), RUN, {}, (AskIn(Scope.WORKSPACE, WORKSPACES[1]),)),
    (member("owner"), RUN, {"workspace": WORKSPACES[0], "workspace_organization": THERE}, (AskIn(Scope.WORKSPACE),)),
    (member("admin"), RUN, {"scopes": frozenset(), **ONE}, (WidenKeyScopes(RUN),)),
    (member("admin"), RUN, {"workspaces": frozenset(), **ONE}, (WidenKeyWorkspaces(),)),
    (member("member"), RUN, {"scopes": frozenset(), **ONE}, (AssignWorkspaceRole("operator"), WidenKeyScopes(RUN))),
    (member("owner"), RUN, ONE, ()),
]


@pytest.mark.parametrize(("standing", "permission", "place", "missing"), CASES)
def test_the_smallest_change_is_the_one_that_an_administrator_would_make(standing: Any, permission: Any, place: Any, missing: Any) -> None:
    """In the built-in policy each kind of denial names the lowest role, in the smallest place, that would do."""
    assert explain(POLICY, standing, permission, now=NOW, **place).missing == missing


KEY = Credential(kind=CredentialKind.API_KEY, id="key_x")
SESSION = Credential(kind=CredentialKind.SESSION, id="ses_x")
TABLE = MethodTable.of(POLICY.index, {RUN: [Method.FRESH_SECOND_FACTOR], "dashboards:view": [Method.API_KEY, Method.SESSION]})


@pytest.mark.parametrize(
    ("permission", "credential", "reason", "missing"),
    [
        (RUN, SESSION, "step_up_required", (StepUp(Method.FRESH_SECOND_FACTOR),)),
        (RUN, KEY, "credential_not_accepted", (UseMethod(Method.FRESH_SECOND_FACTOR),)),
        (RUN, None, "credential_not_accepted", (UseMethod(Method.FRESH_SECOND_FACTOR),)),
        ("connections:manage", KEY, "credential_not_accepted", (UseMethod(Method.SESSION),)),
        ("dashboards:view", KEY, "allowed_by_organization_role", ()),
    ],
)
def test_the_way_of_authenticating_is_explained_too(permission: Any, credential: Any, reason: Any, missing: Any) -> None:
    """With a method table the decision is judged by it as well, the table is named, and what is missing is a step-up or another way in."""
    explained = explain(POLICY, member("admin"), permission, now=NOW, table=TABLE, credential=credential, **ONE)
    assert (explained.decision.reason, explained.missing) == (reason, missing)
    assert (Cause(rule=Rule.METHODS) in explained.because) == bool(missing)


@given(policy=any_policy, data=st.data(), now=st.sampled_from(DAYS))
def test_the_ceiling_is_named_exactly_if_lifting_it_turns_the_answer_round(policy: Any, data: Any, now: Any) -> None:
    """Law 7: `because` names the ceiling iff without it the person would be allowed, a key's scopes set aside."""
    asked = data.draw(questions(policy))
    lifted = replace(
        policy, organization_roles=tuple(replace(each, ceiling=policy.index.workspace_scope) for each in policy.organization_roles)
    )
    explained = explain_question(policy, asked, now=now)
    free = replace(asked, scopes=None)
    flips = not decide(policy, free, now=now).allowed and decide(lifted, free, now=now).allowed
    assert any(cause.rule is Rule.CEILING for cause in explained.because) == flips


def test_every_ceiling_that_withholds_is_named() -> None:
    """What an organization role gives for a time and neither its ceiling nor the lasting one lets through is withheld by both."""
    index = POLICY.index
    narrow = OrganizationRole(name="narrow", organization_mask=0, base=index.mask(["agents:run"]), ceiling=index.mask(["reports:view"]))
    policy = replace(POLICY, organization_roles=(*POLICY.organization_roles, narrow))
    raised = Elevation(role="narrow", starts_at=DAYS[0], expires_at=DAYS[6])
    explained = explain(policy, replace(member("viewer"), elevations=(raised,)), "agents:run", now=NOW, **ONE)
    assert explained.decision.reason == "capped_by_organization_role"
    assert explained.because == (
        Cause(rule=Rule.ELEVATION, gives=True, role="narrow"),
        Cause(rule=Rule.CEILING, role="viewer"),
        Cause(rule=Rule.CEILING, role="narrow"),
    )


def only(policy: Any, asked: Any, causes: Any) -> Any:
    """Return the policy and question in which only the causes are left: grants not named are gone, restrictions not named are lifted."""
    named = {(cause.rule, cause.role) for cause in causes}
    rules = {cause.rule for cause in causes}
    granting = any(cause.gives for cause in causes)
    scope = policy.index.workspace_scope

    def mask(rule: Any, role: Any, value: Any) -> Any:
        return value if {(rule, role), (Rule.ELEVATION, role)} & named or not granting else 0

    reduced = replace(
        policy,
        organization_roles=tuple(
            replace(
                role,
                organization_mask=mask(Rule.ORGANIZATION_MASK, role.name, role.organization_mask),
                base=mask(Rule.BASE, role.name, role.base),
                ceiling=role.ceiling if (Rule.CEILING, role.name) in named else scope,
            )
            for role in policy.organization_roles
        ),
        workspace_roles=tuple(replace(role, mask=mask(Rule.WORKSPACE_MASK, role.name, role.mask)) for role in policy.workspace_roles),
    )
    standing = asked.standing
    if standing is not None and Rule.MEMBERSHIP not in rules:
        standing = replace(standing, status=MembershipStatus.ACTIVE)
    if standing is not None and Rule.MEMBERSHIP_PERIOD not in rules:
        standing = replace(standing, starts_at=None, expires_at=None)
    if standing is not None and granting and Rule.ELEVATION not in rules:
        standing = replace(standing, elevations=())
    if standing is not None and Rule.ASSIGNMENT_PERIOD not in rules:
        standing = replace(standing, workspaces={place: Assignment(each.role) for place, each in standing.workspaces.items()})
    return reduced, replace(
        asked,
        standing=standing,
        scopes=asked.scopes if Rule.KEY_SCOPES in rules else None,
        workspaces=asked.workspaces if Rule.KEY_WORKSPACES in rules else None,
    )


@given(policy=any_policy, data=st.data(), now=st.sampled_from(DAYS))
def test_the_named_rules_alone_give_the_same_decision(policy: Any, data: Any, now: Any) -> None:
    """Law 20: without the grants that are not named, and with the restrictions that are not named lifted, the decision stays the same."""
    asked = data.draw(questions(policy))
    explained = explain_question(policy, asked, now=now)
    reduced, question = only(policy, asked, explained.because)
    assert decide(reduced, question, now=now).allowed is explained.decision.allowed
    assert any(cause.gives for cause in explained.because) >= explained.decision.allowed


@given(policy=any_policy, data=st.data(), now=st.sampled_from(DAYS))
def test_nothing_of_another_organization_shows(policy: Any, data: Any, now: Any) -> None:
    """Law 8: another organization's workspace, one that does not exist and a third one's are explained alike, and no id of theirs shows."""
    asked = replace(data.draw(questions(policy)), workspace=WorkspaceId("wsp_secret"), workspaces=None)
    homes = (THERE, None, OrganizationId("org_third"), *((HERE,) if asked.standing is None else ()))
    explained = {home: explain_question(policy, replace(asked, workspace_organization=home), now=now) for home in homes}
    assert len(set(explained.values())) == 1
    text = repr(explained[None]) + str(explained[None])
    assert not any(name in text for name in ("wsp_secret", "org_", "usr_"))


@given(policy=any_policy, data=st.data())
def test_order_means_nothing(policy: Any, data: Any) -> None:
    """Law 10: the order of the policy's roles and of the person's workspaces changes no explanation."""
    asked = data.draw(questions(policy))
    shuffled = replace(
        policy,
        organization_roles=tuple(data.draw(st.permutations(policy.organization_roles))),
        workspace_roles=tuple(data.draw(st.permutations(policy.workspace_roles))),
    )
    standing = asked.standing
    if standing is not None:
        standing = replace(standing, workspaces=dict(data.draw(st.permutations(list(standing.workspaces.items())))))
    assert explain_question(shuffled, replace(asked, standing=standing), now=NOW) == explain_question(policy, asked, now=NOW)


def test_an_explanation_reads_as_a_sentence() -> None:
    """The text names the reason, the rules that decided and what is missing, in words of the policy."""
    explained = explain(POLICY, member("viewer", one="editor"), RUN, now=NOW, scopes=frozenset(), **ONE)
    assert str(explained) == (
        "capped_by_organization_role: workspace_mask of editor gives it, ceiling of viewer withholds it; "
        "missing: change the organization role to member, add agents:run to the scopes of the key"
    )


def test_an_unknown_permission_raises() -> None:
    """A name outside of the policy is a mistake in the code, explained to nobody."""
    with pytest.raises(UnknownPermission):
        explain(POLICY, member("owner"), "agents:dance", now=NOW, **ONE)


@pytest.mark.parametrize(
    ("standing", "place", "change"),
    [
        (None, ONE, AssignWorkspaceRole("editor")),
        (None, ONE, EndSuspension()),
        (None, {}, AskIn(Scope.WORKSPACE)),
        (member("owner"), {}, AssignWorkspaceRole("editor")),
        (member("owner"), ONE, Extend(Scope.WORKSPACE)),
        (member("owner"), {}, AskIn(Scope.WORKSPACE, WORKSPACES[0])),
        (member("owner"), ONE, AdmitMember("member")),
        (member("owner"), ONE, StepUp(Method.SECOND_FACTOR)),
        (member("owner"), {}, AskIn(Scope.ORGANIZATION)),
        (member("owner"), ONE, AskIn(Scope.WORKSPACE)),
        (member("owner"), ONE, WidenKeyScopes(RUN)),
        (member("owner"), ONE, WidenKeyWorkspaces()),
    ],
)
def test_a_change_that_does_not_fit_is_refused(standing: Any, place: Any, change: Any) -> None:
    """A change that has nothing to change in the question is an error and no silent other change."""
    with pytest.raises(ValueError, match="expected"):
        applied(Question(standing=standing, permission=RUN, **place), [change], now=NOW)


def test_every_reason_of_the_roles_is_explained() -> None:
    """Each reason that roles, a key and a table can give occurs among the cases above, so none is explained by accident."""
    found = {explain(POLICY, who, what, now=NOW, **place).decision.reason for who, what, place, _ in CASES}
    of_tables_and_conditions = {"step_up_required", "credential_not_accepted", "outside_network", "outside_hours", "own_request"}
    told_elsewhere = {DecisionReason.ALLOWED_BY_WORKSPACE_ROLE, DecisionReason.ALLOWED_BY_ELEVATION, DecisionReason.UNKNOWN_FACT}
    rest = {DecisionReason.MFA_REQUIRED, DecisionReason.SSO_REQUIRED, *told_elsewhere, *of_tables_and_conditions}
    assert found == set(DECISIONS) - rest


def test_time_passes_in_no_explanation() -> None:
    """An explanation made before an end says allowed, one made at the end names the extension."""
    standing = person("member", Assignment("editor", expires_at=NOW))
    before = explain(POLICY, standing, RUN, now=NOW - timedelta(microseconds=1), **ONE)
    assert (before.missing, before.decision.allowed) == ((), True)
    assert explain(POLICY, standing, RUN, now=NOW, **ONE).missing == (Extend(Scope.WORKSPACE),)
