"""What a law is, and what it is asked about.

Rules that this module keeps:

- a law is searched for a counterexample by Hypothesis, under the settings of the caller; what it finds is an AssertionError that states
  the law;
- a search that met nothing of what the law is about proves nothing, and fails as well.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import hypothesis

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A policy before the law: what its host claims, and how Hypothesis searches (None: as its active profile says)."""

    policy: Policy
    claims: Claims
    settings: hypothesis.settings | None = None

    def search(self, law: Callable[[], None]) -> None:
        """Call `law`, a function under `given`, without a deadline: the first call of anything is slow."""
        hypothesis.settings(self.settings or hypothesis.settings.default, deadline=None)(law)()


@dataclass(frozen=True, slots=True, kw_only=True)
class Law:
    """A law with its number in the design, a name, one sentence, and the function that raises AssertionError where it does not hold."""

    number: int
    name: str
    statement: str
    hold: Callable[[Case], None]

    def check(self, policy: Policy, *, claims: Claims | None = None, settings: hypothesis.settings | None = None) -> None:
        """Return if the law holds for `policy`; raise AssertionError with a counterexample otherwise."""
        try:
            self.hold(Case(policy=policy, claims=claims or Claims(), settings=settings))
        except AssertionError as error:
            error.add_note(f"{self}: {self.statement}")
            raise

    def __str__(self) -> str:
        return f"law {self.number}, {self.name}"


def pairs(roles: Iterable[OrganizationRole] | Iterable[WorkspaceRole], *, chains: tuple[Chain, ...] | None) -> Iterator[tuple[str, str]]:
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
