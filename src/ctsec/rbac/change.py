"""Changes that could turn a denial round: what somebody would have to give, extend or do, as values, and what follows from doing it.

Rules that this module keeps:

- a change is hypothetical: `applied` returns another question and writes nothing; whether an actor may make it is asked of
  `ctsec.rbac.writes`;
- a change names roles and permissions of the policy; of persons, organizations and workspaces none but a workspace that the person has a
  role in;
- a change that does not fit the question (an assignment for somebody who is no member) is a ValueError;
- changes have an order, `KINDS`: what goes on with a decision made before, before a new decision; a key, before a role; a workspace, before
  the organization.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final, TypeAlias

from ctsec.ids import OrganizationId, UserId, WorkspaceId
from ctsec.rbac.methods import IMPLIED, STRONGER, Method
from ctsec.rbac.permission import Scope
from ctsec.rbac.question import Question
from ctsec.rbac.standing import Assignment, MembershipStatus, Standing

# They stand for any workspace without a role, for a person and an organization that a question without a standing does not name.
SOME_WORKSPACE: Final = WorkspaceId("")
_SOMEBODY: Final = UserId("")
_SOMEWHERE: Final = OrganizationId("")


@dataclass(frozen=True, slots=True)
class AskIn:
    """Ask in the organization, or in a workspace of it: the question was put in the wrong place.

    `workspace` is one in which the person's roles give the permission already; without it any other is meant.
    """

    scope: Scope
    workspace: WorkspaceId | None = None

    def __str__(self) -> str:
        if self.scope is Scope.ORGANIZATION:
            return "ask in the organization"
        return "ask in a workspace of the organization" if self.workspace is None else f"ask in the workspace {self.workspace}"


@dataclass(frozen=True, slots=True)
class StepUp:
    """Prove a second factor in the session at hand, or prove it again."""

    method: Method

    def __str__(self) -> str:
        return "prove a second factor" + (" again" if self.method is Method.FRESH_SECOND_FACTOR else "")


@dataclass(frozen=True, slots=True)
class EndSuspension:
    """Make the suspended membership active again."""

    def __str__(self) -> str:
        return "end the suspension"


@dataclass(frozen=True, slots=True)
class StartNow:
    """Let the membership (`organization`) or the workspace role (`workspace`) begin now instead of later."""

    scope: Scope

    def __str__(self) -> str:
        return f"let the {_PERIOD[self.scope]} begin now"


@dataclass(frozen=True, slots=True)
class Extend:
    """Let the membership (`organization`) or the workspace role (`workspace`) go on after its end; until when is the giver's choice."""

    scope: Scope

    def __str__(self) -> str:
        return f"extend the {_PERIOD[self.scope]}"


@dataclass(frozen=True, slots=True)
class WidenKeyScopes:
    """Add the permission to the scopes of the key."""

    permission: str

    def __str__(self) -> str:
        return f"add {self.permission} to the scopes of the key"


@dataclass(frozen=True, slots=True)
class WidenKeyWorkspaces:
    """Add the workspace to those of the key, or, for what is held in the organization, take a key that is not narrowed to workspaces."""

    def __str__(self) -> str:
        return "let the key act here"


@dataclass(frozen=True, slots=True)
class UseMethod:
    """Authenticate in another way: a session, or a key that is not narrowed."""

    method: Method

    def __str__(self) -> str:
        return f"authenticate by {self.method}"


@dataclass(frozen=True, slots=True)
class AssignWorkspaceRole:
    """Give the workspace role, in place of the one held in the workspace, if any."""

    role: str

    def __str__(self) -> str:
        return f"assign the workspace role {self.role}"


@dataclass(frozen=True, slots=True)
class ChangeOrganizationRole:
    """Give the organization role in place of the one held."""

    role: str

    def __str__(self) -> str:
        return f"change the organization role to {self.role}"


@dataclass(frozen=True, slots=True)
class AdmitMember:
    """Make the person a member with this organization role; left-over workspace roles of an earlier membership do not come back."""

    role: str

    def __str__(self) -> str:
        return f"admit the person as {self.role}"


Change: TypeAlias = (
    AskIn
    | StepUp
    | EndSuspension
    | StartNow
    | Extend
    | WidenKeyScopes
    | WidenKeyWorkspaces
    | UseMethod
    | AssignWorkspaceRole
    | ChangeOrganizationRole
    | AdmitMember
)
KINDS: Final[tuple[type[Change], ...]] = (
    AskIn,
    StepUp,
    EndSuspension,
    StartNow,
    Extend,
    WidenKeyScopes,
    WidenKeyWorkspaces,
    UseMethod,
    AssignWorkspaceRole,
    ChangeOrganizationRole,
    AdmitMember,
)
_PERIOD: Final = {Scope.ORGANIZATION: "membership", Scope.WORKSPACE: "workspace role"}


