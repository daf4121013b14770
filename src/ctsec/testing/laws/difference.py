"""The law of differences: between two policies it is exactly what they answer differently, and it can be applied."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from ctsec.rbac.difference import PolicyPlace, diff, tables
from ctsec.rbac.permission import Scope
from ctsec.rbac.policy import Policy
from ctsec.testing.conformance.expect import equal, holds
from ctsec.testing.laws.evaluation import settled
from ctsec.testing.laws.law import Case, Law
from ctsec.testing.reference import allowed
from ctsec.testing.strategies import DAYS, HERE, WORKSPACES, Place, masks


def _answers(policy: Policy, place: PolicyPlace) -> frozenset[str]:
    """Return what the reference evaluator allows to somebody in that place."""
    asked = Place() if place.scope is Scope.ORGANIZATION else Place(workspace=WORKSPACES[0], workspace_organization=HERE)
    standing = settled(place.organization_role, place.workspace_role)
    return frozenset(name for name in policy.permissions if allowed(policy, standing, name, now=DAYS[0], **asked))


def _changed(policy: Policy) -> st.SearchStrategy[Policy]:
    """Draw the policy with a few bits turned round, with a role less, or as it is."""
    number, flip = st.integers(0, len(policy.organization_roles) - 1), masks(policy.index.workspace_scope)
    own, placed, fewer = masks(policy.index.organization_scope), st.integers(0, max(0, len(policy.workspace_roles) - 1)), st.booleans()

    @st.composite
    def changed(draw: st.DrawFn) -> Policy:
        organization, workspace = list(policy.organization_roles), list(policy.workspace_roles)
        at, bits = draw(number), draw(flip)
        role = organization[at]
        organization[at] = replace(
            role, organization_mask=role.organization_mask ^ draw(own), base=role.base ^ bits, ceiling=role.ceiling ^ draw(flip)
        )
        if workspace:
            where = draw(placed)
            workspace[where] = replace(workspace[where], mask=workspace[where].mask ^ draw(flip))
            workspace = workspace[1:] if draw(fewer) else workspace
        kept = {each.name for each in workspace}
        exclusive = tuple(each for each in policy.exclusive_roles if each <= kept)
        return replace(policy, organization_roles=tuple(organization), workspace_roles=tuple(workspace), exclusive_roles=exclusive)

    return st.one_of(st.just(replace(policy)), changed())


def _difference(case: Case) -> None:
    policy = case.policy

    @given(other=_changed(policy))
    def law(other: Policy) -> None:
        found = diff(policy, other)
        before, after = tables(policy, other)
        named = {change.place: (frozenset(change.gains), frozenset(change.losses)) for change in found.changes}
        for place in before:
            old, new = _answers(policy, place), _answers(other, place)
            equal(named.pop(place, (frozenset[str](), frozenset[str]())), (new - old, old - new))
        equal(named, {})
        equal(found.apply(before), after)
        equal(diff(other, policy).apply(after), before)
        holds(bool(found) or before == after, "expected an empty difference of policies that answer alike only")
        holds(not diff(other, replace(other)), "expected no difference of a policy from itself")

    case.search(law)


DIFFERENCE = (
    Law(
        number=24,
        name="policy difference",
        statement="a difference is exactly what two policies answer differently, nothing if they are equal, and can be applied",
        hold=_difference,
    ),
)
