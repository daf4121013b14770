"""Decisions: an answer and its reason from a closed list, built once and never for a check.

Rules that this module keeps:

- the reason decides the answer: there is exactly one `Decision` for each `DecisionReason`;
- a reason says nothing about another organization: what is not here and what belongs to others is one reason, `foreign_organization`;
- roles come first, then a key's scopes, then how the caller authenticated (`ctsec.rbac.methods`) and conditions (`ctsec.rbac.condition`):
  each of these only turns an allowing decision into a denying one, so a reason of theirs says that the roles would allow;
- a table answers for every permission of its policy; any other name raises `UnknownPermission`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from ctsec.rbac.permission import PermissionIndex


class DecisionReason(StrEnum):
    """Why a decision came out as it did: a closed list, stable, safe to show and to count.

    `sso_required` is of organizations that are entered through their provider only, and of sessions of the account. `mfa_required` is of
    organizations that require a second factor, which the session has not proved or the key's owner has not. Each answers for every
    permission there. The last five are of method tables and conditions: `credential_not_accepted` (not with this kind
    of credential), `outside_network`, `outside_hours`, `own_request` (nobody approves what they asked for themselves), and
    `unknown_fact`, where a condition asks for something that nobody told it.
    """

    ALLOWED_BY_ORGANIZATION_ROLE = "allowed_by_organization_role"
    ALLOWED_BY_WORKSPACE_ROLE = "allowed_by_workspace_role"
    ALLOWED_BY_ELEVATION = "allowed_by_elevation"
    NOT_A_MEMBER = "not_a_member"
    MEMBERSHIP_SUSPENDED = "membership_suspended"
    NOT_IN_FORCE = "not_in_force"
    EXPIRED = "expired"
    NO_WORKSPACE_ROLE = "no_workspace_role"
    ROLE_LACKS_PERMISSION = "role_lacks_permission"
    CAPPED_BY_ORGANIZATION_ROLE = "capped_by_organization_role"
    WRONG_SCOPE = "wrong_scope"
    FOREIGN_ORGANIZATION = "foreign_organization"
    UNKNOWN_ROLE = "unknown_role"
    SSO_REQUIRED = "sso_required"
    MFA_REQUIRED = "mfa_required"
    OUTSIDE_KEY_SCOPE = "outside_key_scope"
    OUTSIDE_KEY_WORKSPACES = "outside_key_workspaces"
    STEP_UP_REQUIRED = "step_up_required"
    CREDENTIAL_NOT_ACCEPTED = "credential_not_accepted"
    OUTSIDE_NETWORK = "outside_network"
    OUTSIDE_HOURS = "outside_hours"
    OWN_REQUEST = "own_request"
    UNKNOWN_FACT = "unknown_fact"


@dataclass(frozen=True, slots=True)
class Decision:
    """The answer to "may this be done"; its truth value is `allowed`, so `if policy.check(…)` means what it says."""

    allowed: bool
    reason: DecisionReason

    def __bool__(self) -> bool:
        return self.allowed


_ALLOWING: Final = frozenset(
    {DecisionReason.ALLOWED_BY_ORGANIZATION_ROLE, DecisionReason.ALLOWED_BY_WORKSPACE_ROLE, DecisionReason.ALLOWED_BY_ELEVATION}
)
DECISIONS: Final[Mapping[DecisionReason, Decision]] = MappingProxyType(
    {reason: Decision(reason in _ALLOWING, reason) for reason in DecisionReason}
)


class DecisionTable:
    """The decision on every permission in one situation; `answers` and `mask` say the same thing for other readers.

    Plain dicts inside: a subclass with `__missing__` would cost half a check more.
    """

    __slots__ = ("answers", "decisions", "mask")

    def __init__(self, decisions: dict[str, Decision], *, bits: Mapping[str, int]) -> None:
        self.decisions = decisions
        self.answers = {name: decision.allowed for name, decision in decisions.items()}
        self.mask = sum([bits[name] for name, decision in decisions.items() if decision.allowed])


def uniform(index: PermissionIndex, *, reason: DecisionReason) -> DecisionTable:
    """Return the table that answers `reason` for every permission."""
    return DecisionTable(dict.fromkeys(index.names, DECISIONS[reason]), bits=index.bits)


def alone(table: DecisionTable, *, index: PermissionIndex, permission: str, reason: DecisionReason) -> DecisionTable:
    """Return the table that answers `reason`, which is one of a denial, for every permission but one."""
    decisions = {name: found if name == permission else DECISIONS[reason] for name, found in table.decisions.items()}
    return DecisionTable(decisions, bits=index.bits)


def narrowed(
    table: DecisionTable, *, index: PermissionIndex, mask: int, reason: DecisionReason = DecisionReason.OUTSIDE_KEY_SCOPE
) -> DecisionTable:
    """Return `table` without the allowed permissions outside of `mask`: they answer `reason`, which is one of a denial."""
    outside = DECISIONS[reason]
    if outside.allowed:
        raise ValueError(f"expected the reason of a denial, found {reason}")
    if not table.mask & ~mask:
        return table
    bits = index.bits
    return DecisionTable({p: d if not d.allowed or bits[p] & mask else outside for p, d in table.decisions.items()}, bits=bits)
