"""The laws of roles, of our own policies and of policies of any masks."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings

from ctsec.rbac import Policy
from ctsec.rbac.preset import POLICY, preset_policy
from ctsec.testing.laws import LAWS, Claims, Law, check_laws
from ctsec.testing.strategies import policies

PRESETS = {
    "preset": POLICY,
    "no viewer ceiling": preset_policy(viewer_ceiling=False),
    "organization-wide view": preset_policy(organization_wide_view=True),
    "exclusive roles": replace(POLICY, exclusive_roles=(frozenset({"editor", "operator"}), frozenset({"admin", "viewer"}))),
}
# Drawn masks are no chains: nothing is claimed of their ranks.
ANY_MASKS = Claims(organization_chains=(), workspace_chains=())


@pytest.mark.parametrize("name", PRESETS)
@pytest.mark.parametrize("law", LAWS, ids=str)
def test_the_built_in_policies_obey(law: Law, name: str) -> None:
    """Every law holds for the built-in policy, with each of its switches, and with roles that exclude each other."""
    law.check(PRESETS[name], settings=settings(max_examples=60 if name == "preset" else 20))


@pytest.mark.parametrize("law", [law for law in LAWS if law.number != 4], ids=str)
def test_any_policy_obeys(law: Law) -> None:
    """Every law but the chain of organization roles holds for policies of any masks: chains or not, ceilings below bases, empty roles."""

    @settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.nested_given])
    @given(policies())
    def any_policy(policy: Policy) -> None:
        law.check(policy, claims=ANY_MASKS, settings=settings(max_examples=8, deadline=None, database=None))

    any_policy()


def test_a_host_asks_all_of_them_in_one_call() -> None:
    """`check_laws` asks every law; a policy whose ranks promise more than its masks hold fails with the number and the name of the law."""
    check_laws(POLICY, settings=settings(max_examples=5, database=None))
    member = next(role for role in POLICY.organization_roles if role.name == "member")
    raised = replace(member, organization_mask=POLICY.index.mask(["billing:manage"]))
    roles = tuple(raised if role.name == "member" else role for role in POLICY.organization_roles)
    with pytest.raises(AssertionError, match="expected the organization role admin to hold what member holds") as caught:
        check_laws(replace(POLICY, organization_roles=roles), settings=settings(max_examples=200, database=None))
    assert caught.value.__notes__[-1].startswith("law 4, organization chain: a higher organization role never takes")
