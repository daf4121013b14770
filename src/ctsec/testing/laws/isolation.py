"""Laws of what does not reach each other: organizations, workspaces, spellings of ids, instants, faults."""

from __future__ import annotations

import itertools
import operator
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from types import MappingProxyType

from hypothesis import given
from hypothesis import strategies as st

from ctsec.ids import OrganizationId, WorkspaceId
from ctsec.rbac.policy import Policy
from ctsec.rbac.question import Question, decide
from ctsec.rbac.role import OWNER
from ctsec.rbac.standing import Assignment, Elevation, MembershipStatus, Standing
from ctsec.testing.conformance.expect import equal, holds
from ctsec.testing.laws.law import Case, Law
from ctsec.testing.laws.paths import PATHS, WHOLE_ONLY, whole
from ctsec.testing.strategies import DAYS, HERE, PLACES, THERE, TICK, USERS, WORKSPACES, Place, moments, questions, standings


def _long(text: str) -> str:
    return text.ljust(1 << 20, "1")


# Texts that somebody could take for one id; some of them are one letter in two normal forms.
_SPELLINGS: Mapping[str, Callable[[str], str]] = MappingProxyType(
    {
        "upper case": str.upper,
        "title case": str.title,
        "a space after it": "{} ".format,
        "a space before it": " {}".format,
        "a NUL after it": "{}\0".format,
        "a line break after it": "{}\n".format,
        "a separator after it": "{}/".format,
        "another id before it": (HERE + "/{}").format,
        "composed": "{}\u00e9".format,
        "decomposed": "{}e\u0301".format,
        "one character less": operator.itemgetter(slice(-1)),
        "one MiB": _long,
    }
)


def _organizations(case: Case) -> None:
    policy = case.policy
    everything = {where: Assignment(role.name) for where in WORKSPACES for role in policy.workspace_roles}
    claimed = st.sampled_from((THERE, None, OrganizationId("")))

    @given(standing=standings(policy), now=moments(), claimed=claimed, question=questions(policy))
    def law(standing: Standing, now: datetime, claimed: OrganizationId | None, question: Question) -> None:
        for each in (standing, Standing(user=USERS[0], organization=HERE, role=OWNER, workspaces=everything)):
            equal(policy.effective(each, now=now, workspace=WORKSPACES[0], workspace_organization=claimed), 0)
            for permission in policy.permissions:
                asked = replace(question, standing=each, permission=permission, workspace=WORKSPACES[0], workspace_organization=claimed)
                for name, path in PATHS.items():
                    if name not in WHOLE_ONLY or whole(asked):
                        holds(not path(policy, asked, now), f"expected {name} to deny {permission} in a workspace of {claimed}")

    case.search(law)


def _frame(case: Case) -> None:
    policy = case.policy

    @given(standing=standings(policy), other=standings(policy, workspaces=WORKSPACES), now=moments())
    def law(standing: Standing, other: Standing, now: datetime) -> None:
        for changed in WORKSPACES:
            kept = {where: each for where, each in standing.workspaces.items() if where != changed}
            given_there = {where: each for where, each in other.workspaces.items() if where == changed}
            raised = (*(each for each in standing.elevations if each.workspace != changed), *_raised(other, changed))
            after = replace(standing, workspaces={**kept, **given_there}, elevations=raised)
            elsewhere = [Place(), *(Place(workspace=each, workspace_organization=HERE) for each in WORKSPACES if each != changed)]
            for place in elsewhere:
                equal(policy.effective(after, now=now, **place), policy.effective(standing, now=now, **place))

    case.search(law)


def _raised(standing: Standing, workspace: WorkspaceId) -> tuple[Elevation, ...]:
    return tuple(each for each in standing.elevations if each.workspace == workspace)


