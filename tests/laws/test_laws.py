"""The laws of roles, of our own policies and of policies of any masks, and what a host is told when one does not hold."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings

from ctsec.errors import UnknownPermission
from ctsec.rbac import Policy
from ctsec.rbac.preset import POLICY
from ctsec.testing.laws import LAWS, Cell, Claims, Law, check_laws
from ctsec.testing.strategies import policies
from tests.laws.policies import POLICIES

# Drawn masks are no chains: nothing is claimed of their ranks.
ANY_MASKS = Claims(organization_chains=(), workspace_chains=())
QUICK = settings(max_examples=15, derandomize=True, database=None)


@pytest.mark.parametrize("name", POLICIES)
@pytest.mark.parametrize("law", LAWS, ids=str)
def test_our_policies_obey(law: Law, name: str) -> None:
    """Every law holds for the built-in policy, with each of its switches, with roles of a host's own, and without managing permissions."""
    make, claims = POLICIES[name]
    law.check(make(), claims=claims, settings=settings(max_examples=60 if name == "preset" else 20))


@pytest.mark.parametrize("law", LAWS, ids=str)
def test_any_policy_obeys(law: Law) -> None:
    """Every law holds for policies of any masks: chains or not, ceilings below bases, empty roles."""

    @settings(max_examples=12, suppress_health_check=[HealthCheck.nested_given, HealthCheck.too_slow])
    @given(policies())
    def any_policy(policy: Policy) -> None:
        law.check(policy, claims=ANY_MASKS, settings=settings(max_examples=8, database=None))

    any_policy()


def broken() -> Policy:
    """Return a policy whose admin may less than its member in workspaces, and whose workspace ranks are upside down."""
    lowered = [replace(role, base=0, ceiling=0) if role.name == "admin" else role for role in POLICY.organization_roles]
    turned = tuple(replace(role, rank=-role.rank) for role in POLICY.workspace_roles)
    return replace(POLICY, organization_roles=tuple(lowered), workspace_roles=turned)


def test_a_broken_law_is_told_with_its_statement_and_the_smallest_example() -> None:
    """A failure names each broken law, states it, names the roles and permissions at fault and shows an example; nothing else is told."""
    with pytest.raises(AssertionError) as caught:
        check_laws(broken(), settings=QUICK)
    told = str(caught.value)
    laws = [line for line in told.splitlines() if line.startswith("law ")]
    assert [line.partition(":")[0] for line in laws] == [
        "law 4, organization chain, does not hold",
        "law 5, workspace chain, does not hold",
    ]
    assert "never takes anything away" in laws[0]
    assert "expected the organization role admin to hold what member holds" in told
    assert "give them one rank or name the chains in Claims" in told
    assert "standing=" in told
    assert caught.value.__cause__ is None


def test_claims_take_the_place_of_ranks() -> None:
    """What a host claims is what is checked: roles that its chains do not name are not compared."""
    chain, placed = LAWS[3:5]
    for law in (chain, placed):
        law.check(broken(), claims=Claims(organization_chains=(("viewer", "member"),), workspace_chains=()), settings=QUICK)
    with pytest.raises(AssertionError, match="law 4"):
        chain.check(broken(), claims=Claims(organization_chains=(("member", "admin"),)), settings=QUICK)
    with pytest.raises(AssertionError, match="law 5"):
        placed.check(broken(), claims=Claims(workspace_chains=(("admin", "editor"),)), settings=QUICK)


def test_a_claimed_cell_is_checked() -> None:
    """An answer that the host expects and the policy does not give breaks law 1, and names the cell."""
    right, wrong = (Cell("member", "editor", "agents:run", allowed) for allowed in (True, False))
    LAWS[0].check(POLICY, claims=Claims(cells=(right,)))
    with pytest.raises(AssertionError, match="law 1, matrix faithfulness, does not hold") as caught:
        LAWS[0].check(POLICY, claims=Claims(cells=(right, wrong)))
    assert str(wrong) in str(caught.value)


@pytest.mark.parametrize(
    "claims",
    [
        Claims(organization_chains=(("viewer", "memer"),)),
        Claims(workspace_chains=(("viewer", "edditor"),)),
        Claims(cells=(Cell("members", None, "agents:run", allowed=False),)),
        Claims(cells=(Cell("member", "edditor", "agents:run", allowed=False),)),
    ],
)
def test_a_misspelled_claim_is_refused(claims: Claims) -> None:
    """A claim about a role that the policy does not have would be a law about nothing, and is a ValueError that names it."""
    with pytest.raises(ValueError, match=r"found '(memer|edditor|members)'"):
        check_laws(POLICY, claims=claims, settings=QUICK)


def test_a_claim_about_an_unknown_permission_is_refused() -> None:
    """A claimed cell with a permission of no name raises, as a check would."""
    with pytest.raises(UnknownPermission):
        check_laws(POLICY, claims=Claims(cells=(Cell("member", None, "agents:walk", allowed=False),)), settings=QUICK)


def test_an_error_inside_a_law_says_which_law_it_was() -> None:
    """What is raised by the code under a law and is no broken law goes on, with a note that names the law."""

    def fail(_: object) -> None:
        raise RuntimeError("out of order")

    with pytest.raises(RuntimeError) as caught:
        replace(LAWS[0], hold=fail).check(POLICY)
    assert caught.value.__notes__ == [f"while {LAWS[0]} was checked: {LAWS[0].statement}"]
