"""Mutants: one small mistake each, and the law that notices it.

A mutant rewrites one expression of a function's source and gives the function the code of the result, so that everybody who holds the
function runs the mistake. A text that is not there exactly once is an error: a mutant can not silently be none.
"""

from __future__ import annotations
import __future__ as future

import inspect
import textwrap
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from types import FunctionType
from typing import Any, Final, cast

import hypothesis
from hypothesis import Phase

from ctsec.cache import RecordCache
from ctsec.rbac import batch, bounds, columns, decision, difference, elevating, explanation, listing, policy, remedy, table, writes
from ctsec.rbac.access import Access
from ctsec.rbac.policy import Policy
from ctsec.rbac.preset import preset_policy
from ctsec.storage.memory._sync_directory import MemoryOrganizations
from ctsec.testing.laws import LAWS, Cell, Claims
from tests.laws.histories import HISTORIES

# The cells of the product's page that a mutant of the matrix must not get past, whatever the masks say.
CELLS: Final = (
    Cell("member", "editor", "operations:approve", allowed=True),
    Cell("member", "operator", "operations:approve", allowed=False),
    Cell("owner", None, "billing:manage", allowed=True),
    Cell("admin", None, "billing:manage", allowed=False),
)


@dataclass(frozen=True)
class Mutant:
    """The mistake `new` in place of `old` in `function`, which the law with this number notices; `make` builds the policy."""

    law: int
    name: str
    function: Callable[..., Any]
    old: str
    new: str
    make: Callable[[], Policy] = preset_policy

    def __str__(self) -> str:
        return f"law {self.law}: {self.name}"

    @contextmanager
    def applied(self) -> Iterator[None]:
        """Run with the mistake; raise LookupError if there is nothing to make it of."""
        function = cast(FunctionType, self.function)
        source = textwrap.dedent(inspect.getsource(function))
        if source.count(self.old) != 1:
            raise LookupError(f"expected {self.old!r} once in {function.__qualname__}, found it {source.count(self.old)} times")
        made: dict[str, Any] = {}
        code = compile(source.replace(self.old, self.new), "<mutant>", "exec", flags=future.annotations.compiler_flag, dont_inherit=True)
        exec(code, dict(function.__globals__), made)
        changed = made[function.__name__]
        before = function.__code__
        function.__code__ = getattr(changed, "__func__", changed).__code__
        try:
            yield
        finally:
            function.__code__ = before

    def killed(self) -> bool:
        """Say whether the law notices the mistake."""
        with self.applied():
            try:
                hold(self.law, self.make())
            except (AssertionError, ExceptionGroup):
                return True
        return False


def hold(number: int, policy: Policy) -> None:
    """Return if a law holds for a policy that was built anew; the search is the same each time, and stops at the first counterexample."""
    for law in LAWS:
        if law.number == number:
            settings = hypothesis.settings(
                max_examples=1000, derandomize=True, database=None, report_multiple_bugs=False, phases=[Phase.generate]
            )
            law.check(policy, claims=Claims(cells=CELLS), settings=settings)
    for history in HISTORIES:
        if history.number == number:
            history.hold()


def wide() -> Policy:
    """Return the built-in policy in which everybody sees every workspace."""
    return preset_policy(organization_wide_view=True)


def apart() -> Policy:
    """Return the built-in policy with two roles that exclude each other."""
    return replace(preset_policy(), exclusive_roles=(frozenset({"editor", "operator"}),))


def audited() -> Policy:
    """Return a policy with a role that holds what its owner does not."""
    names = ("dashboards:view", "ledger:read")
    return Policy.from_matrix(names, "permission owner admin editor auditor\ndashboards:view yes yes yes yes\nledger:read - - - yes")


BOUNDARIES: Final = "sorted({now, *(boundary for boundary in boundaries if boundary > now)})"
SIZED: Final = "return min(plans, key=lambda plan: size(policy, question, plan, now=now), default=())"
KEYED: Final = "kept = {}; resolve = lambda who, at, place, home: kept.setdefault(place, policy.resolve(who, at, place, home))"
EXPIRY: Final = "if period.expires_at is not None and period.expires_at <= now:\n        return _EXPIRED"
SWALLOWED: Final = """try:
        if period.expires_at is not None and period.expires_at <= now:
            return _EXPIRED
    except Exception:
        return None"""
