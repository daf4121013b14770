"""Whether an organization is entered through its provider only: required from a date on, relaxed, and read (async source).

Rules that this module keeps:

- for an organization whose owners have lost provider and codes an operator relaxes it, with a reason, and every owner is told by mail;
- it takes `sso:manage` (owners and admins, where the policy does not name it) and a second factor proved just now; no API key sets it;
- nobody locks themselves or everybody out by it (`ctsec.sso.entrance`), and it is set and relaxed behind the organization's lock, as
  connections are changed;
- a change is an event with what was before, and is forgotten by every cache like a change of roles.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from ctsec.ambient import Ambient
from ctsec.audit._async_ports import AsyncRecorder
from ctsec.audit.event import EventName, Target
from ctsec.directory.record import MembershipStatus
from ctsec.guard._async_ports import AsyncProofRecords
from ctsec.guard.proof import Purpose
from ctsec.ids import OrganizationId, UserId
from ctsec.operators import Operator
from ctsec.outcome import Outcome, Reason, Refusal
from ctsec.principal import FRESH, SESSIONS, Principal
from ctsec.rbac.entrance import SSO_MANAGE
from ctsec.rbac.role import OWNER
from ctsec.sso._async_ports import AsyncGlassAlarm, AsyncSsoEpochs, AsyncSsoMemberships, AsyncSsoOrganizations, AsyncSsoRights
from ctsec.sso._async_record_ports import AsyncEntranceRecords, AsyncGlassCodeRecords, AsyncIdentityRecords
from ctsec.sso.entrance import Entrance, beginning, lockout

_STEP_UP: Final = Refusal(Reason.STEP_UP_REQUIRED, "prove your second factor again to change how people sign in", max_age=FRESH)
_NO_ORGANIZATION: Final = Refusal(Reason.NOT_FOUND, "there is no such organization")
_NOT_REQUIRED: Final = Refusal(Reason.CONFLICT, "nothing is to be relaxed: sessions of accounts are let in")


@dataclass(frozen=True, slots=True, kw_only=True)
class AsyncEntranceParts:
    """What a requirement is kept in and judged with."""

    records: AsyncEntranceRecords
    codes: AsyncGlassCodeRecords
    identities: AsyncIdentityRecords
    memberships: AsyncSsoMemberships
    organizations: AsyncSsoOrganizations
    rights: AsyncSsoRights
    epochs: AsyncSsoEpochs
    proofs: AsyncProofRecords
    alarm: AsyncGlassAlarm


class AsyncEntrances:
    """From when on organizations are entered through their provider only."""

    __slots__ = ("_ambient", "_audit", "_parts")

    def __init__(self, parts: AsyncEntranceParts, *, audit: AsyncRecorder, ambient: Ambient) -> None:
        self._parts = parts
        self._audit = audit
        self._ambient = ambient

    async def require(self, actor: Principal, *, organization: OrganizationId, starts_at: datetime | None = None) -> Outcome[Entrance]:
        """Let the organization be entered through its provider only, from `starts_at` on (None: now; at most 90 days from now).

        Reasons: what `sso:manage` refuses, STEP_UP_REQUIRED, INVALID_INPUT; CONFLICT where it would lock the actor, or everybody, out.
        """
        refusal = await self._judge(actor, organization)
        left = await self._left(organization) if refusal is None else 0
        wanted = refusal if refusal is not None else beginning(starts_at, now=self._ambient.now())
        if not isinstance(wanted, Refusal):
            own = await self._parts.memberships.get(organization, UserId(actor.id), fresh=True)
            refusal = lockout(
                enabled=await self._parts.records.enabled(organization),
                identities=await self._parts.identities.of_user(UserId(actor.id)),
                role=own.role if own is not None else "",
                codes_left=left,
            )
            wanted = refusal if refusal is not None else wanted
        if isinstance(wanted, Refusal):
            return await self._refuse(actor, organization, wanted)
        await self._change(actor, organization, wanted)
        return Entrance(required_from=wanted, codes_left=left)

    async def relax(self, actor: Principal, *, organization: OrganizationId) -> Refusal | None:
        """Let sessions of accounts in again; None if that is so now, or why not."""
        refusal = await self._judge(actor, organization)
        if refusal is not None:
            return await self._refuse(actor, organization, refusal)
        await self._change(actor, organization, None)
        return None

    async def relax_for(self, operator: Operator, *, organization: OrganizationId) -> Refusal | None:
        """Let sessions of accounts in again, for who runs the deployment: owners who have lost provider and codes ask for it.

        Everything else stays: the connections, codes, and what the organization requires of second factors. Reasons: NOT_FOUND for nobody's
        id, CONFLICT where nothing is required.
        """
        actor, refusal = operator.principal, None if await self._parts.organizations.lock(organization) else _NO_ORGANIZATION
        if refusal is None and await self._parts.records.required_from(organization, fresh=True) is None:
            refusal = _NOT_REQUIRED
        if refusal is not None:
            return await self._refuse(actor, organization, refusal, known=refusal is _NOT_REQUIRED)
        await self._change(actor, organization, None, reason=operator.reason)
        await self._parts.alarm.requirement_relaxed(organization, reason=operator.reason)
        return None

    async def entrance(self, organization: OrganizationId) -> Entrance:
        """Return from when on, and how many unused break-glass codes the organization's owners hold."""
        return Entrance(required_from=await self._parts.records.required_from(organization), codes_left=await self._left(organization))

    async def refusal(self, actor: Principal, *, organization: OrganizationId) -> Refusal | None:
        """Return why `actor` may not look at the settings of single sign-on, or None; a break-glass code counts here."""
        return await self._parts.rights.may(actor, organization=organization, permission=SSO_MANAGE, lock=False)

    async def _judge(self, actor: Principal, organization: OrganizationId) -> Refusal | None:
        refusal = await self._parts.rights.may(actor, organization=organization, permission=SSO_MANAGE)
        fresh = actor.credential.kind in SESSIONS and actor.credential.second_factor_fresh(now=self._ambient.now())
        return refusal if refusal is not None or fresh else _STEP_UP

    async def _left(self, organization: OrganizationId) -> int:
        """Return how many codes would be taken if they were redeemed now."""
        left = 0
        for each in await self._parts.codes.of_organization(organization):
            member = await self._parts.memberships.get(organization, each.user_id)
            if member is not None and member.role == OWNER and member.status is MembershipStatus.ACTIVE:
                left += len(await self._parts.proofs.live(Purpose.GLASS_CODE, each.id, now=self._ambient.now()))
        return left

    async def _change(self, actor: Principal, organization: OrganizationId, wanted: datetime | None, *, reason: str | None = None) -> None:
        before = await self._parts.records.required_from(organization, fresh=True)
        if before == wanted:
            return
        await self._parts.records.require(organization, wanted)
        await self._parts.organizations.advance_roles(organization)
        await self._parts.epochs.bump(organization)
        await self._audit.note(
            EventName.SSO_REQUIREMENT_CHANGED,
            actor=actor,
            targets=(Target("organization", organization),),
            organization=organization,
            details={
                "required_from": wanted.isoformat() if wanted is not None else None,
                "was": before.isoformat() if before is not None else None,
            },
            personal={"reason": reason} if reason is not None else {},
        )

    async def _refuse(self, actor: Principal, organization: OrganizationId, refusal: Refusal, *, known: bool = True) -> Refusal:
        await self._audit.note_aside(
            EventName.ACCESS_DENIED,
            actor=actor,
            targets=(Target("organization", organization),),
            refused=refusal.reason,
            organization=organization if known else None,
            details={"attempted": "sso.requirement"},
        )
        return refusal
