"""Mutants: one small mistake each, and the law that notices it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

import hypothesis
from hypothesis import Phase, core
from hypothesis.internal.conjecture import providers
from hypothesis.internal.constants_ast import Constants

from ctsec.cache import RecordCache
from ctsec.directory._async_members import AsyncMembers
from ctsec.directory._sync_members import Members
from ctsec.rbac import (
    batch,
    bounds,
    change,
    columns,
    condition,
    decision,
    difference,
    elevation_writes,
    explanation,
    listing,
    policy,
    remedy,
    standing,
    table,
    writes,
)
from ctsec.rbac._async import AsyncRoles
from ctsec.rbac._async_acting import AsyncActing
from ctsec.rbac.access import Access
from ctsec.rbac.policy import Policy
from ctsec.rbac.preset import preset_policy
from ctsec.storage.memory._sync_directory import MemoryOrganizations
from ctsec.testing.laws import LAWS, Cell, Claims
from tests.cells import CELLS
from tests.laws.histories import HISTORIES
from tests.laws.policies import apart, audited, equal, hr, wide
from tests.mistake import mistaken

# The cells of the product's page, which a mutant of the matrix must not get past, whatever the masks say.
MARKED: Final = tuple(
    Cell(role, None if placed == "none" else placed, name, allowed=answer) for (role, placed, name), answer in CELLS.items()
)
PRESET: Final = preset_policy()


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
        with mistaken(self.function, self.old, self.new):
            yield

    def killed(self) -> bool:
        """Say whether the law notices the mistake; any other error is no answer."""
        with self.applied():
            try:
                hold(self.law, self.make(), seed=SEEDS.get(str(self), 0))
            except AssertionError:
                return True
        return False


def hold(number: int, policy: Policy, *, seed: int = 0, examples: int = 400) -> None:
    """Return if a law holds for a policy that was built anew; the search is the same each time, and stops at the first counterexample."""
    for history in HISTORIES:
        if history.number == number:
            history.hold()
    for law in LAWS:
        if law.number == number:
            settings = hypothesis.settings(max_examples=examples, derandomize=False, database=None, phases=[Phase.generate])
            with begun_at(seed):
                law.check(policy, claims=Claims(cells=MARKED if policy.index == PRESET.index else ()), settings=settings)


@contextmanager
def begun_at(seed: int) -> Iterator[None]:
    """Let every search begin at a seed, as the option `--hypothesis-seed` does, and go by nothing that other modules happen to hold.

    Hypothesis tries constants that it reads in the modules of a project: with them a search changes wherever a line of a test does.
    """
    shared, known = vars(core), vars(providers)
    before = shared["global_force_seed"], known["_get_local_constants"]
    shared["global_force_seed"], known["_get_local_constants"] = seed, Constants
    providers.CONSTANTS_CACHE.cache.clear()
    try:
        yield
    finally:
        shared["global_force_seed"], known["_get_local_constants"] = before
        providers.CONSTANTS_CACHE.cache.clear()


BOUNDARIES: Final = "sorted({now, *(boundary for boundary in boundaries if boundary > now)})"
SIZED: Final = "min(allowed, key=lambda each: _size(judge, *each, given=given, had=had), default=((), question))"
KEYED: Final = "kept = {}; resolve = lambda who, at, place, home: kept.setdefault(place, policy.resolve(who, at, place, home))"
EXPIRY: Final = "if period.expires_at is not None and period.expires_at <= now:\n        return _EXPIRED"
SWALLOWED: Final = """try:
        if period.expires_at is not None and period.expires_at <= now:
            return _EXPIRED
    except Exception:
        return None"""
GIVEN: Final = "bit & (role.base | mask)"
CAPPED: Final = f"if bit & role.ceiling and not {GIVEN}:"
MET: Final = "return decision if reason is None"
ALLOWED: Final = "return DECISIONS[DecisionReason.ALLOWED_BY_WORKSPACE_ROLE] if reason is None"
FOREIGN: Final = "if workspace_organization != standing.organization:"
HERE_ONLY: Final = "standing.assignments.get(workspace)"
# Where the search for a counterexample begins, for mistakes that show rarely: it meets one among the first few examples.
SEEDS: Final = {
    "law 3: an elevation counts for the organization only": 4,
    "law 3: the short way forgets periods": 10,
    "law 9: a role for a time counts everywhere": 1,
    "law 10: the last role for a time is named": 1,
    "law 15: nobody is above anybody": 6,
    "law 15: roles that sleep are not looked at": 13,
    "law 15: what is held for a time outlasts its giver": 19,
    "law 15: the scopes of the acting key do not count": 1,
    "law 15: what is given may outlast its giver": 1,
    "law 16: what is given may outlast its giver": 9,
    "law 16: everybody extends their own time": 1,
    "law 16: one's own role exchanged for any": 8,
}
GIVER: Final = "Rule.ORGANIZATION_MASK if workspace is None else Rule.BASE, gives=True"
MUTANTS: Final = (
    Mutant(1, "base and mask instead of base or mask", table.workspace_table, "bit & (role.base | mask)", "bit & (role.base & mask)"),
    Mutant(1, "a column's bit one to the left", columns.column_masks, "|= bit", "|= bit << 1 & index.everything"),
    Mutant(2, "a suspended member counts", policy._membership, "return DecisionReason.MEMBERSHIP_SUSPENDED", "return None"),
    Mutant(1, "a table's mask one bit off", decision.DecisionTable.__init__, "[bits[name] for", "[bits[name] << 1 for"),
    Mutant(2, "a removed member counts", policy._membership, "return _NOT_A_MEMBER", "return None"),
    Mutant(2, "an unknown permission is a denial", Access.can, "raise unknown(permission) from None", "return False"),
    Mutant(3, "a list joins assignments only", listing.reaches, "roles & reach.bases or here & reach.masks", "here & reach.masks"),
    Mutant(3, "an elevation counts for the organization only", Policy._elevated, "if not added and not raised:", "if not added:"),
    Mutant(3, "the short way forgets periods", Policy.check, "and assignment.plain:", "and True:"),
    Mutant(4, "a workspace role turns the base round", table.workspace_table, GIVEN, "bit & (role.base ^ mask)"),
    Mutant(4, "only viewers see everything", columns.organization_roles, "base[MEMBER] |= everywhere", "base[MEMBER] |= 0", wide),
    Mutant(5, "a workspace role takes the base's place", table.workspace_table, GIVEN, "bit & (mask or role.base)"),
    Mutant(5, "workspace roles upside down", columns.workspace_roles, "rank=len(names) - position", "rank=position"),
    Mutant(6, "a key narrows only if nothing is in common", decision.narrowed, "if not table.mask & ~mask:", "if table.mask & mask:"),
    Mutant(6, "what is held for a time takes the base's place", table.joined, "base=role.base | each.base", "base=each.base"),
    Mutant(6, "who meets a condition is allowed", condition.conditioned, MET, ALLOWED),
    Mutant(
        7, "the ceiling named for what nobody gave", table.workspace_table, f"if not {GIVEN}:", f"if bit & role.ceiling and not {GIVEN}:"
    ),
    Mutant(7, "no ceiling", table.workspace_table, "if not bit & role.ceiling:", "if not bit:"),
    Mutant(8, "the organization taken from the request", Policy.resolve, FOREIGN, "if workspace_organization is None:"),
    Mutant(8, "the short way asks for no organization", Policy.check, "workspace_organization == standing.organization", "True"),
    Mutant(9, "a role for a time counts everywhere", Policy._elevated, "or each.workspace == workspace)", "or True)"),
    Mutant(9, "the role of any workspace", Policy.resolve, HERE_ONLY, "next(iter(standing.assignments.values()), None)"),
    Mutant(10, "the first change that helps", remedy.smallest, SIZED, "next(iter(allowed), ((), question))"),
    Mutant(10, "the last role for a time is named", explanation._giver, 'min(giving, default="")', '(giving or [""])[-1]'),
    Mutant(11, "who holds anything can lose nothing", writes.may_end_workspace_role, "& ~held(policy, actor, now, workspace)", ""),
    Mutant(12, "a positive cache without eviction", RecordCache.put, "if generation.evictions != self._evictions:", "if False:"),
    Mutant(12, "nothing is evicted", RecordCache.evict, "self._drop_scopes(scopes)", "pass"),
    Mutant(12, "a change of roles tells nobody", AsyncActing.changed, "await self.epochs.bump(user)", "pass"),
    Mutant(12, "who leaves is not forgotten", AsyncMembers._changed, "await self._stores.epochs.bump(user)", "pass"),
    Mutant(13, "a page that forgets the key's workspaces", listing.reaches, "workspace not in reach.within", "False"),
    Mutant(13, "roles for a time are not listed", listing.reaches, "if each.in_force(reach.now)]", "if False]"),
    Mutant(14, "a batch keyed without organization", batch.check_many, "resolve = policy.resolve", KEYED),
    Mutant(14, "equal answers told once", batch.check_many, "tuple(answers)", "tuple(dict.fromkeys(answers))"),
    Mutant(15, "everybody manages every workspace", bounds.may_change_workspace, "if not allowed:", "if False:"),
    Mutant(15, "an admin makes owners", bounds.may_change_members, "if touches_owner and not", "if False and not", equal),
    Mutant(15, "nobody is above anybody", bounds.above, "return any(", "return False and any("),
    Mutant(15, "roles that sleep are not looked at", bounds.bound, "*after.workspaces, *raised", "*raised", hr),
    Mutant(
        15,
        "what is held for a time outlasts its giver",
        elevation_writes.may_elevate,
        "return bound(policy, actor, target, after, now)",
        "pass",
    ),
    Mutant(15, "the scopes of the acting key do not count", bounds.held, "scopes=actor.scopes,", "scopes=None,"),
    Mutant(15, "what is given may outlast its giver", bounds.bound, BOUNDARIES, "(now,)"),
    Mutant(15, "an invitation is not looked at again", Members.accept, "if refusal is not None:", "if False:"),
    Mutant(16, "what is given may outlast its giver", bounds.bound, BOUNDARIES, "(now,)"),
    Mutant(16, "everybody changes their own role", writes._self_change, " and _reduces(policy, before, after)", ""),
    Mutant(16, "everybody extends their own time", writes._within, "return starts and (", "return starts or ("),
    Mutant(16, "one's own role exchanged for any", writes._assignment_reduces, "not new.mask & ~old.mask and", ""),
    Mutant(16, "one's own rise is a reduction", writes._reduces, "new.organization_mask & ~old.organization_mask", "False"),
    Mutant(17, "the last owner may go", MemoryOrganizations.lose_owner, "stored.permanent_owners <= 1", "stored.permanent_owners < 1"),
    Mutant(17, "owners are not counted", AsyncRoles._change_membership, "and loses_owner(before, after) and", "and False and"),
    Mutant(17, "an owner with an end is one to rely on", writes.permanent_owner, " and standing.expires_at is None", ""),
    Mutant(18, "a key is its owner", Policy.access, "return access if scopes is None else access.attenuate(scopes)", "return access"),
    Mutant(18, "a key for some workspaces is for all", Policy.access, "workspaces is not None and workspace not in workspaces", "False"),
    Mutant(18, "narrowing adds", decision.narrowed, "bits[p] & mask else outside", "not bits[p] & mask else outside"),
    Mutant(19, "a positive cache without eviction", RecordCache.put, "if generation.evictions != self._evictions:", "if False:"),
    Mutant(20, "nothing is ever missing", explanation.explain_question, "smallest(policy, question, now=now, table=table)", "()"),
    Mutant(20, "a remedy that does not help", remedy.smallest, "if judge.allows(after)", "if True"),
    Mutant(20, "the base is always named", explanation._giver, "if own is not None and bit & own.mask:", "if False:"),
    Mutant(20, "strangers hear what exists", change._admitted, "if question.workspace is not None else", "if home else"),
    Mutant(20, "who gives withholds", explanation._giver, GIVER, "Rule.CEILING, gives=False"),
    Mutant(21, "the end is included", policy._out_of_force, "period.expires_at <= now", "period.expires_at < now"),
    Mutant(21, "the start is not", policy._out_of_force, "now < period.starts_at", "now <= period.starts_at"),
    Mutant(21, "a role for a time counts at its end", standing._covers, "now < expires_at", "now <= expires_at"),
    Mutant(22, "what can not be read counts for ever", policy._out_of_force, EXPIRY, SWALLOWED),
    Mutant(23, "workspaces in lower case", Policy.resolve, HERE_ONLY, "standing.assignments.get(workspace.lower().strip())"),
    Mutant(23, "role names are trimmed", Policy.organization_role, ".get(name)", ".get(name.strip())"),
    Mutant(24, "what is lost is not told", difference.diff, "if name in held - new[place])", "if False)"),
    Mutant(24, "a workspace role is compared without its ceiling", difference._allowed, "own.mask & role.ceiling", "own.mask"),
    Mutant(24, "what is gained is forgotten", difference.PolicyDiff.apply, "(held - losses) | gains", "held - losses"),
    Mutant(25, "exclusive only by threes", bounds.exclusive, "> 1:", "> 2:", apart),
    Mutant(26, "an owner's role for an hour", elevation_writes.elevation_refusal, " or elevation.role == OWNER", ""),
    Mutant(
        26,
        "more than an owner",
        elevation_writes.elevation_refusal,
        "if _beyond_an_owner(policy, target, after, elevation, now):",
        "if False:",
        audited,
    ),
)