def applied(question: Question, changes: Iterable[Change], *, now: datetime) -> Question:
    """Return the question as it would be after `changes`, one after the other; raise ValueError for one that does not fit."""
    for change in changes:
        question = _after(question, change, now)
    return question


def _after(question: Question, change: Change, now: datetime) -> Question:
    match change:
        case AskIn():
            return _asked_in(question, change)
        case StepUp() | UseMethod() | WidenKeyScopes() | WidenKeyWorkspaces():
            return _credential_after(question, change)
        case AdmitMember(role):
            return _admitted(question, role)
        case _:
            return replace(question, standing=_standing_after(_member(question), change, question.workspace, now))


def _standing_after(
    standing: Standing,
    change: EndSuspension | StartNow | Extend | AssignWorkspaceRole | ChangeOrganizationRole,
    workspace: WorkspaceId | None,
    now: datetime,
) -> Standing:
    match change:
        case EndSuspension():
            return replace(standing, status=MembershipStatus.ACTIVE)
        case ChangeOrganizationRole(role):
            return replace(standing, role=role)
        case StartNow(Scope.ORGANIZATION):
            return replace(standing, starts_at=now)
        case Extend(Scope.ORGANIZATION):
            return replace(standing, expires_at=None)
        case _:
            if workspace is None:
                raise ValueError("expected a question about a workspace")
            return replace(standing, workspaces={**standing.workspaces, workspace: _assignment_after(standing, change, workspace, now)})


def _assignment_after(
    standing: Standing, change: StartNow | Extend | AssignWorkspaceRole, workspace: WorkspaceId, now: datetime
) -> Assignment:
    if isinstance(change, AssignWorkspaceRole):
        return Assignment(change.role)
    held = standing.workspaces.get(workspace)
    if held is None:
        raise ValueError("expected a workspace role to begin or to extend")
    return replace(held, starts_at=now) if isinstance(change, StartNow) else replace(held, expires_at=None)


def _member(question: Question) -> Standing:
    standing = question.standing
    if standing is None or standing.status is MembershipStatus.REMOVED:
        raise ValueError("expected a member")
    return standing


def _admitted(question: Question, role: str) -> Question:
    standing = question.standing
    if standing is None:
        # The organization is the one that the question is about. Where no workspace was found it gets none of its own: the answer to
        # somebody who is no member must be the same whether there is such a workspace or not.
        home = question.workspace_organization or _SOMEWHERE
        person = Standing(user=_SOMEBODY, organization=home, role=role)
        return replace(question, standing=person, workspace_organization=home if question.workspace is not None else None)
    if standing.status is not MembershipStatus.REMOVED:
        raise ValueError("expected somebody who is no member")
    return replace(question, standing=Standing(user=standing.user, organization=standing.organization, role=role))


def _asked_in(question: Question, change: AskIn) -> Question:
    if change.scope is Scope.ORGANIZATION:
        if question.workspace is None:
            raise ValueError("expected a question about a workspace")
        return replace(question, workspace=None, workspace_organization=None)
    standing = _member(question)
    if question.workspace is not None and question.workspace_organization == standing.organization:
        raise ValueError("expected a question that is not about a workspace of the organization")
    if change.workspace is not None and change.workspace not in standing.workspaces:
        raise ValueError("expected a workspace that the person has a role in")
    return replace(question, workspace=change.workspace or SOME_WORKSPACE, workspace_organization=standing.organization)


def _credential_after(question: Question, change: StepUp | UseMethod | WidenKeyScopes | WidenKeyWorkspaces) -> Question:
    match change:
        case WidenKeyScopes(permission):
            if question.scopes is None:
                raise ValueError("expected a key that is narrowed to scopes")
            return replace(question, scopes=question.scopes | {permission})
        case WidenKeyWorkspaces():
            if question.workspaces is None:
                raise ValueError("expected a key that is narrowed to workspaces")
            return replace(question, workspaces=None if question.workspace is None else question.workspaces | {question.workspace})
        case UseMethod(method):
            # A key that somebody would take instead is the person's own: it has what the owner has.
            strong = method in STRONGER or (method is Method.API_KEY and question.multi_factor)
            return replace(question, methods=IMPLIED[method], scopes=None, workspaces=None, multi_factor=strong)
        case StepUp(method):
            if method not in STRONGER or Method.SESSION not in (question.methods or ()):
                raise ValueError("expected a session, and a second factor to prove in it")
            return replace(question, methods=IMPLIED[method], multi_factor=True)
