# Generated from src/ctsec/sso/_async_provisioning.py by tools/twin.py; edit that file.
"""What a provider tells of its people, carried out: who comes in, with which roles, and who has left (async source).

Rules that this module keeps:

- `decide` and `entry` (`ctsec.sso.rules`) decide; here is read what they need, and written what they say, with the organization locked;
- a role is this connection's as long as the record says so: whoever gives another one by hand takes it over;
- whoever is in none of the required groups does not come in; if the connection made their membership it ends, as every membership ends, an
  owner's too (ADR 51); one that somebody gave by hand does not: its sessions through the connection do;
- who left is not made a member again by a provider, unless an invitation for the account's address is open;
- of the account nothing is changed but its name, and that where the map says so and the domain of its address is the organization's.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from ctsec.ambient import Ambient
from ctsec.audit._sync_ports import Recorder
from ctsec.audit.change import Change, diff
from ctsec.audit.event import NOTHING, Detail, EventName, Target
from ctsec.directory.lifecycle import Cause
from ctsec.directory.record import Membership, MembershipStatus, WorkspaceStatus
from ctsec.errors import StoreBusy
from ctsec.ids import OrganizationId, UserId, WorkspaceId
from ctsec.principal import Principal, anonymous, system
from ctsec.rbac._sync_ports import AssignmentRecords, PolicySource, StandingRecords
from ctsec.rbac.assignment import RoleAssignment
from ctsec.rbac.offer import offered
from ctsec.sso._sync_ports import (
    SsoAccounts,
    SsoDepartures,
    SsoDomains,
    SsoEpochs,
    SsoMemberships,
    SsoOrganizations,
    SsoWorkspaces,
)
from ctsec.sso._sync_record_ports import IdentityRecords
from ctsec.sso.foreseen import Foreseen
from ctsec.sso.oidc.identity import ExternalIdentity
from ctsec.sso.provisioning import ProvisioningSettings
from ctsec.sso.record import Connection, identity_digest
from ctsec.sso.rules import Decision, Entry, Ground, Held, HeldRole, decide, entry
from ctsec.user import User, parse_email, parse_name

_MOVED: Final = "the membership changed although its organization was locked; try again"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProvisioningParts:
    """What provisioning reads and writes."""

    identities: IdentityRecords
    accounts: SsoAccounts
    domains: SsoDomains
    organizations: SsoOrganizations
    memberships: SsoMemberships
    workspaces: SsoWorkspaces
    assignments: AssignmentRecords
    standings: StandingRecords
    policies: PolicySource
    departures: SsoDepartures
    epochs: SsoEpochs


class Provisioning:
    """Carries out what providers tell. What it is told of identities is believed: `security.sso` has asked the provider."""

    __slots__ = ("_ambient", "_audit", "_parts")

    def __init__(self, parts: ProvisioningParts, *, audit: Recorder, ambient: Ambient) -> None:
        self._parts = parts
        self._audit = audit
        self._ambient = ambient

    @staticmethod
    def barred(connection: Connection, identity: ExternalIdentity) -> str:
        """Return in one word why somebody's groups do not let them in, empty if they do."""
        return entry(ProvisioningSettings.read(connection.provisioning).required_groups, identity.groups).value

    def departed(self, connection: Connection, user: User) -> str:
        """Return in one word why an account may not be made a member again, empty if it may: it left, and nobody invites it."""
        organization = connection.organization_id
        left = self._parts.departures.departed(organization, user.id)
        return "removed" if left and not self._parts.departures.invited(organization, user.email_key) else ""

    def readmit(self, connection: Connection, user: User, identity: ExternalIdentity) -> str:
        """Make somebody whose identity is known a member again if they are invited; return in one word why not, empty if it was done."""
        if not self._parts.departures.invited(connection.organization_id, user.email_key):
            return "not_a_member"
        why = self.barred(connection, identity)
        if not why:
            self.admit(connection, user, identity)
        return why

    def admit(self, connection: Connection, user: User, identity: ExternalIdentity, *, by: Principal | None = None) -> None:
        """Make an account a member, with what the rules give; the caller has locked the organization and judged that it may come in.

        `by` is who brings them in, None for somebody who comes by themselves.
        """
        organization = connection.organization_id
        decision = self._decided(connection, identity, None)
        role = decision.role or connection.default_role
        membership = Membership(
            organization_id=organization,
            user_id=user.id,
            role=role,
            status=MembershipStatus.ACTIVE,
            starts_at=None,
            expires_at=None,
            created_at=self._ambient.now(),
            provisioned_by=connection.id,
            role_given_by=connection.id,
        )
        if not self._parts.memberships.add(membership):
            raise StoreBusy(_MOVED)
        self._parts.departures.lift(organization, user.id)
        self._audit.note(
            EventName.USER_PROVISIONED,
            actor=by or anonymous(),
            targets=(Target("user", user.id),),
            subject=user.id,
            organization=organization,
            details={"connection": connection.id, "role": role},
            personal={"email": user.email},
        )
        self._write_workspaces(connection, user.id, decision, held={})
        self._parts.organizations.advance_roles(organization)
        self._parts.epochs.bump(user.id)
        self._described(connection, user, identity, decision)

    def refreshed(self, connection: Connection, user: UserId, identity: ExternalIdentity) -> None:
        """Bring a member who has a session to what the provider says of them now; see `ctsec.sso.ports.Refreshed`."""
        found = self._parts.accounts.get(user)
        if found is not None:
            self.refresh(connection, found, identity)

    def refresh(self, connection: Connection, user: User, identity: ExternalIdentity) -> str:
        """Bring a member to what the provider says of them now, at a sign-in or at any other time.

        Returns in one word why they may not come in through the connection (any more), empty if they may. Of somebody who has left what the
        connection gave is taken; the caller commits that together with its refusal.
        """
        organization = connection.organization_id
        if not self._parts.organizations.lock(organization):
            return "no_organization"
        membership = self._parts.memberships.get(organization, user.id, fresh=True)
        if membership is None:
            return "not_a_member"
        barred = self.barred(connection, identity)
        if barred:
            if barred == Entry.OUTSIDE:
                self._leaves(connection, membership)
            return barred
        if membership.status is not MembershipStatus.ACTIVE:
            return "suspended"
        held = self._held(connection, membership)
        decision = self._decided(connection, identity, held)
        if decision.role is not None:
            after = replace(membership, role=decision.role, role_given_by=connection.id, version=membership.version + 1)
            if not self._parts.memberships.replace(after):
                raise StoreBusy(_MOVED)
            changes = diff({"role": membership.role}, {"role": decision.role})
            self._note(EventName.ROLE_CHANGED, connection, user.id, changes=changes)
        self._write_workspaces(connection, user.id, decision, held=held.workspaces)
        if decision.role is not None or decision.give or decision.take:
            self._parts.organizations.advance_roles(organization)
            self._parts.epochs.bump(user.id)
        self._described(connection, user, identity, decision)
        return ""

    def foresee(self, connection: Connection, identity: ExternalIdentity, *, may_link: bool) -> Foreseen:
        """Return what a sign-in would make of somebody; nothing changes. `may_link`: an account of this very address would be found."""
        linked = self._parts.identities.get(identity_digest(*identity.key))
        user = self._parts.accounts.get(linked.user_id) if linked is not None else None
        if user is None and may_link and identity.email is not None:
            user = self._by_address(identity.email)
        return self.foresee_of(connection, identity, user=user.id if user is not None else None)

    def foresee_of(self, connection: Connection, identity: ExternalIdentity, *, user: UserId | None) -> Foreseen:
        """Return what groups would make of an account (None: there is none yet); nothing changes."""
        barred = self.barred(connection, identity)
        newcomer = self._decided(connection, identity, None)
        membership = self._parts.memberships.get(connection.organization_id, user) if user is not None else None
        if user is None or membership is None:
            return Foreseen(barred=barred, newcomer=newcomer)
        held = self._held(connection, membership)
        change = Decision() if barred else self._decided(connection, identity, held)
        leaves = barred == Entry.OUTSIDE and _made(connection, membership)
        made = membership.provisioned_by
        return Foreseen(barred=barred, newcomer=newcomer, member=user, held=held, change=change, leaves=leaves, made_by=made)

    def _by_address(self, email: str) -> User | None:
        """Return the account that a sign-in with an address would find: by its key, which is more than lower case."""
        try:
            return self._parts.accounts.by_email(parse_email(email)[1])
        except ValueError:
            return None

    def attributes(self, user: UserId, *, organization: OrganizationId) -> Mapping[str, str]:
        """Return what the organization's connections last read of a person for the host, empty if nothing."""
        found: dict[str, str] = {}
        for each in self._parts.identities.of_user(user):
            if each.organization_id == organization:
                found.update(json.loads(each.attributes or "{}"))
        return found

    def _leaves(self, connection: Connection, membership: Membership) -> None:
        actor, departures = system(connection.id), self._parts.departures
        if _made(connection, membership):
            departures.force(actor, membership, cause=Cause.PROVIDER, connection=connection.id)
        else:
            organization, user = membership.organization_id, membership.user_id
            departures.end_sessions(actor, organization=organization, user=user, connection=connection.id)

    def _held(self, connection: Connection, membership: Membership) -> Held:
        """Return what a member holds, and what of it this connection gave; what was given for a time that is over counts for nothing."""
        organization, user, now = membership.organization_id, membership.user_id, self._ambient.now()
        standing = self._parts.standings.standing(organization, user, fresh=True)
        raised = standing.elevations if standing is not None else ()
        given = self._parts.assignments.of_user(organization, user)
        return Held(
            role=HeldRole(role=membership.role, given=membership.role_given_by == connection.id),
            workspaces={
                each.workspace_id: HeldRole(role=each.role, given=each.granted_by == connection.id)
                for each in given
                if each.expires_at is None or now < each.expires_at
            },
            raised=frozenset(each.role for each in raised if each.workspace is not None),
        )

    def _decided(self, connection: Connection, identity: ExternalIdentity, held: Held | None) -> Decision:
        organization, rules = connection.organization_id, ProvisioningSettings.read(connection.provisioning).rules
        named = {rule.workspace for rule in rules if rule.workspace is not None and rule.group in (identity.groups or ())}
        policy = self._parts.policies.of(organization, self._parts.standings.revision(organization))
        workspaces = self._in_use(organization, sorted(named))
        ground = Ground(offer=offered(policy), workspaces=workspaces, default_role=connection.default_role)
        return decide(rules, identity.groups, ground=ground, held=held)

    def _in_use(self, organization: OrganizationId, named: Iterable[WorkspaceId]) -> frozenset[WorkspaceId]:
        found = [self._parts.workspaces.get(each) for each in named]
        own = (each for each in found if each is not None and each.organization_id == organization)
        return frozenset(each.id for each in own if each.status is WorkspaceStatus.ACTIVE)

    def _write_workspaces(self, connection: Connection, user: UserId, decision: Decision, *, held: Mapping[WorkspaceId, HeldRole]) -> None:
        organization = connection.organization_id
        for place, role in decision.give.items():
            made = RoleAssignment(
                organization_id=organization,
                workspace_id=place,
                user_id=user,
                role=role,
                starts_at=None,
                expires_at=None,
                granted_by=connection.id,
                created_at=self._ambient.now(),
            )
            self._parts.assignments.put(made)
            changes = diff(_told(held.get(place)), {"role": role})
            details: Mapping[str, Detail] = {"role": role}
            self._note(EventName.ROLE_ASSIGNED, connection, user, workspace=place, changes=changes, details=details)
        for place in decision.take:
            if self._parts.assignments.remove(organization, place, user):
                changes = diff(_told(held.get(place)), {})
                self._note(EventName.ROLE_REVOKED, connection, user, workspace=place, changes=changes)

    def _described(self, connection: Connection, user: User, identity: ExternalIdentity, decision: Decision) -> None:
        """Record what could not be given, and keep what was read of the person."""
        if decision.skipped:
            skipped = tuple(f"{each.rule}: {each.why.value}" for each in decision.skipped)
            details: Mapping[str, Detail] = {"connection": connection.id, "rules": skipped}
            self._note(EventName.SSO_RULES_SKIPPED, connection, user.id, details=details)
        digest, text = identity_digest(*identity.key), json.dumps(dict(identity.attributes))
        linked = self._parts.identities.get(digest)
        if linked is not None and (linked.attributes or "{}") != text:
            self._parts.identities.describe(digest, text)
        if ProvisioningSettings.read(connection.provisioning).claims.update_name:
            self._renamed(connection, user, identity.name)

    def _renamed(self, connection: Connection, user: User, told: str | None) -> None:
        try:
            name = parse_name(told or "")
        except ValueError:
            return
        domain = self._parts.domains.get(user.email_key.rpartition("@")[2])
        if name == user.name or domain is None or domain.organization_id != connection.organization_id:
            return
        if not self._parts.accounts.replace(replace(user, name=name, version=user.version + 1)):
            raise StoreBusy("the account was changed meanwhile; try again")
        self._parts.epochs.bump(user.id)
        details: Mapping[str, Detail] = {"connection": connection.id}
        self._note(EventName.USER_RENAMED, connection, user.id, details=details, changes=diff({"name": user.name}, {"name": name}))

    def _note(
        self,
        name: EventName,
        connection: Connection,
        user: UserId,
        *,
        workspace: WorkspaceId | None = None,
        details: Mapping[str, Detail] = NOTHING,
        changes: tuple[Change, ...] = (),
    ) -> None:
        self._audit.note(
            name,
            actor=system(connection.id),
            targets=(Target("user", user),),
            subject=user,
            organization=connection.organization_id,
            workspace=workspace,
            details=details,
            changes=changes,
        )


def _made(connection: Connection, membership: Membership) -> bool:
    """Tell whether a membership is the connection's to end: it made it, whatever its person has become since."""
    return membership.provisioned_by == connection.id


def _told(held: HeldRole | None) -> dict[str, object]:
    return {"role": held.role} if held is not None else {}