FOREIGN: Final = "if workspace_organization != standing.organization:"
HERE_ONLY: Final = "standing.assignments.get(workspace)"
GIVER: Final = "Rule.ORGANIZATION_MASK if workspace is None else Rule.BASE, gives=True"
MUTANTS: Final = (
    Mutant(1, "base and mask instead of base or mask", table.workspace_table, "bit & (role.base | mask)", "bit & (role.base & mask)"),
    Mutant(1, "a column's bit one to the left", columns.column_masks, "|= bit", "|= bit << 1 & index.everything"),
    Mutant(2, "a suspended member counts", policy._membership, "return DecisionReason.MEMBERSHIP_SUSPENDED", "return None"),
    Mutant(2, "an unknown permission is a denial", Access.can, "raise unknown(permission) from None", "return False"),
    Mutant(3, "a list joins assignments only", listing.reaches, "roles & reach.bases or here & reach.masks", "here & reach.masks"),
    Mutant(3, "an elevation counts for the organization only", Policy._elevated, "if not added and not raised:", "if not added:"),
    Mutant(4, "only viewers see everything", columns.organization_roles, "base[MEMBER] |= everywhere", "base[MEMBER] |= 0", wide),
    Mutant(5, "workspace roles upside down", columns.workspace_roles, "rank=len(names) - position", "rank=position"),
    Mutant(6, "a key narrows only if nothing is in common", decision.narrowed, "if not table.mask & ~mask:", "if table.mask & mask:"),
    Mutant(7, "no ceiling", table.workspace_table, "if not bit & role.ceiling:", "if not bit:"),
    Mutant(8, "the organization taken from the request", Policy.resolve, FOREIGN, "if workspace_organization is None:"),
    Mutant(9, "the role of any workspace", Policy.resolve, HERE_ONLY, "next(iter(standing.assignments.values()), None)"),
    Mutant(10, "the first change that helps", remedy.smallest, SIZED, "return next(iter(plans), ())"),
    Mutant(11, "who holds anything can lose nothing", writes.may_end_workspace_role, "& ~held(policy, actor, now, workspace)", ""),
    Mutant(12, "a positive cache without eviction", RecordCache.put, "if generation.evictions != self._evictions:", "if False:"),
    Mutant(13, "a page that forgets the key's workspaces", listing.reaches, "workspace not in reach.within", "False"),
    Mutant(13, "roles for a time are not listed", listing.reaches, "if each.in_force(reach.now)]", "if False]"),
    Mutant(14, "a batch keyed without organization", batch.check_many, "resolve = policy.resolve", KEYED),
    Mutant(15, "the scopes of the acting key do not count", bounds.held, "scopes=actor.scopes,", "scopes=None,"),
    Mutant(15, "what is given may outlast its giver", bounds.bound, BOUNDARIES, "(now,)"),
    Mutant(16, "what is given may outlast its giver", bounds.bound, BOUNDARIES, "(now,)"),
    Mutant(16, "everybody changes their own role", writes._self_change, " and _reduces(policy, before, after)", ""),
    Mutant(17, "the last owner may go", MemoryOrganizations.lose_owner, "stored.permanent_owners <= 1", "stored.permanent_owners < 1"),
    Mutant(17, "an owner with an end is one to rely on", writes.permanent_owner, " and standing.expires_at is None", ""),
    Mutant(18, "a key is its owner", Policy.access, "return access if scopes is None else access.attenuate(scopes)", "return access"),
    Mutant(18, "a key for some workspaces is for all", Policy.access, "workspaces is not None and workspace not in workspaces", "False"),
    Mutant(19, "a positive cache without eviction", RecordCache.put, "if generation.evictions != self._evictions:", "if False:"),
    Mutant(20, "nothing is ever missing", explanation.explain_question, "smallest(policy, question, now=now, table=table)", "()"),
    Mutant(20, "who gives withholds", explanation._giver, GIVER, "Rule.CEILING, gives=False"),
    Mutant(21, "the end is included", policy._out_of_force, "period.expires_at <= now", "period.expires_at < now"),
    Mutant(21, "the start is not", policy._out_of_force, "now < period.starts_at", "now <= period.starts_at"),
    Mutant(22, "what can not be read counts for ever", policy._out_of_force, EXPIRY, SWALLOWED),
    Mutant(23, "workspaces in lower case", Policy.resolve, HERE_ONLY, "standing.assignments.get(workspace.lower().strip())"),
    Mutant(24, "a difference without ceilings", difference._allowed, "own.mask & role.ceiling", "own.mask"),
    Mutant(24, "losses are not told", difference.diff, "if name in held - new[place]", "if False"),
    Mutant(25, "exclusive only by threes", bounds.exclusive, "> 1:", "> 2:", apart),
    Mutant(26, "an owner's role for an hour", elevating.elevation_refusal, " or elevation.role == OWNER", ""),
    Mutant(
        26,
        "more than an owner",
        elevating.elevation_refusal,
        "if _beyond_an_owner(policy, target, after, elevation, now):",
        "if False:",
        audited,
    ),
)
