# Generated from src/ctsec/rbac/_async_custom.py by tools/twin.py; edit that file.
"""Organizations' own workspace roles: defined, changed and taken away at run time (async source)."""

from __future__ import annotations

from ctsec.audit.change import Change, diff
from ctsec.audit.event import Detail, EventName, Target
from ctsec.ids import OrganizationId
from ctsec.outcome import Outcome, Reason, Refusal
from ctsec.principal import Principal
from ctsec.rbac._sync_acting import Acting
from ctsec.rbac._sync_ports import CustomRoleRecords, EpochRecords
from ctsec.rbac.bounds import Actor
from ctsec.rbac.custom import CustomRole, StoredRoles, with_custom_roles, with_stored_roles
from ctsec.rbac.custom_record import CustomRoleRecord, KeptPolicies
from ctsec.rbac.custom_writes import may_change_roles, newly_exclusive
from ctsec.rbac.errors import PolicyError
from ctsec.rbac.policy import Policy


class CustomRoles:
    """The workspace roles that organizations make for themselves, under the ceilings of the host's policy.

    Who may manage the organization may change them, and only such that nobody can hold more by it than who made the change.
    """

    __slots__ = ("_acting", "_base", "_epochs", "_records")

    def __init__(self, *, base: Policy, acting: Acting, records: CustomRoleRecords, epochs: EpochRecords) -> None:
        self._base = base
        self._acting = acting
        self._records = records
        self._epochs = epochs

    def define(self, actor: Principal, *, organization: OrganizationId, role: CustomRole) -> Outcome[CustomRoleRecord]:
        """Make a role, or change the one of that name for everybody who holds it; the next check of each of them knows."""
        acting = self._acting.actor(actor, organization)
        if isinstance(acting, Refusal):
            return acting
        stored = {each.name: each for each in self._records.of_organization(organization)}
        known = stored.get(role.name)
        record = CustomRoleRecord(
            organization_id=organization,
            name=role.name,
            permissions=role.permissions,
            extends=role.extends,
            created_by=known.created_by if known is not None else actor.id,
            created_at=known.created_at if known is not None else self._acting.now,
            version=known.version + 1 if known is not None else 1,
        )
        refusal = self._judge(acting, organization, stored, {**stored, role.name: record})
        if refusal is not None:
            return self._refuse(actor, organization, refusal, role.name)
        if known is not None and known.role == role:
            return known
        self._records.put(record)
        name = EventName.CUSTOM_ROLE_CREATED if known is None else EventName.CUSTOM_ROLE_CHANGED
        self._changed(name, actor, organization, record, diff(_told(known), _told(record)) if known is not None else ())
        return record

    def remove(self, actor: Principal, *, organization: OrganizationId, name: str) -> Outcome[CustomRoleRecord | None]:
        """Take a role away that nobody holds, waits for or extends; None if there was none."""
        acting = self._acting.actor(actor, organization)
        if isinstance(acting, Refusal):
            return acting
        stored = {each.name: each for each in self._records.of_organization(organization)}
        known = stored.get(name)
        if known is None:
            return None
        after = {other: each for other, each in stored.items() if other != name}
        # Whether the role is used is told to who may change roles at all.
        refusal = self._judge(acting, organization, stored, stored)
        extended = any(each.extends == name for each in after.values())
        if refusal is None and (extended or self._records.in_use(organization, name, now=self._acting.now)):
            refusal = Refusal(Reason.CONFLICT, "this role is held, asked for or extended; end that first")
        if refusal is None:
            refusal = self._judge(acting, organization, stored, after)
        if refusal is not None:
            return self._refuse(actor, organization, refusal, name)
        self._records.remove(organization, name)
        self._changed(EventName.CUSTOM_ROLE_REMOVED, actor, organization, known)
        return known

    def of_organization(self, *, organization: OrganizationId) -> tuple[CustomRoleRecord, ...]:
        """Return the organization's own roles, in the order of their names."""
        return self._records.of_organization(organization)

    def policy(self, *, organization: OrganizationId) -> StoredRoles:
        """Return the policy of the organization, and what of its own roles grants nothing since the host's policy has changed."""
        return with_stored_roles(self._base, [each.role for each in self._records.of_organization(organization)])

    def _judge(
        self,
        acting: Actor,
        organization: OrganizationId,
        stored: dict[str, CustomRoleRecord],
        wanted: dict[str, CustomRoleRecord],
    ) -> Refusal | None:
        before = with_stored_roles(self._base, [each.role for each in stored.values()]).policy
        try:
            after = with_custom_roles(self._base, [each.role for each in wanted.values()])
        except PolicyError as error:
            return Refusal(Reason.INVALID_INPUT, str(error))
        refusal = may_change_roles(before, after, actor=acting, now=self._acting.now)
        for name in sorted(newly_exclusive(before, after)):
            if refusal is None and self._records.in_use(organization, name, now=self._acting.now):
                refusal = Refusal(Reason.CONFLICT, f"people hold {name}, which this change would keep apart from another role")
        return refusal

    def _changed(
        self, name: EventName, actor: Principal, organization: OrganizationId, record: CustomRoleRecord, changes: tuple[Change, ...] = ()
    ) -> None:
        # Another number, never one that was there before: what processes remember of the policy is of the old one.
        revision = int.from_bytes(self._acting.ambient.random(8), "big") >> 1 | 1
        self._records.customise(organization, revision)
        self._acting.owners.advance_roles(organization)
        self._epochs.bump(organization)
        self._acting.audit.note(
            name,
            actor=actor,
            targets=(Target("role", record.name),),
            organization=organization,
            details=_told(record),
            changes=changes,
        )

    def _refuse(self, actor: Principal, organization: OrganizationId, refusal: Refusal, name: str) -> Refusal:
        return self._acting.refuse(
            actor, organization, refusal, target=Target("role", name[:64]), workspace=None, details={"attempted": "role.define"}
        )


def _told(record: CustomRoleRecord) -> dict[str, Detail]:
    return {"permissions": tuple(sorted(record.permissions)), "extends": record.extends}


class Policies:
    """The policy of each organization: the host's, with the roles that the organization has of its own."""

    __slots__ = ("_base", "_kept", "_records")

    def __init__(self, *, base: Policy, records: CustomRoleRecords, kept: KeptPolicies) -> None:
        self._base = base
        self._records = records
        self._kept = kept

    def of(self, organization: OrganizationId, revision: int) -> Policy:
        """Return the policy of an organization whose own roles have the number `revision` (0: it has none)."""
        if revision == 0:
            return self._base
        policy = self._kept.get(organization, revision)
        if policy is None:
            stored = self._records.of_organization(organization)
            policy = with_stored_roles(self._base, [each.role for each in stored]).policy
            self._kept.put(organization, revision, policy)
        return policy
