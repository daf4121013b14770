"""Of whom an organization requires a second factor: set, relaxed, and asked about (async source).

Rules that this module keeps:

- it takes `organization:manage` (of owners and admins, where the policy does not name it) and a second factor proved in the session within
  the last ten minutes: whoever sets it has one, and no API key sets it;
- a change is an event with what was before and what is after, and is forgotten by every cache like a change of roles.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Final

from ctsec.audit.change import diff
from ctsec.audit.event import EventName, Target
from ctsec.ids import OrganizationId, UserId
from ctsec.mfa_policy import MfaPolicy
from ctsec.outcome import Outcome, Reason, Refusal
from ctsec.principal import FRESH, SESSIONS, Principal
from ctsec.rbac._async_acting import AsyncActing
from ctsec.rbac._async_authority import AsyncAuthority
from ctsec.rbac._async_ports import AsyncEntranceDates, AsyncRequirementRecords
from ctsec.rbac.entrance import SSO_REQUIRED, lacks_sso
from ctsec.rbac.permission import shown
from ctsec.rbac.policy import Policy
from ctsec.rbac.requirement import MFA_REQUIRED, lacks_mfa, mfa_due
from ctsec.rbac.subject import subject

ORGANIZATION_MANAGE: Final = "organization:manage"
_STEP_UP: Final = Refusal(Reason.STEP_UP_REQUIRED, "prove your second factor again to change who needs one", max_age=FRESH)


class AsyncRequirements:
    """The second factors that organizations require."""

    __slots__ = ("_acting", "_authority", "_entrances", "_records")

    def __init__(
        self, *, acting: AsyncActing, authority: AsyncAuthority, records: AsyncRequirementRecords, entrances: AsyncEntranceDates
    ) -> None:
        self._acting = acting
        self._authority = authority
        self._records = records
        self._entrances = entrances

    async def require_mfa(
        self,
        actor: Principal,
        *,
        organization: OrganizationId,
        organization_roles: Iterable[str] | None = None,
        workspace_roles: Iterable[str] = (),
        starts_at: datetime | None = None,
        grace_until: datetime | None = None,
    ) -> Outcome[MfaPolicy]:
        """Require a second factor of everybody, or of who holds one of the named roles, in place of what was required before.

        It is asked for from `starts_at` on (None: now) and sessions without one are refused from `grace_until` on (None: from the start).
        """
        now = self._acting.now
        start = starts_at if starts_at is not None else now
        try:
            wanted = MfaPolicy(
                starts_at=start,
                grace_until=grace_until if grace_until is not None else start,
                organization_roles=frozenset(organization_roles) if organization_roles is not None else None,
                workspace_roles=frozenset(workspace_roles),
            )
        except ValueError as error:
            return Refusal(Reason.INVALID_INPUT, str(error))
        refusal = await self._change(actor, organization, wanted)
        return wanted if refusal is None else refusal

    async def relax_mfa(self, actor: Principal, *, organization: OrganizationId) -> Refusal | None:
        """Require a second factor of nobody any more; None if that is so now, or why not."""
        return await self._change(actor, organization, None)

    async def mfa_policy(self, organization: OrganizationId) -> MfaPolicy | None:
        """Return of whom the organization requires a second factor, as this transaction sees it; None: of nobody."""
        return await self._records.mfa_policy(organization)

    async def due(self, user: UserId) -> Mapping[OrganizationId, datetime]:
        """Return the organizations that require a second factor of a person now, and from when on each refuses to go without."""
        found: dict[OrganizationId, datetime] = {}
        for organization in await self._records.requiring_mfa(user):
            standing = await self._acting.standings.standing(organization, user)
            at = mfa_due(standing, now=self._acting.now) if standing is not None else None
            if at is not None:
                found[organization] = at
        return MappingProxyType(found)

    async def entered_from(self, user: UserId) -> Mapping[OrganizationId, datetime]:
        """Return the organizations of a person that are entered through their provider only, now or soon, and from when on."""
        found: dict[OrganizationId, datetime] = {}
        for organization, at in await self._entrances.of_user(user):
            standing = await self._acting.standings.standing(organization, user)
            if standing is not None and standing.in_force(self._acting.now):
                found[organization] = at
        return MappingProxyType(found)

    async def refusal(self, principal: Principal, organization: OrganizationId) -> Refusal | None:
        """Return SSO_REQUIRED or MFA_REQUIRED if the organization refuses this credential of the person, or None."""
        person = subject(principal, organization=organization)
        standing = await self._acting.standings.standing(organization, person) if person is not None else None
        if standing is not None and lacks_sso(standing, principal.credential, now=self._acting.now):
            return SSO_REQUIRED
        return MFA_REQUIRED if standing is not None and lacks_mfa(standing, principal.credential, now=self._acting.now) else None

    async def _change(self, actor: Principal, organization: OrganizationId, wanted: MfaPolicy | None) -> Refusal | None:
        target = Target("organization", organization)
        refusal = await self._authority.may(actor, organization=organization, permission=ORGANIZATION_MANAGE)
        if refusal is None and not (actor.credential.kind in SESSIONS and actor.credential.second_factor_fresh(now=self._acting.now)):
            refusal = _STEP_UP
        # Read behind the lock that the question of authority took: what is there now, not in a snapshot from before.
        own = await self._acting.standings.standing(organization, UserId(actor.id), fresh=True) if refusal is None else None
        if own is not None and wanted is not None:
            refusal = _unknown_role(await self._acting.policy(own), wanted)
        if refusal is not None:
            details = {"attempted": "organization.mfa_policy"}
            return await self._acting.refuse(actor, organization, refusal, target=target, workspace=None, details=details)
        before = own.mfa_policy if own is not None else None
        if before == wanted:
            return None
        await self._records.put_mfa_policy(organization, wanted)
        await self._acting.owners.advance_roles(organization)
        await self._acting.epochs.bump(organization)
        await self._acting.audit.note(
            EventName.ORGANIZATION_MFA_POLICY_CHANGED,
            actor=actor,
            targets=(target,),
            organization=organization,
            changes=diff(_told(before), _told(wanted)),
        )
        return None


def _told(policy: MfaPolicy | None) -> dict[str, object]:
    """Return what an event says of a requirement: of whom, from when, and from when on it is refused to go without."""
    if policy is None:
        return {}
    return {
        "everybody": policy.everybody,
        "organization_roles": tuple(sorted(policy.organization_roles or ())),
        "workspace_roles": tuple(sorted(policy.workspace_roles)),
        "starts_at": policy.starts_at.isoformat(),
        "grace_until": policy.grace_until.isoformat(),
    }


def _unknown_role(policy: Policy, wanted: MfaPolicy) -> Refusal | None:
    for name in sorted(wanted.organization_roles or ()):
        if policy.organization_role(name) is None:
            return Refusal(Reason.INVALID_INPUT, f"expected an organization role, found {shown(name)}")
    for name in sorted(wanted.workspace_roles):
        if policy.workspace_role(name) is None:
            return Refusal(Reason.INVALID_INPUT, f"expected a workspace role, found {shown(name)}")
    return None
