"""Which roles somebody gets by the groups that a provider tells: one decision, without a store.

Rules that this module keeps:

- unknown groups are not "no groups": a member keeps everything, and a newcomer gets the default role;
- of the rules whose group matches, the first one for a place (the organization, or a workspace) decides it, and no later one does: a rule
  that can not be carried out gives nothing, so that the next one does not give more than was meant;
- what the connection gave it takes back when no rule gives it any more; what somebody gave by hand it neither takes nor changes;
- nobody becomes or stops to be an owner or an admin by a rule;
- a workspace role never goes above what the organization role lets through, nor beside one that excludes it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from ctsec.ids import WorkspaceId
from ctsec.rbac.offer import Offer
from ctsec.rbac.role import ADMIN, OWNER

UNGIVEN: Final = frozenset({OWNER, ADMIN})


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupRule:
    """Whoever is in `group` gets `role`: in the organization, or in one `workspace` of it."""

    group: str
    role: str
    workspace: WorkspaceId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldRole:
    """A role that somebody holds; `given` says that this connection gave it, and nobody by hand since."""

    role: str
    given: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """What a member holds: the role in the organization, those in workspaces, and the names of those held in workspaces for a time."""

    role: HeldRole
    workspaces: Mapping[WorkspaceId, HeldRole] = field(default_factory=dict[WorkspaceId, HeldRole])
    raised: frozenset[str] = frozenset()


class Why(StrEnum):
    """Why a rule that matched gave nothing."""

    TOO_HIGH = "too_high"
    NO_SUCH_ROLE = "no_such_role"
    NO_SUCH_WORKSPACE = "no_such_workspace"
    ABOVE_CEILING = "above_ceiling"
    EXCLUDED = "excluded"


@dataclass(frozen=True, slots=True, kw_only=True)
class Skipped:
    """A rule, by its place in the list from 0, that matched and gave nothing."""

    rule: int
    why: Why


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What changes: the role in the organization (None: it stays), workspace roles that are given and taken.

    `matched` are the rules that decided, `skipped` those that would have and could not; both by their places in the list, from 0.
    """

    role: str | None = None
    give: Mapping[WorkspaceId, str] = field(default_factory=dict[WorkspaceId, str])
    take: tuple[WorkspaceId, ...] = ()
    matched: tuple[int, ...] = ()
    skipped: tuple[Skipped, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """What there is to give: the roles of the organization, its workspaces in use, and the role of whoever no rule speaks of."""

    offer: Offer
    workspaces: frozenset[WorkspaceId]
    default_role: str


class Entry(StrEnum):
    """Whether somebody may come in by their groups, or why not."""

    OPEN = ""
    UNKNOWN = "groups_unknown"
    OUTSIDE = "in_no_required_group"


def entry(required: Iterable[str], groups: tuple[str, ...] | None) -> Entry:
    """Return whether one of the required groups, where there are any, is among somebody's; unknown ones open nothing."""
    wanted = frozenset(required)
    if not wanted:
        return Entry.OPEN
    if groups is None:
        return Entry.UNKNOWN
    return Entry.OPEN if wanted.intersection(groups) else Entry.OUTSIDE


def decide(rules: tuple[GroupRule, ...], groups: tuple[str, ...] | None, *, ground: Ground, held: Held | None) -> Decision:
    """Return what the rules make of somebody in `groups` (None: unknown) who holds `held` (None: a newcomer)."""
    if groups is None:
        return Decision(role=ground.default_role if held is None else None)
    deciding = _deciding(rules, frozenset(groups))
    matched: list[int] = []
    skipped: list[Skipped] = []
    role = ground.default_role
    number = deciding.pop(None, None)
    if number is not None:
        why = _organization_bar(rules[number].role, ground)
        if why is None:
            matched.append(number)
            role = rules[number].role
        else:
            skipped.append(Skipped(rule=number, why=why))
    changed = role if held is None or _replaceable(held.role, role) else None
    effective = changed or (held.role.role if held is not None else role)
    before: Mapping[WorkspaceId, HeldRole] = held.workspaces if held is not None else {}
    names = {each.role for each in before.values() if not each.given}
    names.update(held.raised if held is not None else ())
    given: dict[WorkspaceId, str] = {}
    for place, position in sorted(((place, n) for place, n in deciding.items() if place is not None), key=lambda pair: pair[1]):
        if place in before and not before[place].given:
            continue
        wanted = rules[position].role
        why = _workspace_bar(wanted, place, ground, effective=effective, names=frozenset(names))
        if why is None:
            matched.append(position)
            given[place] = wanted
            names.add(wanted)
        else:
            skipped.append(Skipped(rule=position, why=why))
    return Decision(
        role=changed,
        give={place: each for place, each in given.items() if place not in before or before[place].role != each},
        take=tuple(sorted(place for place, each in before.items() if each.given and place not in given)),
        matched=tuple(sorted(matched)),
        skipped=tuple(sorted(skipped, key=lambda each: each.rule)),
    )


def _deciding(rules: tuple[GroupRule, ...], groups: frozenset[str]) -> dict[WorkspaceId | None, int]:
    """Return the first rule that matches for each place."""
    found: dict[WorkspaceId | None, int] = {}
    for number, rule in enumerate(rules):
        if rule.group in groups:
            found.setdefault(rule.workspace, number)
    return found


def _replaceable(held: HeldRole, role: str) -> bool:
    return held.given and held.role not in UNGIVEN and held.role != role


def _organization_bar(role: str, ground: Ground) -> Why | None:
    if role in UNGIVEN:
        return Why.TOO_HIGH
    return None if role in ground.offer.fitting else Why.NO_SUCH_ROLE


def _workspace_bar(role: str, place: WorkspaceId, ground: Ground, *, effective: str, names: frozenset[str]) -> Why | None:
    if place not in ground.workspaces:
        return Why.NO_SUCH_WORKSPACE
    if role not in ground.offer.workspace_roles:
        return Why.NO_SUCH_ROLE
    if role not in ground.offer.fitting.get(effective, frozenset()):
        return Why.ABOVE_CEILING
    return Why.EXCLUDED if ground.offer.excludes(role, beside=names) else None
