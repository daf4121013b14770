"""Laws of roles: the two chains, what grants and restrictions do, the ceiling, and order."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from hypothesis import given
from hypothesis import strategies as st

from ctsec.ids import WorkspaceId
from ctsec.rbac.decision import DecisionReason
from ctsec.rbac.explanation import Rule, explain_question
from ctsec.rbac.methods import Method, MethodTable
from ctsec.rbac.question import Question, decide
from ctsec.rbac.role import OrganizationRole, WorkspaceRole
from ctsec.rbac.standing import Assignment, Standing
from ctsec.testing.conformance.expect import equal, holds
from ctsec.testing.laws.law import Case, Law, pairs, within
from ctsec.testing.laws.paths import access
from ctsec.testing.strategies import HERE, WORKSPACES, Place, masks, moments, permissions, places, questions, standings

_CLAIM = "if neither is above the other, give them one rank or name the chains in Claims"


def _organization_chain(case: Case) -> None:
    policy = case.policy
    chain = tuple(pairs(policy.organization_roles, chains=case.claims.organization_chains))

    @given(standing=standings(policy), now=moments(), place=places())
    def law(standing: Standing, now: datetime, place: Place) -> None:
        for lower, higher in chain:
            low = policy.effective(replace(standing, role=lower), now=now, **place)
            high = policy.effective(replace(standing, role=higher), now=now, **place)
            within(low, high, policy=policy, rule=f"expected the organization role {higher} to hold what {lower} holds; {_CLAIM}")

    case.search(law)


def _workspace_chain(case: Case) -> None:
    policy = case.policy
    names = [role.name for role in policy.workspace_roles]
    above = pairs(policy.workspace_roles, chains=case.claims.workspace_chains)
    chain: list[tuple[str | None, str]] = [*((None, name) for name in names), *above]

    @given(standing=standings(policy), now=moments(), place=places())
    def law(standing: Standing, now: datetime, place: Place) -> None:
        kept = {workspace: each for workspace, each in standing.workspaces.items() if workspace != WORKSPACES[0]}
        for lower, higher in chain:
            given = {**kept, WORKSPACES[0]: Assignment(lower)} if lower is not None else kept
            with_lower = replace(standing, workspaces=given)
            with_higher = replace(standing, workspaces={**kept, WORKSPACES[0]: Assignment(higher)})
            low, high = (policy.effective(each, now=now, **place) for each in (with_lower, with_higher))
            within(low, high, policy=policy, rule=f"expected the workspace role {higher} to hold what {lower or 'nobody'} holds; {_CLAIM}")

    case.search(law)


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
        ways = {
            "a key's scopes": decide(policy, keyed, now=now),
            "a key's workspaces": decide(policy, replace(asked, workspaces=frozenset(WORKSPACES[:1])), now=now),
            "a method table": decide(policy, asked, now=now, table=MethodTable.of(policy.index, table)),
            "a lower ceiling": decide(lowered, asked, now=now),
        }
        for way, after in ways.items():
            holds(before or not after.allowed, f"expected {way} to allow nothing that was denied before")
        everything = policy.index.mask(scopes) & access(policy, asked, now).mask
        within(access(policy, keyed, now).mask, everything, policy=policy, rule="expected scopes to only take away, and none to take all")

    case.search(law)


def _grants(case: Case) -> None:
    """Search for a workspace role that takes away: the other half of the law of grants and restrictions."""
    policy = case.policy
    names = [role.name for role in policy.workspace_roles]
    if not names:
        return

    @given(standing=standings(policy), role=st.sampled_from(names), now=moments(), place=places())
    def law(standing: Standing, role: str, now: datetime, place: Place) -> None:
        bare = replace(standing, workspaces={where: each for where, each in standing.workspaces.items() if where != WORKSPACES[0]})
        granted = replace(bare, workspaces={**bare.workspaces, WORKSPACES[0]: Assignment(role)})
        low, high = (policy.effective(each, now=now, **place) for each in (bare, granted))
        within(low, high, policy=policy, rule=f"expected the grant of {role} to take nothing away")

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
        held = [standing.role, *(each.role for each in standing.elevations if each.workspace is None and each.in_force(now))]
        ceiling = 0
        for role in map(policy.organization_role, held):
            ceiling |= role.ceiling if role is not None else 0
        effective = policy.effective(standing, now=now, workspace=workspace, workspace_organization=HERE)
        within(effective, ceiling, policy=policy, rule=f"expected nobody to be above the ceiling of {standing.role}")
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

    @given(question=questions(policy), now=moments(), organization_roles=organization, workspace_roles=workspace)
    def law(question: Question, now: datetime, organization_roles: list[OrganizationRole], workspace_roles: list[WorkspaceRole]) -> None:
        shuffled = replace(policy, organization_roles=tuple(organization_roles), workspace_roles=tuple(workspace_roles))
        again = question
        if question.standing is not None:
            backwards = dict(reversed(list(question.standing.workspaces.items())))
            again = replace(question, standing=replace(question.standing, workspaces=backwards))
            equal(again, question)
            equal(hash(again), hash(question))
        for permission in policy.permissions:
            one, other = replace(question, permission=permission), replace(again, permission=permission)
            equal(decide(shuffled, other, now=now), decide(policy, one, now=now))
        equal(explain_question(shuffled, again, now=now), explain_question(policy, question, now=now))

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
        statement="a higher workspace role, or one where there was none, never takes anything away",
        hold=_workspace_chain,
    ),
    Law(
        number=6,
        name="grants and restrictions",
        statement="grants only add; ceilings, method tables, and the scopes and workspaces of keys only take away",
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
        statement="the order of roles in the policy and of workspaces in a standing changes no decision, explanation, equality or hash",
        hold=_order,
    ),
)
