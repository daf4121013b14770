"""The smallest change that turns a denial round.

Rules that this module keeps:

- the smallest changes the fewest rights elsewhere: in the organization and in every other workspace, compared with the membership as it
  was given, were it in force. So what a workspace role can give is never had by making somebody an admin of everything, and nobody is
  demoted because their membership has to be extended. Then it is the fewest changes; then the first by `change.KINDS`; then the fewest
  rights here; then the lowest roles, by rank and by name;
- it is found by trying, and judged by the policy itself, so it always turns the decision round;
- there is none exactly where nothing can be given: no role of the policy, under any ceiling, holds the permission, or the method table
  accepts nobody who could ask.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cache, partial
from typing import Final, TypeAlias

from ctsec.ids import WorkspaceId
from ctsec.rbac.change import (
    KINDS,
    AdmitMember,
    AskIn,
    AssignWorkspaceRole,
    Change,
    ChangeOrganizationRole,
    EndSuspension,
    Extend,
    StartNow,
    StepUp,
    UseMethod,
    WidenKeyScopes,
    WidenKeyWorkspaces,
    applied,
)
from ctsec.rbac.methods import STRONGER, Method, MethodTable, refuse_methods
from ctsec.rbac.permission import Scope
from ctsec.rbac.policy import Policy
from ctsec.rbac.question import Question, decide, lacks_entrance, lacks_factor
from ctsec.rbac.standing import Assignment, MembershipStatus, Standing

Plan: TypeAlias = tuple[Change, ...]
# No workspace has this id: it stands for every other one that the person has no role in.
_ELSEWHERE: Final = WorkspaceId("*")
Size: TypeAlias = tuple[int, int, tuple[int, ...], int, tuple[tuple[int, str], ...]]


@dataclass(frozen=True, slots=True)
class _Judge:
    """A policy at one instant, with the table that it is asked with."""

    policy: Policy
    now: datetime
    table: MethodTable | None

    def allows(self, question: Question) -> bool:
        return decide(self.policy, question, now=self.now, table=self.table).allowed

    def rights(self, standing: Standing | None, workspace: WorkspaceId | None) -> int:
        home = standing.organization if standing is not None else None
        return self.policy.effective(standing, now=self.now, workspace=workspace, workspace_organization=home)


def smallest(policy: Policy, question: Question, *, now: datetime, table: MethodTable | None = None) -> Plan:
    """Return the smallest changes that turn the denial of `question` into an allowing decision, or () if nothing can be given."""
    judge = _Judge(policy, now, table)
    reached = ((plan, applied(question, plan, now=now)) for plan in _plans(judge, question))
    allowed = [(plan, after) for plan, after in reached if judge.allows(after)]
    given = applied(question, _mended(question.standing, now), now=now).standing
    had = cache(partial(judge.rights, given))
    plan, _ = min(allowed, key=lambda each: _size(judge, *each, given=given, had=had), default=((), question))
    return plan


def _size(judge: _Judge, plan: Plan, after: Question, *, given: Standing | None, had: Callable[[WorkspaceId | None], int]) -> Size:
    """Return how large a plan is, for comparing: rights changed elsewhere, changes, their kinds, rights changed here, roles.

    `after` is the question as the plan leaves it, `given` the person before it, and `had` what that person has in a place.
    """
    here = after.workspace
    places: set[WorkspaceId | None] = {None, _ELSEWHERE, here}
    for standing in (given, after.standing):
        if standing is not None:
            places |= {*standing.assignments, *(each.workspace for each in standing.elevations)}
    changed = {place: had(place) ^ judge.rights(after.standing, place) for place in places}
    elsewhere = sum(mask.bit_count() for place, mask in changed.items() if place != here)
    kinds = tuple(KINDS.index(type(change)) for change in plan)
    return elsewhere, len(plan), kinds, changed[here].bit_count(), tuple(_height(judge.policy, change) for change in plan)


def _height(policy: Policy, change: Change) -> tuple[int, str]:
    match change:
        case AdmitMember(role) | ChangeOrganizationRole(role):
            organization_role = policy.organization_role(role)
            return (organization_role.rank if organization_role is not None else 0, role)
        case AssignWorkspaceRole(role):
            workspace_role = policy.workspace_role(role)
            return (workspace_role.rank if workspace_role is not None else 0, role)
        case StepUp(method) | UseMethod(method):
            return (_STRENGTH.index(method), method)
        case AskIn(workspace=workspace):
            return (0, workspace or "")
        case _:
            return (0, "")


_STRENGTH: Final = tuple(Method)


def _plans(judge: _Judge, question: Question) -> Iterator[Plan]:
    """Yield plans among which the smallest is: membership, place, workspace role, credential, in this order."""
    scope = judge.policy.index.scope_of(question.permission)
    standing = question.standing
    mended = _mended(standing, judge.now)
    kept = standing is not None and standing.status is not MembershipStatus.REMOVED and judge.policy.organization_role(standing.role)
    found = False
    if kept:
        for plan in _placed(judge, question, mended, scope):
            found = found or judge.allows(applied(question, plan, now=judge.now))
            yield plan
    # Who keeps the role changes nothing elsewhere, so another organization role can be smaller only if keeping it leads nowhere.
    if not found:
        for change in _organization_roles(judge.policy, question, scope):
            yield from _placed(judge, question, (*mended, change), scope)


def _mended(standing: Standing | None, now: datetime) -> Plan:
    if standing is None or standing.status is MembershipStatus.REMOVED:
        return ()
    ended: Plan = (EndSuspension(),) if standing.status is MembershipStatus.SUSPENDED else ()
    return (*ended, *_in_force(standing, Scope.ORGANIZATION, now))


def _in_force(period: Standing | Assignment, scope: Scope, now: datetime) -> Plan:
    if period.starts_at is not None and now < period.starts_at:
        return (StartNow(scope),)
    return (Extend(scope),) if period.expires_at is not None and period.expires_at <= now else ()


def _organization_roles(policy: Policy, question: Question, scope: Scope) -> Iterator[AdmitMember | ChangeOrganizationRole]:
    bit = policy.index.bit(question.permission)
    standing = question.standing
    # A role that is held besides for a time gives, and widens the ceiling, whatever the role of the membership is.
    raised = standing is not None and any(each.workspace is None for each in standing.elevations)
    for role in policy.organization_roles:
        if not raised and not bit & (role.organization_mask if scope is Scope.ORGANIZATION else role.ceiling):
            continue
        if standing is None or standing.status is MembershipStatus.REMOVED:
            yield AdmitMember(role.name)
        elif role.name != standing.role:
            yield ChangeOrganizationRole(role.name)


def _placed(judge: _Judge, question: Question, membership: Plan, scope: Scope) -> Iterator[Plan]:
    after = applied(question, membership, now=judge.now)
    if scope is Scope.ORGANIZATION:
        asked: Plan = (AskIn(scope),) if after.workspace is not None else ()
        yield from _credentialed(judge, question, (*membership, *asked))
        return
    for place in _places(judge, question, after):
        for role in _workspace_roles(judge, applied(after, place, now=judge.now)):
            yield from _credentialed(judge, question, (*membership, *place, *role))


def _places(judge: _Judge, question: Question, after: Question) -> Iterator[Plan]:
    """Yield where to ask for a permission of the workspaces: here, or where the person holds it already, or anywhere.

    `after` is the question with the membership changed. Of the workspaces the one whose rights that changes most is asked in: what changes
    there does not count as elsewhere.
    """
    standing = after.standing
    if standing is None or (after.workspace is not None and after.workspace_organization == standing.organization):
        yield ()
        return
    bit = judge.policy.index.bit(after.permission)
    given = applied(question, _mended(question.standing, judge.now), now=judge.now).standing
    rights = {each: judge.rights(standing, each) for each in standing.assignments}
    held = sorted(
        (each for each, mask in rights.items() if mask & bit),
        key=lambda each: (-(judge.rights(given, each) ^ rights[each]).bit_count(), each),
    )
    for candidates in (held, [each for each in held if each in (after.workspaces or ())]):
        yield from ((AskIn(Scope.WORKSPACE, each),) for each in candidates[:1])
    yield (AskIn(Scope.WORKSPACE),)


def _workspace_roles(judge: _Judge, question: Question) -> Iterator[Plan]:
    yield ()
    standing, workspace = question.standing, question.workspace
    held = standing.assignments.get(workspace) if standing is not None and workspace is not None else None
    if held is not None and (mended := _in_force(held, Scope.WORKSPACE, judge.now)):
        yield mended
    bit = judge.policy.index.bit(question.permission)
    yield from ((AssignWorkspaceRole(role.name),) for role in judge.policy.workspace_roles if role.mask & bit)


def _credentialed(judge: _Judge, question: Question, plan: Plan) -> Iterator[Plan]:
    """Yield `plan` with what the key or the way of authenticating lacks."""
    for method in _methods(judge, question):
        after = applied(question, (*plan, *method), now=judge.now)
        widened: list[Change] = []
        if after.scopes is not None and after.permission not in after.scopes:
            widened.append(WidenKeyScopes(after.permission))
        if after.workspaces is not None and after.workspace not in after.workspaces:
            widened.append(WidenKeyWorkspaces())
        yield (*plan, *method, *widened)


def _methods(judge: _Judge, question: Question) -> Iterable[Plan]:
    if lacks_entrance(question, now=judge.now):
        return ()  # no change of this session helps: another one does, through the provider
    lacking = lacks_factor(question, now=judge.now)
    if judge.table is None and not lacking:
        return ((),)
    accepted = judge.table.accepted(question.permission) if judge.table is not None else frozenset(Method)
    methods = question.methods or frozenset()
    if refuse_methods(accepted, methods) is None and not lacking:
        return ((),)
    if lacking and Method.SESSION in accepted:
        accepted |= set(STRONGER)
    ups: list[Plan] = [(StepUp(each),) for each in STRONGER if each in accepted and Method.SESSION in methods]
    return (*ups, *((UseMethod(each),) for each in Method if each in accepted))
