"""Every plan there is, tried one after the other: what the smallest change is compared with."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

from hypothesis import strategies as st

from ctsec.ids import WorkspaceId
from ctsec.rbac import (
    AdmitMember,
    AskIn,
    AssignWorkspaceRole,
    ChangeOrganizationRole,
    EndSuspension,
    Extend,
    MembershipStatus,
    Method,
    MethodTable,
    Question,
    Scope,
    StartNow,
    StepUp,
    UseMethod,
    WidenKeyScopes,
    WidenKeyWorkspaces,
    applied,
)
from ctsec.rbac.change import KINDS
from ctsec.rbac.question import decide
from tests.unit.rbac.reference import HERE, THERE, WORKSPACES, standings

PLACES = (
    {},
    *({"workspace": each, "workspace_organization": HERE} for each in (*WORKSPACES, WorkspaceId("wsp_other"))),
    {"workspace": WORKSPACES[0], "workspace_organization": THERE},
    {"workspace": WORKSPACES[0], "workspace_organization": None},
)


METHODS = st.sampled_from([None, frozenset(), *(frozenset(list(Method)[:n]) for n in (1, 2, 3)), frozenset({Method.API_KEY})])
PINNED = st.one_of(st.none(), st.frozensets(st.sampled_from(WORKSPACES)))
SOMEWHERE = st.sampled_from(PLACES)


@st.composite
def tables(draw: Any, policy: Any) -> Any:
    """Draw a method table over a policy, or none."""
    rows = draw(rows_of(policy.permissions))
    return None if rows is None else MethodTable.of(policy.index, rows)


@cache
def rows_of(permissions: Any) -> Any:
    """Draw which methods some of these permissions take, or none of it."""
    return st.one_of(st.none(), st.dictionaries(st.sampled_from(permissions), st.frozensets(st.sampled_from(list(Method)), min_size=1)))


@cache
def narrowed(permissions: Any) -> Any:
    """Draw what a key is narrowed to, or that it is not."""
    return st.one_of(st.none(), st.frozensets(st.sampled_from(permissions)))


@cache
def askers(roles: Any) -> Any:
    """Draw nobody, anybody, or somebody with one of these roles."""
    return st.one_of(st.none(), standings(), standings(roles=roles))


@st.composite
def questions(draw: Any, policy: Any, *, key: Any = True) -> Any:
    """Draw a question about any permission in any place, through a session, a key or nothing."""
    return Question(
        standing=draw(askers(tuple(role.name for role in policy.organization_roles))),
        permission=draw(st.sampled_from(policy.permissions)),
        scopes=draw(narrowed(policy.permissions)) if key else None,
        workspaces=draw(PINNED) if key else None,
        methods=draw(METHODS),
        **draw(SOMEWHERE),
    )


def slots(policy: Any, question: Any, table: Any) -> Any:
    """Return the changes there are, in groups of which a plan takes one each or none, in the order in which they are made."""
    permission, standing = question.permission, question.standing
    held = list(standing.workspaces) if standing is not None else []
    both = (Scope.ORGANIZATION, Scope.WORKSPACE)
    organization_roles = [role.name for role in policy.organization_roles]
    # A method is offered only where the table refuses the one that was used.
    refused = table is not None and not (question.methods or set()) & table.accepted(permission)
    return [
        [EndSuspension()],
        [StartNow(Scope.ORGANIZATION), Extend(Scope.ORGANIZATION)],
        [kind(role) for kind in (AdmitMember, ChangeOrganizationRole) for role in organization_roles],
        [*(AskIn(each) for each in both), *(AskIn(Scope.WORKSPACE, each) for each in held)],
        [StartNow(Scope.WORKSPACE), Extend(Scope.WORKSPACE), *(AssignWorkspaceRole(role.name) for role in policy.workspace_roles)],
        [*(StepUp(each) for each in Method), *(UseMethod(each) for each in Method)] if refused else [],
        [WidenKeyScopes(permission)],
        [WidenKeyWorkspaces()],
    ]


def height(policy: Any, change: Any) -> Any:
    """Return the rank and name that a change gives."""
    ranks = {
        AdmitMember: {role.name: role.rank for role in policy.organization_roles},
        ChangeOrganizationRole: {role.name: role.rank for role in policy.organization_roles},
        AssignWorkspaceRole: {role.name: role.rank for role in policy.workspace_roles},
    }
    if type(change) in ranks:
        return (ranks[type(change)][change.role], change.role)
    if isinstance(change, (StepUp, UseMethod)):
        return (list(Method).index(change.method), change.method)
    return (0, change.workspace or "" if isinstance(change, AskIn) else "")


def measure(policy: Any, before: Any, after: Any, plan: Any, *, now: Any) -> Any:
    """Return the size of a plan: rights changed elsewhere, changes, kinds, rights changed here, heights."""

    def rights(standing: Any, place: Any) -> Any:
        home = standing.organization if standing is not None else None
        return set(policy.index.names_of(policy.effective(standing, now=now, workspace=place, workspace_organization=home)))

    given = before.standing
    if given is not None and given.status is not MembershipStatus.REMOVED:
        given = replace(given, status=MembershipStatus.ACTIVE, starts_at=None, expires_at=None)
    people = [standing for standing in (given, after.standing) if standing is not None]
    held = [place for each in people for place in (*each.workspaces, *(raised.workspace for raised in each.elevations))]
    places = {None, WorkspaceId("wsp_elsewhere"), after.workspace, *held}
    changed = {place: len(rights(given, place) ^ rights(after.standing, place)) for place in places}
    here = changed.pop(after.workspace)
    kinds = tuple(KINDS.index(type(change)) for change in plan)
    return sum(changed.values()), len(plan), kinds, here, tuple(height(policy, change) for change in plan)


def smallest_of_all(policy: Any, question: Any, *, now: Any, table: Any = None) -> Any:
    """Return the smallest of all plans that turn the decision round, found by making every one of them; None if there is none."""
    reached: dict[Any, Any] = {question: ()}
    for group in slots(policy, question, table):
        for state, plan in list(reached.items()):
            for change in group:
                try:
                    after = applied(state, [change], now=now)
                except ValueError:
                    continue
                if isinstance(change, AskIn) and change.workspace is not None and not held_there(policy, after, now):
                    continue
                longer = (*plan, change)
                # States alone decide, so of the ways to one of them only the first counts.
                if after not in reached or path(policy, longer) < path(policy, reached[after]):
                    reached[after] = longer
    allowing = [plan for state, plan in reached.items() if decide(policy, state, now=now, table=table)]
    return min(allowing, key=lambda plan: measure(policy, question, applied(question, plan, now=now), plan, now=now), default=None)


def held_there(policy: Any, question: Any, now: Any) -> Any:
    """Say whether the person's roles give the permission in the place: only such a workspace is worth naming."""
    return decide(policy, replace(question, scopes=None, workspaces=None), now=now).allowed


def path(policy: Any, plan: Any) -> Any:
    """Return what of a plan's size is not in the state that it leads to."""
    return len(plan), tuple(KINDS.index(type(change)) for change in plan), tuple(height(policy, change) for change in plan)
