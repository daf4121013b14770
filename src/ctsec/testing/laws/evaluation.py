"""Laws of one answer: the matrix, default deny, and every path against the reference."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta

from hypothesis import given

from ctsec.errors import UnknownPermission
from ctsec.rbac.permission import Scope
from ctsec.rbac.policy import Policy
from ctsec.rbac.question import Question
from ctsec.rbac.standing import Assignment, Elevation, MembershipStatus, Standing
from ctsec.testing.conformance.expect import equal, fail
from ctsec.testing.laws.law import Case, Cell, Law
from ctsec.testing.laws.paths import ASKING, PATHS, SLOW, WHOLE_ONLY, reference, simpler, whole
from ctsec.testing.strategies import (
    DAYS,
    HERE,
    TICK,
    USERS,
    WORKSPACES,
    Place,
    elevations,
    moments,
    places,
    questions,
    standings,
    unknown_permissions,
)


def settled(organization_role: str, workspace_role: str | None) -> Standing:
    """Return the standing of an active member with this organization role, and this workspace role in the first workspace."""
    held = {WORKSPACES[0]: Assignment(workspace_role)} if workspace_role is not None else {}
    return Standing(user=USERS[0], organization=HERE, role=organization_role, workspaces=held)


def where(policy: Policy, permission: str) -> Place:
    """Return the place in which `permission` is held: the first workspace, or the organization."""
    if policy.index.scope_of(permission) is Scope.ORGANIZATION:
        return Place()
    return Place(workspace=WORKSPACES[0], workspace_organization=HERE)


def cells_of(policy: Policy) -> Iterator[Cell]:
    """Yield every cell of `policy` with the answer of the reference evaluator."""
    for role in policy.organization_roles:
        for workspace_role in (*(each.name for each in policy.workspace_roles), None):
            for permission in policy.permissions:
                asked = question_of(policy, Cell(role.name, workspace_role, permission, allowed=False))
                yield Cell(role.name, workspace_role, permission, reference(policy, asked, DAYS[0]))


def question_of(policy: Policy, cell: Cell) -> Question:
    """Return what the person of a cell asks."""
    person = settled(cell.organization_role, cell.workspace_role)
    return Question(standing=person, permission=cell.permission, **where(policy, cell.permission))


def _matrix(case: Case) -> None:
    for cell in (*case.claims.cells, *cells_of(case.policy)):
        asked = question_of(case.policy, cell)
        for name, path in PATHS.items():
            if path(case.policy, asked, DAYS[0]) is not cell.allowed:
                fail(f"expected {name} to answer as the matrix does in {cell}")


def _default_deny(case: Case) -> None:
    policy, tick = case.policy, timedelta(microseconds=1)

    @given(standing=standings(policy), now=moments(), place=places(), name=unknown_permissions(policy))
    def law(standing: Standing, now: datetime, place: Place, name: str) -> None:
        active = replace(standing, status=MembershipStatus.ACTIVE, starts_at=None, expires_at=None)
        outside = (
            None,
            replace(active, status=MembershipStatus.SUSPENDED),
            replace(active, status=MembershipStatus.REMOVED),
            replace(active, expires_at=now),
            replace(active, starts_at=now + tick),
            replace(active, role="nobody"),
        )
        for each in outside:
            equal(policy.effective(each, now=now, **place), 0)
            for known in policy.permissions:
                if policy.check(each, known, now=now, **place).allowed is not False:
                    fail(f"expected {known} to be denied to {each}")
        asked = Question(standing=standing, permission=name, **place)
        for path in ASKING:
            try:
                PATHS[path](policy, asked, now)
            except UnknownPermission:
                continue
            fail(f"expected {path} to raise UnknownPermission for {name!r}, which is no permission of the policy")

    case.search(law)


def _oracle(case: Case) -> None:
    policy = case.policy

    @given(question=questions(policy), now=moments(), elevation=elevations(policy))
    def law(question: Question, now: datetime, elevation: Elevation) -> None:
        for person in (*simpler(question.standing), _raised(question, elevation, now)):
            # Wherever something starts or ends, besides: there the ways differ, if they do.
            for moment in (now, *(person.boundaries() if person is not None else ())):
                _compare(policy, replace(question, standing=person), moment, leaving_out=SLOW if moment != now else frozenset())

    case.search(law)


def _raised(question: Question, elevation: Elevation, now: datetime) -> Standing | None:
    """Return the person of a question, as an active member, with something more that counts there and then."""
    if question.standing is None:
        return None
    here = replace(elevation, starts_at=now, expires_at=now + TICK, workspace=question.workspace)
    return replace(question.standing, status=MembershipStatus.ACTIVE, starts_at=None, expires_at=None, elevations=(here,))


def _compare(policy: Policy, question: Question, now: datetime, *, leaving_out: frozenset[str]) -> None:
    for permission in policy.permissions:
        asked = replace(question, permission=permission)
        expected = reference(policy, asked, now)
        for name, path in PATHS.items():
            if name not in leaving_out and (name not in WHOLE_ONLY or whole(asked)) and path(policy, asked, now) is not expected:
                fail(f"expected {name} to answer {asked} at {now} as the reference does: {expected}")


EVALUATION = (
    Law(
        number=1,
        name="matrix faithfulness",
        statement="somebody with exactly these two roles gets exactly the answer of the matrix, in every cell and on every path",
        hold=_matrix,
    ),
    Law(
        number=2,
        name="default deny",
        statement="without a membership in force nothing is allowed, whatever is left over; an unknown permission raises",
        hold=_default_deny,
    ),
    Law(
        number=3,
        name="oracle",
        statement="every path gives the bit of the naive evaluator, for every permission of any state at any instant",
        hold=_oracle,
    ),
)
