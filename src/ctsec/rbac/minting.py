"""Who may make a key for a service account: nobody makes one that may more than its maker.

Rules that this module keeps:

- it takes the permission by name (owners and admins, where the policy has no such permission), in force now and in an accepted manner;
- whoever is shown the key can act with it: what it may, within its scopes and workspaces, now or at any later instant, in the organization
  and in every workspace, must be held by the maker at that instant; a disabled account is judged as if it were enabled at once;
- only scopes of the policy can be named.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Final

from ctsec.ids import WorkspaceId
from ctsec.outcome import Reason, Refusal
from ctsec.rbac.bounds import ELSEWHERE, Actor, by_manner, foreign, held, leads
from ctsec.rbac.policy import Policy
from ctsec.rbac.standing import MembershipStatus, Standing

SERVICE_ACCOUNTS_MANAGE: Final = "service_accounts:manage"


def may_mint_for(
    policy: Policy,
    *,
    actor: Actor,
    target: Standing,
    scopes: frozenset[str] | None,
    workspaces: frozenset[WorkspaceId] | None,
    now: datetime,
) -> Refusal | None:
    """Judge a key for the service account of `target`, narrowed to `scopes` and `workspaces`; None if it may be made."""
    if foreign(actor, target):
        return Refusal(Reason.NOT_FOUND, "there is no such service account")
    unknown = sorted(scopes - set(policy.permissions)) if scopes is not None else []
    if unknown:
        return Refusal(Reason.INVALID_INPUT, f"unknown scope {unknown[0][:80]}")
    if (refusal := may_manage(policy, actor, now)) is not None:
        return refusal
    awake = replace(target, status=MembershipStatus.ACTIVE)
    key = Actor(standing=awake, scopes=scopes, workspaces=workspaces)
    boundaries = actor.standing.boundaries() | target.boundaries()
    for moment in sorted({now, *(each for each in boundaries if each > now)}):
        for place in (None, ELSEWHERE, *target.workspaces):
            if held(policy, key, moment, place) & ~held(policy, actor, moment, place):
                return Refusal(Reason.BEYOND_OWN_RIGHTS, "this key would have rights that you do not hold; narrow it to fewer scopes")
    return None


def may_manage(policy: Policy, actor: Actor, now: datetime) -> Refusal | None:
    """Refuse if the actor does not manage the service accounts of the organization."""
    named = SERVICE_ACCOUNTS_MANAGE in policy.permissions
    if named and not held(policy, actor, now, None) & policy.index.bit(SERVICE_ACCOUNTS_MANAGE):
        return Refusal(Reason.DENIED, f"{SERVICE_ACCOUNTS_MANAGE} is not among your permissions")
    if not named and not leads(actor, now):
        return Refusal(Reason.DENIED, f"{SERVICE_ACCOUNTS_MANAGE} is not among your permissions")
    return by_manner(actor, SERVICE_ACCOUNTS_MANAGE if named else None)
