"""What rules would make of the people that a provider pushed, and where provider and organization differ (async source).

Rules that this module keeps:

- nothing is written: what is shown is what the code that carries it out would decide now;
- rules are shown to whoever could set them, and to nobody else: the same judge refuses the same roles;
- a page is bounded by how many are looked at, not by how many differ.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final, Protocol

from ctsec.audit._async_ports import AsyncRecorder
from ctsec.audit.event import Detail, EventName
from ctsec.directory.record import Member
from ctsec.ids import OrganizationId, ScimConnectionId
from ctsec.outcome import Outcome, Reason, Refusal
from ctsec.principal import Principal
from ctsec.rbac.entrance import SSO_MANAGE
from ctsec.sso._async_ports import AsyncSsoRights
from ctsec.sso._async_record_ports import AsyncConnectionRecords
from ctsec.sso._async_rule_rights import may_give
from ctsec.sso.scim._async_people import AsyncScimPeople
from ctsec.sso.scim._async_ports import AsyncScimConnectionRecords, AsyncScimUserRecords
from ctsec.sso.scim.drift import Difference, Gap, Look, gap
from ctsec.sso.scim.record import ScimConnection, giver
from ctsec.sso.scim.source import ScimSource
from ctsec.sso.scim.wish import ScimRules

MAX_LOOK: Final = 200
_MEMBERS: Final = "usr_"
_NO_SCIM: Final = Refusal(Reason.NOT_FOUND, "there is no such SCIM connection")


class AsyncScimRoster(Protocol):
    """The members of organizations."""

    async def of_organization(self, organization_id: OrganizationId, *, after: str, limit: int) -> tuple[Member, ...]:
        """Return members with a user id above `after`, in the order of ids."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class AsyncScimMappingParts:
    """What is compared."""

    records: AsyncScimConnectionRecords
    connections: AsyncConnectionRecords
    users: AsyncScimUserRecords
    roster: AsyncScimRoster
    rights: AsyncSsoRights


@dataclass(frozen=True, slots=True, kw_only=True)
class Foreshadowed:
    """A page of a preview; `next` is what `after` is for the next one, None at the end."""

    looks: tuple[Look, ...]
    next: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """A page of a report; it may hold no difference and not be the last. `next` is what `after` is for the next one."""

    differences: tuple[Difference, ...]
    next: str | None


class AsyncScimMapping:
    """From groups to roles, looked at before and after."""

    __slots__ = ("_audit", "_parts", "_people")

    def __init__(self, parts: AsyncScimMappingParts, *, people: AsyncScimPeople, audit: AsyncRecorder) -> None:
        self._parts = parts
        self._people = people
        self._audit = audit

    async def preview(
        self,
        actor: Principal,
        scim_id: ScimConnectionId,
        *,
        organization: OrganizationId,
        rules: ScimRules,
        after: str = "",
        limit: int = MAX_LOOK,
    ) -> Outcome[Foreshadowed]:
        """Return who would get what if the default role and the rules were `rules`, for pushed users with an id above `after`.

        Those of the connection for sign-in are meant where it belongs to one. Reasons: what `sso:manage` refuses, NOT_FOUND, and why the
        actor could not set such rules: INVALID_INPUT, BEYOND_OWN_RIGHTS, CEILING_EXCEEDED, NOT_FOUND.
        """
        source = await self._source(actor, scim_id, organization, attempted="scim_rules.preview")
        if isinstance(source, Refusal):
            return source
        refusal = await may_give(self._parts.rights, actor, organization=organization, wish=rules)
        if refusal is not None:
            return await self._refuse(actor, organization, refusal, attempted="scim_rules.preview")
        as_if = replace(source.giver, default_role=rules.default_role, provisioning=rules.provisioning.text())
        looks, following = await self._looks(replace(source, giver=as_if), after=after, limit=limit)
        return Foreshadowed(looks=looks, next=following)

    async def drift(
        self, actor: Principal, scim_id: ScimConnectionId, *, organization: OrganizationId, after: str = "", limit: int = MAX_LOOK
    ) -> Outcome[Drift]:
        """Return where provider and organization differ: first about pushed users, then about members whom the provider does not tell of.

        At most `limit` (200) of them are looked at. Reasons: what `sso:manage` refuses, NOT_FOUND.
        """
        source = await self._source(actor, scim_id, organization, attempted="scim_drift.read")
        if isinstance(source, Refusal):
            return source
        if after.startswith(_MEMBERS):
            return await self._unpushed(source, after=after, limit=min(limit, MAX_LOOK))
        looks, following = await self._looks(source, after=after, limit=limit)
        found = ((look, gap(look)) for look in looks)
        differences = tuple(_difference(look, source, kind=kind) for look, kind in found if kind is not None)
        return Drift(differences=differences, next=following or _MEMBERS)

    async def _looks(self, source: ScimSource, *, after: str, limit: int) -> tuple[tuple[Look, ...], str | None]:
        limit = min(limit, MAX_LOOK)
        found = await self._parts.users.page(source.scim.id, after=after, limit=limit)
        return tuple([await self._people.look(source, each) for each in found]), found[-1].id if len(found) == limit else None

    async def _unpushed(self, source: ScimSource, *, after: str, limit: int) -> Drift:
        found = await self._parts.roster.of_organization(source.organization, after=after, limit=limit)
        differences: list[Difference] = []
        for each in found:
            held = each.membership
            if not await self._parts.users.of_account(source.scim.id, held.user_id):
                made = held.provisioned_by == source.giver.id
                gone = Difference(gap=Gap.UNPUSHED, user_id=held.user_id, email=each.email, role=held.role, provisioned=made)
                differences.append(gone)
        return Drift(differences=tuple(differences), next=found[-1].membership.user_id if len(found) == limit else None)

    async def _source(
        self, actor: Principal, scim_id: ScimConnectionId, organization: OrganizationId, *, attempted: str
    ) -> Outcome[ScimSource]:
        refusal = await self._parts.rights.may(actor, organization=organization, permission=SSO_MANAGE, lock=False)
        if refusal is not None:
            return await self._refuse(actor, organization, refusal, attempted=attempted)
        scim: ScimConnection | None = await self._parts.records.get(scim_id)
        if scim is None or scim.organization_id != organization:
            return _NO_SCIM
        own = await self._parts.connections.get(scim.connection_id) if scim.connection_id is not None else None
        return ScimSource(scim=scim, giver=giver(scim, own if own is not None and own.organization_id == organization else None))

    async def _refuse(self, actor: Principal, organization: OrganizationId, refusal: Refusal, *, attempted: str) -> Refusal:
        details: Mapping[str, Detail] = {"attempted": attempted}
        await self._audit.note_aside(
            EventName.ACCESS_DENIED, actor=actor, refused=refusal.reason, organization=organization, details=details
        )
        return refusal


def _difference(look: Look, source: ScimSource, *, kind: Gap) -> Difference:
    held = look.foreseen.held if look.foreseen is not None else None
    provisioned = look.foreseen is not None and look.foreseen.made_by == source.giver.id
    role = held.role.role if held is not None else None
    return Difference(gap=kind, user_id=look.user.user_id, email=look.user.user_name, role=role, provisioned=provisioned, look=look)
