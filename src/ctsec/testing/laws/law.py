"""What a law is, and what it is asked about.

Rules that this module keeps:

- a law is searched for a counterexample by Hypothesis, under the settings of the caller; what breaks it is told as one AssertionError that
  names the law, states it and shows the smallest example;
- claims name roles and permissions of the policy: one that they misspell would be a law about nothing, and is refused.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import hypothesis
from hypothesis import HealthCheck, Phase

from ctsec.rbac.policy import Policy
from ctsec.rbac.role import OrganizationRole, WorkspaceRole
from ctsec.testing.conformance.expect import fail

Chain = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Cell:
    """The answer that somebody with these roles and nothing else gets: in the workspace, or in the organization, as the permission asks."""

    organization_role: str
    workspace_role: str | None
    permission: str
    allowed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Claims:
    """What a host says of its policy beyond the policy itself.

    Chains name roles from the lowest to the highest, each of which may do whatever the one before may; None takes them from the roles'
    ranks, one chain for each level. `cells` are answers that the host expects.
    """

    organization_chains: tuple[Chain, ...] | None = None
    workspace_chains: tuple[Chain, ...] | None = None
    cells: tuple[Cell, ...] = ()

    def against(self, policy: Policy) -> Claims:
        """Return these claims if they are about `policy`; raise ValueError that names the role, UnknownPermission for a permission."""
        organization = {role.name for role in policy.organization_roles}
        workspace = {role.name for role in policy.workspace_roles}
        named = itertools.chain(*(self.organization_chains or ()), (cell.organization_role for cell in self.cells))
        placed = itertools.chain(*(self.workspace_chains or ()), (cell.workspace_role or "" for cell in self.cells))
        for level, strange in (("organization", {*named} - organization), ("workspace", {*placed} - workspace - {""})):
            if strange:
                raise ValueError(f"expected the claims to name {level} roles of the policy, found {min(strange)!r}")
        policy.index.mask(cell.permission for cell in self.cells)
        return self


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A policy before the law: what its host claims, and how Hypothesis searches."""

    policy: Policy
    claims: Claims
    settings: hypothesis.settings

    def search(self, law: Callable[[], None]) -> None:
        """Call `law`, a function under `given`."""
        self.settings(law)()


@dataclass(frozen=True, slots=True, kw_only=True)
class Law:
    """A law with its number in the design, a name, one sentence, and the function that raises AssertionError where it does not hold."""

    number: int
    name: str
    statement: str
    hold: Callable[[Case], None]

    def check(self, policy: Policy, *, claims: Claims | None = None, settings: hypothesis.settings | None = None) -> None:
        """Return if the law holds for `policy`; raise AssertionError with the smallest example found otherwise.

        `settings` are Hypothesis's (None: those of its active profile), without a deadline, because the first call of anything is slow.
        """
        case = Case(policy=policy, claims=(claims or Claims()).against(policy), settings=_searching(settings))
        try:
            self.hold(case)
        except AssertionError as error:
            example = "\n".join(getattr(error, "__notes__", ()))
            raise AssertionError(f"{self}, does not hold: {self.statement}\n{error}\n{example}".rstrip()) from None
        except Exception as error:
            error.add_note(f"while {self} was checked: {self.statement}")
            raise

    def __str__(self) -> str:
        return f"law {self.number}, {self.name}"


def _searching(given: hypothesis.settings | None) -> hypothesis.settings:
    # One failure at a time: the smallest example of one is what a person reads.
    wanted = given or hypothesis.settings()
    return hypothesis.settings(
        wanted,
        deadline=None,
        phases=[phase for phase in wanted.phases if phase is not Phase.explain],
        report_multiple_bugs=False,
        print_blob=False,
        suppress_health_check=[HealthCheck.too_slow],
    )


def pairs(roles: Iterable[OrganizationRole] | Iterable[WorkspaceRole], *, chains: tuple[Chain, ...] | None) -> Iterator[Chain]:
    """Yield each role with each higher one: as `chains` say, or by rank; roles of one rank are not compared."""
    if chains is not None:
        for chain in chains:
            yield from itertools.pairwise(chain)
        return
    ranks = {role.name: role.rank for role in roles}
    yield from ((low, high) for low in ranks for high in ranks if ranks[low] < ranks[high])


def within(inner: int, outer: int, *, policy: Policy, rule: str) -> None:
    """Raise AssertionError that states `rule` and names the permissions in the mask `inner` and not in `outer`, if there are any."""
    if inner & ~outer:
        fail(f"{rule}: {', '.join(policy.index.names_of(inner & ~outer))}")
