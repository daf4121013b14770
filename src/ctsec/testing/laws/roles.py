"""Laws of roles: the two chains, what grants and restrictions do, the ceiling, and order."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import datetime
from typing import Final

from hypothesis import given
from hypothesis import strategies as st

from ctsec.ids import WorkspaceId
from ctsec.principal import Credential, CredentialKind, Principal, PrincipalKind
from ctsec.rbac.condition import NotRequester, Situation, conditioned
from ctsec.rbac.decision import DecisionReason
from ctsec.rbac.explanation import Rule, explain_question
from ctsec.rbac.methods import Method, MethodTable
from ctsec.rbac.question import Question, decide
from ctsec.rbac.role import OrganizationRole, WorkspaceRole
from ctsec.rbac.standing import Assignment, Elevation, Standing
from ctsec.testing.conformance.expect import equal, holds
from ctsec.testing.laws.law import Case, Law, pairs, within
from ctsec.testing.laws.paths import access
from ctsec.testing.strategies import (
    DAYS,
    HERE,
    PLACES,
    TICK,
    USERS,
    WORKSPACES,
    assignments,
    elevations,
    masks,
    moments,
    permissions,
    questions,
    standings,
)

_CLAIM: Final = "if neither is above the other, give them one rank or name the chains in Claims"
# Somebody who asks for their own approval.
_NOBODY: Final = Principal(id=USERS[0], kind=PrincipalKind.USER, credential=Credential(kind=CredentialKind.SESSION, id="", aal=1))


def _organization_chain(case: Case) -> None:
    policy = case.policy
    chain = tuple(pairs(policy.organization_roles, chains=case.claims.organization_chains))

    @given(standing=standings(policy), now=moments())
    def law(standing: Standing, now: datetime) -> None:
        for (lower, higher), place in itertools.product(chain, PLACES):
            low = policy.effective(replace(standing, role=lower), now=now, **place)
            high = policy.effective(replace(standing, role=higher), now=now, **place)
            within(low, high, policy=policy, rule=f"expected the organization role {higher} to hold what {lower} holds; {_CLAIM}")

    case.search(law)


def _workspace_chain(case: Case) -> None:
    policy = case.policy
    chain = tuple(pairs(policy.workspace_roles, chains=case.claims.workspace_chains))

    @given(standing=standings(policy), now=moments())
    def law(standing: Standing, now: datetime) -> None:
        for (lower, higher), place in itertools.product(chain, PLACES):
            none = policy.effective(_assigned(standing, None), now=now, **place)
            low, high = (policy.effective(_assigned(standing, Assignment(role)), now=now, **place) for role in (lower, higher))
            within(none, low, policy=policy, rule=f"expected the workspace role {lower} to take nothing away")
            within(low, high, policy=policy, rule=f"expected the workspace role {higher} to hold what {lower} holds; {_CLAIM}")

    case.search(law)


def _assigned(standing: Standing, grant: Assignment | None) -> Standing:
    """Return the standing with `grant`, or nothing, in the first workspace."""
    kept = {workspace: each for workspace, each in standing.workspaces.items() if workspace != WORKSPACES[0]}
    return replace(standing, workspaces=kept if grant is None else {**kept, WORKSPACES[0]: grant})


def _restrictions(case: Case) -> None:
    policy = case.policy
    methods = st.frozensets(st.sampled_from(Method), min_size=1)
    named = st.frozensets(st.sampled_from(policy.permissions))

    @given(questions(policy), moments(), st.dictionaries(permissions(policy), methods), methods, masks(policy.index.everything), named)
    def law(
        question: Question, now: datetime, table: dict[str, frozenset[Method]], used: frozenset[Method], cut: int, scopes: frozenset[str]
    ) -> None:
        asked = replace(question, scopes=None, workspaces=None, methods=used)
        before = decide(policy, asked, now=now).allowed
        lowered = replace(policy, organization_roles=tuple(replace(role, ceiling=role.ceiling & cut) for role in policy.organization_roles))
        keyed = replace(asked, scopes=scopes)
        situation = Situation(principal=_NOBODY, now=now, requester=_NOBODY.id)
        ways = {
            "a key's scopes": decide(policy, keyed, now=now),
            "a key's workspaces": decide(policy, replace(asked, workspaces=frozenset(WORKSPACES[:1])), now=now),
            "a method table": decide(policy, asked, now=now, table=MethodTable.of(policy.index, table)),
            "a lower ceiling": decide(lowered, asked, now=now),
            "a condition": conditioned(decide(policy, asked, now=now), condition=NotRequester(), situation=situation),
        }
        for way, after in ways.items():
            holds(before or not after.allowed, f"expected {way} to allow nothing that was denied before")
        inside = policy.index.mask(scopes) & access(policy, asked, now).mask
        within(access(policy, keyed, now).mask, inside, policy=policy, rule="expected a key to hold what its scopes name, and no more")

    case.search(law)


def _grants(case: Case) -> None:
    policy = case.policy

    @given(standing=standings(policy), grant=assignments(policy), raised=elevations(policy), now=moments())
    def law(standing: Standing, grant: Assignment, raised: Elevation, now: datetime) -> None:
        bare = _assigned(standing, None)
        more = (_assigned(standing, grant), replace(bare, elevations=(*bare.elevations, raised)))
        for after, place in itertools.product(more, PLACES):
            low, high = (policy.effective(each, now=now, **place) for each in (bare, after))
            within(low, high, policy=policy, rule=f"expected the grant of {grant.role} and of {raised.role} to take nothing away")

    case.search(law)


def _grants_and_restrictions(case: Case) -> None:
    _grants(case)
    _restrictions(case)


def _ceiling(case: Case) -> None:
    policy = case.policy
    everything = policy.index.workspace_scope
    lifted = replace(policy, organization_roles=tuple(replace(each, ceiling=everything) for each in policy.organization_roles))

    @given(standing=standings(policy), now=moments(), workspace=st.sampled_from(WORKSPACES), name=permissions(policy))
    def law(standing: Standing, now: datetime, workspace: WorkspaceId, name: str) -> None:
        names = [standing.role, *(each.role for each in standing.elevations if each.workspace is None and each.in_force(now))]
        ceiling = 0
        for role in map(policy.organization_role, names):
            ceiling |= role.ceiling if role is not None else 0
        effective = policy.effective(standing, now=now, workspace=workspace, workspace_organization=HERE)
        within(effective, ceiling, policy=policy, rule=f"expected nobody to be above the ceiling of {' and '.join(names)}")
        question = Question(standing=standing, permission=name, workspace=workspace, workspace_organization=HERE)
        found = explain_question(policy, question, now=now)
        flips = not found.decision.allowed and decide(lifted, question, now=now).allowed
        capped = found.decision.reason is DecisionReason.CAPPED_BY_ORGANIZATION_ROLE
        holds(capped is flips, f"expected the reason to name the ceiling exactly if lifting it would allow {name}")
        named = any(cause.rule is Rule.CEILING for cause in found.because)
        holds(named is flips, f"expected the explanation to name the ceiling exactly if lifting it would allow {name}")

    case.search(law)


def _order(case: Case) -> None:
    policy = case.policy
    organization, workspace = st.permutations(policy.organization_roles), st.permutations(policy.workspace_roles)

    @given(
        questions(policy),
        moments(),
        organization,
        workspace,
        st.lists(elevations(policy, workspaces=WORKSPACES[:1]), min_size=2, max_size=4),
    )
    def law(
        question: Question,
        now: datetime,
        organization_roles: list[OrganizationRole],
        workspace_roles: list[WorkspaceRole],
        raised: list[Elevation],
    ) -> None:
        shuffled = replace(policy, organization_roles=tuple(organization_roles), workspace_roles=tuple(workspace_roles))
        one, other = question, question
        if question.standing is not None:
            counting = tuple(replace(each, starts_at=DAYS[0] - TICK, expires_at=DAYS[-1] + TICK + TICK) for each in raised)
            held = question.standing.workspaces
            backwards = replace(question.standing, workspaces={where: held[where] for where in [*held][::-1]})
            equal(backwards, question.standing)
            equal(hash(backwards), hash(question.standing))
            one = replace(question, standing=replace(question.standing, elevations=counting))
            other = replace(question, standing=replace(backwards, elevations=(*counting[::-1], *counting[:1])))
        for permission in policy.permissions:
            asked, again = (replace(each, permission=permission) for each in (one, other))
            equal(decide(shuffled, again, now=now), decide(policy, asked, now=now))
            equal(explain_question(shuffled, again, now=now), explain_question(policy, asked, now=now))

    case.search(law)


ROLES = (
    Law(
        number=4,
        name="organization chain",
        statement="a higher organization role never takes anything away, whatever the workspace role and the place",
        hold=_organization_chain,
    ),
    Law(
        number=5,
        name="workspace chain",
        statement="a higher workspace role never takes anything away, nor does the lowest where there was none",
        hold=_workspace_chain,
    ),
    Law(
        number=6,
        name="grants and restrictions",
        statement="grants only add; ceilings, method tables, conditions, and the scopes and workspaces of keys only take away",
        hold=_grants_and_restrictions,
    ),
    Law(
        number=7,
        name="ceiling",
        statement="nobody is above the ceiling of the organization role, which is named exactly if lifting it would turn the answer round",
        hold=_ceiling,
    ),
    Law(
        number=10,
        name="order",
        statement="no order of roles in the policy or in a standing, and no repetition, changes a decision, an explanation or equality",
        hold=_order,
    ),
)
