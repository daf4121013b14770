# Generated from src/ctsec/directory/_async_lifecycle.py by tools/twin.py; edit that file.
"""The life cycle of people: looked ahead and ruled by organizations (async source).

Rules that this module keeps:

- a look ahead asks what the act asks, of the same records, and changes nothing;
- absence counts from the rule's last change on: nobody is judged by a time before it;
- a last use is written down before its session is forgotten: who signed out is not taken for somebody who never came.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from ctsec.ambient import Ambient
from ctsec.audit._sync_ports import Recorder
from ctsec.audit.change import Change, diff
from ctsec.audit.event import EventName, Target
from ctsec.directory._sync_departures import Departures
from ctsec.directory._sync_lifecycle_ports import LifecycleRecords, ParkedRecords
from ctsec.directory._sync_ports import (
    Authority,
    EpochRecords,
    MembershipRecords,
    OrganizationRecords,
    Post,
    RosterRecords,
    UserRecords,
)
from ctsec.directory.lifecycle import Due, Leaving, LifecyclePolicy, Presence
from ctsec.directory.record import Membership, MembershipStatus
from ctsec.ids import OrganizationId, UserId
from ctsec.mail.message import Letters
from ctsec.outcome import Outcome, Reason, Refusal
from ctsec.principal import Principal

MEMBERS_MANAGE: Final = "members:manage"
ORGANIZATION_MANAGE: Final = "organization:manage"
LOOKED_AT: Final = 500
_NOT_A_MEMBER: Final = Refusal(Reason.NOT_FOUND, "there is no such member")


@dataclass(frozen=True, slots=True, kw_only=True)
class LifecycleParts:
    """What the life cycle of people is read from and written to."""

    records: LifecycleRecords
    parked: ParkedRecords
    users: UserRecords
    organizations: OrganizationRecords
    memberships: MembershipRecords
    roster: RosterRecords
    epochs: EpochRecords
    authority: Authority
    departures: Departures
    post: Post
    letters: Letters


class Lifecycle:
    """Who is leaving, who is not there, and what an organization wants done about it."""

    __slots__ = ("_ambient", "_audit", "_parts")

    def __init__(self, parts: LifecycleParts, *, audit: Recorder, ambient: Ambient) -> None:
        self._parts = parts
        self._audit = audit
        self._ambient = ambient

    def removal(self, actor: Principal, *, organization: OrganizationId, user: UserId) -> Outcome[Leaving]:
        """Return what the removal of a member would end; nothing changes. Who may remove them may look."""
        refusal = self._parts.authority.may_touch(actor, organization=organization, user=user, lock=False)
        if refusal is not None:
            return self._refuse(actor, organization, refusal, attempted="member.remove")
        found = self._parts.memberships.get(organization, user)
        return self._parts.departures.foresee(found) if found is not None else _NOT_A_MEMBER

    def policy(self, organization: OrganizationId) -> LifecyclePolicy | None:
        """Return what an organization says of leaving and of absence; None: nothing."""
        return self._parts.records.policy(organization)

    def set_policy(
        self,
        actor: Principal,
        *,
        organization: OrganizationId,
        park_days: int = 0,
        heir: UserId | None = None,
        warn_days: int = 0,
        suspend_days: int = 0,
        remove_days: int = 0,
    ) -> Outcome[LifecyclePolicy]:
        """Say what happens to people who leave or are not there; needs `organization:manage`. Absence counts from this change on."""
        refusal = self._parts.authority.may(actor, organization=organization, permission=ORGANIZATION_MANAGE)
        if refusal is not None:
            return self._refuse(actor, organization, refusal, attempted="lifecycle.change")
        before = self._parts.records.policy(organization)
        try:
            after = LifecyclePolicy(
                organization_id=organization,
                park_days=park_days,
                heir=heir,
                warn_days=warn_days,
                suspend_days=suspend_days,
                remove_days=remove_days,
                changed_by=actor.id,
                changed_at=self._ambient.now(),
            )
        except ValueError as error:
            return Refusal(Reason.INVALID_INPUT, str(error))
        found = self._parts.memberships.get(organization, heir, fresh=True) if heir is not None else None
        if heir is not None and (found is None or found.status is not MembershipStatus.ACTIVE):
            return Refusal(Reason.NOT_A_MEMBER, "expected an active member as the heir")
        self._parts.records.put_policy(after)
        changes, target = diff(_told(before), _told(after)), Target("organization", organization)
        self._note(EventName.LIFECYCLE_CHANGED, actor, organization, target=target, changes=changes)
        return after

    def absent(self, actor: Principal, *, organization: OrganizationId, after: str = "", limit: int = 100) -> Outcome[tuple[Due, ...]]:
        """Return what the rules would do now to members with an id above `after`, of at most 500 looked at; needs `members:manage`."""
        refusal = self._parts.authority.may(actor, organization=organization, permission=MEMBERS_MANAGE, lock=False)
        if refusal is not None:
            return self._refuse(actor, organization, refusal, attempted="lifecycle.preview")
        found, *_ = due_now(self._parts, organization, after=after, limit=min(limit, LOOKED_AT), now=self._ambient.now())
        return found

    def _note(
        self,
        name: EventName,
        actor: Principal,
        organization: OrganizationId,
        *,
        target: Target,
        changes: tuple[Change, ...] = (),
    ) -> None:
        self._audit.note(name, actor=actor, targets=(target,), organization=organization, changes=changes)

    def _refuse(self, actor: Principal, organization: OrganizationId, refusal: Refusal, *, attempted: str) -> Refusal:
        self._audit.note_aside(
            EventName.ACCESS_DENIED,
            actor=actor,
            targets=(Target("organization", organization),),
            refused=refusal.reason,
            organization=organization,
            details={"attempted": attempted},
        )
        return refusal


def _told(policy: LifecyclePolicy | None) -> dict[str, object]:
    if policy is None:
        return {}
    days = {"park_days": policy.park_days, "warn_days": policy.warn_days, "suspend_days": policy.suspend_days}
    return {**days, "remove_days": policy.remove_days, "heir": policy.heir}


def seen(records: LifecycleRecords, membership: Membership, *, kept: Presence | None) -> Presence | None:
    """Return when a member was last seen: what is kept, with what was used since that was written down."""
    organization, user = membership.organization_id, membership.user_id
    used = records.last_use(organization, user)
    if kept is None:
        return Presence(organization_id=organization, user_id=user, used_at=used) if used is not None else None
    return replace(kept, used_at=max(kept.used_at, used)) if used is not None else kept


def due_now(
    parts: LifecycleParts, organization: OrganizationId, *, after: str, limit: int, now: datetime
) -> tuple[tuple[Due, ...], tuple[UserId, ...], str | None]:
    """Return what the rules would do to members with an id above `after`, whose last use has to be written down, and where to go on.

    The last is the id of the last one looked at, None if there are no more.
    """
    policy = parts.records.policy(organization)
    if policy is None or not policy.judges:
        return (), (), None
    page = parts.roster.of_organization(organization, after=after, limit=limit)
    found: list[Due] = []
    noted: list[UserId] = []
    for each in page:
        kept = parts.records.presence(organization, each.membership.user_id)
        presence = seen(parts.records, each.membership, kept=kept)
        due = policy.due(each.membership, presence, now=now)
        if due is not None:
            found.append(due)
        elif presence is not None and presence.outdates(kept, now=now):
            noted.append(each.membership.user_id)
    return tuple(found), tuple(noted), page[-1].membership.user_id if len(page) == limit else None
