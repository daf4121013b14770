"""Laws of what does not reach each other: organizations, workspaces, spellings of ids, instants, faults."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from hypothesis import given
from hypothesis import strategies as st

from ctsec.ids import OrganizationId, WorkspaceId
from ctsec.rbac.question import Question, decide
from ctsec.rbac.role import OWNER
from ctsec.rbac.standing import Assignment, MembershipStatus, Standing
from ctsec.testing.conformance.expect import equal, holds
from ctsec.testing.laws.law import Case, Law
from ctsec.testing.laws.paths import PATHS, WHOLE_ONLY, whole
from ctsec.testing.strategies import DAYS, HERE, THERE, TICK, USERS, WORKSPACES, Place, moments, places, questions, standings

# Texts that somebody could take for one id; two of them are one letter in two normal forms.
_SPELLINGS: tuple[Callable[[str], str], ...] = (
    str.upper,
    str.title,
    lambda text: f"{text} ",
    lambda text: f" {text}",
    lambda text: f"{text}\0",
    lambda text: f"{text}\n",
    lambda text: f"{text}/",
    lambda text: f"{HERE}/{text}",
    lambda text: text.replace("_", "-"),
    lambda text: text[:-1],
    lambda text: unicodedata.normalize("NFC", f"{text}e\u0301"),
    lambda text: unicodedata.normalize("NFD", f"{text}\u00e9"),
    lambda text: text.ljust(1 << 20, "1"),
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
            after = replace(standing, workspaces={**kept, **given_there})
            elsewhere = [Place(), *(Place(workspace=each, workspace_organization=HERE) for each in WORKSPACES if each != changed)]
            for place in elsewhere:
                equal(policy.effective(after, now=now, **place), policy.effective(standing, now=now, **place))

    case.search(law)


def _time(case: Case) -> None:
    policy = case.policy

    @given(standing=standings(policy), start=st.integers(0, len(DAYS) - 2), place=places())
    def law(standing: Standing, start: int, place: Place) -> None:
        endless = replace(standing, status=MembershipStatus.ACTIVE, starts_at=None, expires_at=None)
        bounded = replace(endless, starts_at=DAYS[start], expires_at=DAYS[start + 1])
        roles = {where: Assignment(each.role) for where, each in standing.workspaces.items()}
        short = {where: Assignment(each.role, DAYS[start], DAYS[start + 1]) for where, each in standing.workspaces.items()}
        bare, full, timed = (replace(endless, workspaces=held) for held in ({}, roles, short))
        for now in (DAYS[start] - TICK, DAYS[start], DAYS[start + 1] - TICK, DAYS[start + 1]):
            inside = DAYS[start] <= now < DAYS[start + 1]
            expected = policy.effective(endless, now=now, **place) if inside else 0
            equal(policy.effective(bounded, now=now, **place), expected)
            equal(policy.effective(timed, now=now, **place), policy.effective(full if inside else bare, now=now, **place))
            for name in policy.permissions:
                equal(policy.check(bounded, name, now=now, **place).allowed, bool(expected & policy.index.bit(name)))

    case.search(law)


def _identifiers(case: Case) -> None:
    policy = case.policy

    @given(standing=standings(policy), spoil=st.sampled_from(_SPELLINGS), now=moments())
    def law(standing: Standing, spoil: Callable[[str], str], now: datetime) -> None:
        bare = replace(standing, workspaces={})
        other = WorkspaceId(spoil(WORKSPACES[0]))
        asked = Place(workspace=other, workspace_organization=HERE)
        equal(policy.effective(standing, now=now, **asked), policy.effective(bare, now=now, **asked))
        home = OrganizationId(spoil(HERE))
        equal(policy.effective(standing, now=now, workspace=WORKSPACES[0], workspace_organization=home), 0)
        found = policy.organization_role(spoil(standing.role))
        equal(found.name if found else None, spoil(standing.role) if found else None)
        for permission in policy.permissions:
            held = Question(standing=standing, permission=permission, workspace=WORKSPACES[0], workspace_organization=HERE)
            keyed = replace(held, scopes=frozenset({spoil(permission)}))
            same = spoil(permission) == permission
            holds(
                same or not decide(policy, keyed, now=now).allowed,
                f"expected the scope {spoil(permission)[:60]!r} not to give {permission}",
            )
            pinned = replace(held, workspaces=frozenset({other}))
            holds(not decide(policy, pinned, now=now).allowed, f"expected a key for {other[:60]!r} to do nothing in {WORKSPACES[0]}")

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
        statement="a membership and a workspace role count from their start to just before their end, to the microsecond",
        hold=_time,
    ),
    Law(
        number=23,
        name="exact identifiers",
        statement="an id, role or permission that differs in case, normal form, space, NUL or separator is another one",
        hold=_identifiers,
    ),
)