def _time(case: Case) -> None:
    policy = case.policy

    @given(standing=standings(policy), start=st.integers(0, len(DAYS) - 2))
    def law(standing: Standing, start: int) -> None:
        first, end = DAYS[start], DAYS[start + 1]
        endless = replace(standing, status=MembershipStatus.ACTIVE, starts_at=None, expires_at=None, elevations=())
        bounded = replace(endless, starts_at=first, expires_at=end)
        roles = {where: each.role for where, each in standing.workspaces.items()}
        bare, full, timed, raised = (
            replace(endless, workspaces={}),
            replace(endless, workspaces={where: Assignment(role) for where, role in roles.items()}),
            replace(endless, workspaces={where: Assignment(role, first, end) for where, role in roles.items()}),
            replace(
                endless,
                workspaces={},
                elevations=tuple(Elevation(role=role, starts_at=first, expires_at=end, workspace=where) for where, role in roles.items()),
            ),
        )
        for now, place in itertools.product((first - TICK, first, end - TICK, end), PLACES):
            inside = first <= now < end
            expected = policy.effective(endless, now=now, **place) if inside else 0
            equal(policy.effective(bounded, now=now, **place), expected)
            for name in policy.permissions:
                equal(policy.check(bounded, name, now=now, **place).allowed, bool(expected & policy.index.bit(name)))
            then = policy.effective(full if inside else bare, now=now, **place)
            for each in (timed, raised):
                equal(policy.effective(each, now=now, **place), then)

    case.search(law)


def _assigned(policy: Policy) -> Iterator[Standing]:
    """Yield a person with each pair of roles."""
    for role in policy.organization_roles:
        for placed in policy.workspace_roles:
            yield Standing(user=USERS[0], organization=HERE, role=role.name, workspaces={WORKSPACES[0]: Assignment(placed.name)})


def _identifiers(case: Case) -> None:
    policy = case.policy

    @given(standing=standings(policy), spelling=st.sampled_from(sorted(_SPELLINGS)), now=moments())
    def law(standing: Standing, spelling: str, now: datetime) -> None:
        spoil = _SPELLINGS[spelling]
        other, home = WorkspaceId(spoil(WORKSPACES[0])), OrganizationId(spoil(HERE))
        asked = Place(workspace=other, workspace_organization=HERE)
        for person in (standing, *_assigned(policy)):
            bare = replace(person, workspaces={}, elevations=tuple(each for each in person.elevations if each.workspace is None))
            equal(policy.effective(person, now=now, **asked), policy.effective(bare, now=now, **asked))
        equal(policy.effective(standing, now=now, workspace=WORKSPACES[0], workspace_organization=home), 0)
        for role in policy.organization_roles:
            holds(policy.organization_role(spoil(role.name)) is None, f"expected no organization role to be found by {spelling}")
        for permission in policy.permissions:
            held = Question(standing=standing, permission=permission, workspace=WORKSPACES[0], workspace_organization=HERE)
            keyed = replace(held, scopes=frozenset({spoil(permission)}))
            holds(not decide(policy, keyed, now=now).allowed, f"expected a scope that is {permission} in {spelling} to give nothing")
            pinned = replace(held, workspaces=frozenset({other}))
            holds(not decide(policy, pinned, now=now).allowed, f"expected a key for a workspace id in {spelling} to do nothing here")

    case.search(law)


ISOLATION = (
    Law(
        number=8,
        name="isolation of organizations",
        statement="in a workspace whose organization is not exactly the standing's, nothing is allowed to anybody on any path",
        hold=_organizations,
    ),
    Law(
        number=9,
        name="frame",
        statement="a change of somebody's role in one workspace changes nothing in another one or in the organization",
        hold=_frame,
    ),
    Law(
        number=21,
        name="time",
        statement="a membership, a workspace role and an elevation count from their start to just before their end, to the microsecond",
        hold=_time,
    ),
    Law(
        number=23,
        name="exact identifiers",
        statement="an id, role or permission that differs in case, normal form, space, NUL or separator is another one",
        hold=_identifiers,
    ),
)
