# Generated from src/ctsec/sso/_async_arrivals.py by tools/twin.py; edit that file.
"""Who comes in through a connection, once its provider was asked: whose account it is, and whether they may (async source).

Rules that this module keeps:

- somebody who is known by (connection, issuer, subject) is that account; an address finds an account only if the organization has verified
  its domain and the provider asserts it as verified, or pushes that account under the id that signs in; nobody else's word is believed;
- a member whom the provider knows as one subject is not another one for having the same address: whoever gets a colleague's address would
  be that colleague;
- an account whose address was never confirmed may be a stranger's who was there first: its password, its sessions, its second factors and
  the identities that it has end before it is linked;
- an owner comes in through a connection only after having linked it from inside, and somebody who was removed or suspended does not;
- groups decide who may come in, and with which roles (`_sync_provisioning`), before anything is written of a newcomer;
- outward there is one refusal; the precise reason is in the log.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from ctsec.ambient import Ambient
from ctsec.audit._sync_ports import Recorder
from ctsec.audit.event import Detail, EventName, Target
from ctsec.authn.journey import SignInStep
from ctsec.directory.record import Membership, MembershipStatus
from ctsec.errors import StoreBusy
from ctsec.ids import ConnectionId, UserId, new_id
from ctsec.outcome import Outcome, Reason, Refusal
from ctsec.principal import CredentialKind, Principal, anonymous, system
from ctsec.rbac.role import OWNER
from ctsec.sso._sync_pending import note_refusal
from ctsec.sso._sync_ports import (
    SsoAccounts,
    SsoDomains,
    SsoEpochs,
    SsoFactors,
    SsoGrants,
    SsoJourney,
    SsoMemberships,
    SsoOrganizations,
    SsoPasswords,
)
from ctsec.sso._sync_provisioning import Provisioning
from ctsec.sso._sync_record_ports import ConnectionRecords, IdentityRecords
from ctsec.sso.grant import Held
from ctsec.sso.oidc.identity import ExternalIdentity
from ctsec.sso.record import Connection, ConnectionState, LinkedBy, LinkedIdentity, identity_digest
from ctsec.sso.scim._sync_same import SamePeople
from ctsec.sso.settings import ConnectionSettings
from ctsec.user import User, UserStatus, parse_email, parse_name

_REFUSED: Final = Refusal(Reason.INVALID_CREDENTIALS, "the sign-in through your provider was not accepted; ask your administrator")
_NO_CONNECTION: Final = Refusal(Reason.NOT_FOUND, "there is no such way to sign in")
_STEP_UP: Final = Refusal(Reason.STEP_UP_REQUIRED, "prove your second factor again to link a provider")
_TAKEN: Final = Refusal(Reason.ALREADY_EXISTS, "this identity belongs to another account")


@dataclass(frozen=True, slots=True, kw_only=True)
class ArrivalParts:
    """What arrivals are judged with."""

    connections: ConnectionRecords
    identities: IdentityRecords
    domains: SsoDomains
    accounts: SsoAccounts
    organizations: SsoOrganizations
    memberships: SsoMemberships
    passwords: SsoPasswords
    factors: SsoFactors
    epochs: SsoEpochs
    provisioning: Provisioning
    journey: SsoJourney
    grants: SsoGrants
    same: SamePeople


@dataclass(frozen=True, slots=True, kw_only=True)
class _Newcomer:
    user: User
    by: LinkedBy


class Arrivals:
    """Ends sign-ins through connections. What it is told of identities is believed: `security.sso` has asked the provider."""

    __slots__ = ("_ambient", "_audit", "_parts")

    def __init__(self, parts: ArrivalParts, *, audit: Recorder, ambient: Ambient) -> None:
        self._parts = parts
        self._audit = audit
        self._ambient = ambient

    def ways(self, email: str) -> tuple[Connection, ...]:
        """Return the enabled connections of the organization that has verified the domain of an address; accounts are not looked at."""
        try:
            domain = parse_email(email)[1].rpartition("@")[2]
        except ValueError:
            return ()
        found = self._parts.domains.get(domain)
        if found is None:
            return ()
        every = self._parts.connections.of_organization(found.organization_id)
        return tuple(each for each in every if each.state is ConnectionState.ENABLED)

    def enabled(self, connection: ConnectionId) -> Outcome[Connection]:
        """Return a connection that people may sign in through; NOT_FOUND for any other."""
        found = self._parts.connections.get(connection)
        return found if found is not None and found.state is ConnectionState.ENABLED else _NO_CONNECTION

    def may_link(self, principal: Principal, connection: Connection) -> Refusal | None:
        """Return why a signed-in person may not link an identity there: that takes a fresh second factor, and a membership."""
        if principal.credential.kind is not CredentialKind.SESSION:
            return Refusal(Reason.NOT_AUTHENTICATED, "sign in with your own account first")
        membership = self._parts.memberships.get(connection.organization_id, UserId(principal.id))
        if membership is None or membership.status is not MembershipStatus.ACTIVE:
            return _NO_CONNECTION
        return None if principal.credential.second_factor_fresh(now=self._ambient.now()) else _STEP_UP

    def arrive(self, connection: ConnectionId, identity: ExternalIdentity, *, held: Held) -> SignInStep:
        """Sign in whoever the provider has named, or say no; `held` is what the session rests on from then on."""
        found = self._open(connection)
        if isinstance(found, Refusal):
            return found
        user = self._known(found, identity)
        if isinstance(user, Refusal):
            return user
        passage = self._parts.grants.keep(found, user, identity, held=held)
        trusted = ConnectionSettings.read(found.settings).trusts(identity)
        return self._parts.journey.arrive(user, passage=passage, second_factor=trusted)

    def link(self, person: UserId, connection: ConnectionId, identity: ExternalIdentity) -> Outcome[LinkedIdentity]:
        """Link an identity to the account of who began this inside, and was judged then."""
        found = self._open(connection)
        if isinstance(found, Refusal):
            return found
        user = self._parts.accounts.get(person)
        membership = self._parts.memberships.get(found.organization_id, person, fresh=True)
        if user is None or user.status is not UserStatus.ACTIVE or membership is None or membership.status is not MembershipStatus.ACTIVE:
            return self.refuse(found, "not_a_member")
        made = self._linked(found, identity, user.id, LinkedBy.PERSON)
        before = self._parts.identities.get(made.digest)
        if before is not None and before.user_id != person:
            return _TAKEN
        if before is not None:
            self._parts.identities.remove(person, made.digest)
        if not self._parts.identities.add(made):
            raise StoreBusy("the identity was linked meanwhile; try again")
        self._linked_event(found, made)
        return made

    def refuse(self, connection: Connection, why: str, *, subject: str | None = None) -> Refusal:
        """Record precisely why a sign-in through a connection was refused, and return the one refusal for all."""
        return note_refusal(self._audit, connection, why=why, refusal=_REFUSED, subject=subject)

    def _open(self, connection: ConnectionId) -> Outcome[Connection]:
        """Lock the organization of an enabled connection, and return the connection as it is then."""
        found = self.enabled(connection)
        if isinstance(found, Refusal) or not self._parts.organizations.lock(found.organization_id):
            return _NO_CONNECTION
        return self.enabled(connection)

    def _known(self, connection: Connection, identity: ExternalIdentity) -> Outcome[User]:
        digest = identity_digest(*identity.key)
        linked = self._parts.identities.get(digest)
        if linked is None:
            newcomer = self._newcomer(connection, identity)
            return newcomer if isinstance(newcomer, Refusal) else self._welcome(connection, identity, newcomer)
        user = self._parts.accounts.get(linked.user_id)
        membership = self._parts.memberships.get(connection.organization_id, linked.user_id, fresh=True)
        if user is None:
            return self.refuse(connection, "no_account", subject=linked.user_id)
        if membership is None:
            why = self._parts.provisioning.readmit(connection, user, identity)
        else:
            why = barring(membership, linked.linked_by) or self._parts.provisioning.refresh(connection, user, identity)
        return self.refuse(connection, why, subject=user.id) if why else user

    def _newcomer(self, connection: Connection, identity: ExternalIdentity) -> Outcome[_Newcomer]:
        """Return whose account an unknown identity gets: that of its verified address, or a new one."""
        try:
            address, key = parse_email(identity.email or "")
        except ValueError:
            return self.refuse(connection, "no_address")
        domain = self._parts.domains.get(key.rpartition("@")[2])
        if domain is None or domain.organization_id != connection.organization_id:
            return self.refuse(connection, "address_of_another_domain")
        user = self._parts.accounts.by_email(key)
        now = self._ambient.now()
        if user is None:
            made = User(
                id=new_id(UserId, now=now, random=self._ambient.random),
                email=address,
                email_key=key,
                name=_name(identity.name, address),
                status=UserStatus.ACTIVE,
                email_verified_at=now if identity.email_verified else None,
                created_at=now,
            )
            return _Newcomer(user=made, by=LinkedBy.CREATED)
        pushed = not identity.email_verified and self._parts.same.pushed(connection, identity.subject, user=user.id)
        if not identity.email_verified and not pushed:
            return self.refuse(connection, "address_not_verified", subject=user.id)
        if user.status is not UserStatus.ACTIVE:
            return self.refuse(connection, "account_disabled", subject=user.id)
        return _Newcomer(user=user, by=LinkedBy.PUSHED if pushed else LinkedBy.ADDRESS)

    def _welcome(self, connection: Connection, identity: ExternalIdentity, newcomer: _Newcomer) -> Outcome[User]:
        user, now, provisioning = newcomer.user, self._ambient.now(), self._parts.provisioning
        membership = self._parts.memberships.get(connection.organization_id, user.id, fresh=True)
        why = barring(membership, newcomer.by) if membership is not None else provisioning.departed(connection, user)
        if not why and membership is not None and newcomer.by is LinkedBy.ADDRESS and user.email_verified_at is not None:
            why = "another_subject" if self._parts.same.another(connection, identity, user=user.id) else ""
        why = why or provisioning.barred(connection, identity)
        if why:
            return self.refuse(connection, why, subject=user.id)
        if newcomer.by is LinkedBy.CREATED:
            if not self._parts.accounts.add(user):
                raise StoreBusy("an account of this address was made meanwhile; try again")
        elif user.email_verified_at is None:
            user = self._taken_over(user, now=now)
        made = self._linked(connection, identity, user.id, newcomer.by)
        if not self._parts.identities.add(made):
            raise StoreBusy("the identity was linked meanwhile; try again")
        self._linked_event(connection, made)
        if membership is None:
            provisioning.admit(connection, user, identity)
        else:
            provisioning.refresh(connection, user, identity)
        return user

    def _taken_over(self, user: User, *, now: datetime) -> User:
        """End what a stranger may hold of an account whose address was never confirmed, and confirm it."""
        done = self._parts.passwords.withdraw_password(user.id, reason="linked to a provider before its address was confirmed")
        after = replace(user, email_verified_at=now, version=user.version + 1)
        if isinstance(done, Refusal) or not self._parts.accounts.replace(after):
            raise StoreBusy("the account was changed meanwhile; try again")
        # Whoever came with this address while nobody vouched for it, through whatever connection, was perhaps somebody else.
        for each in self._parts.identities.of_user(user.id):
            self._parts.identities.remove(user.id, each.digest)
        self._parts.factors.remove_all(user.id, actor=system("single sign-on"))
        self._parts.epochs.bump(user.id)
        return after

    def _linked(self, connection: Connection, identity: ExternalIdentity, user: UserId, by: LinkedBy) -> LinkedIdentity:
        return LinkedIdentity(
            digest=identity_digest(*identity.key),
            connection_id=connection.id,
            organization_id=connection.organization_id,
            user_id=user,
            issuer=identity.issuer,
            subject=identity.subject,
            linked_by=by,
            linked_at=self._ambient.now(),
        )

    def _linked_event(self, connection: Connection, made: LinkedIdentity) -> None:
        details = {"connection": connection.id, "by": made.linked_by.value}
        personal = {"issuer": made.issuer, "identity": made.subject}
        self._note(EventName.SSO_IDENTITY_LINKED, connection, made.user_id, details, personal=personal)

    def _note(
        self, name: EventName, connection: Connection, user: UserId, details: Mapping[str, Detail], *, personal: Mapping[str, str]
    ) -> None:
        self._audit.note(
            name,
            actor=anonymous(),
            targets=(Target("user", user),),
            subject=user,
            organization=connection.organization_id,
            details=details,
            personal=personal,
        )


def barring(membership: Membership, by: LinkedBy) -> str:
    """Return why somebody who belongs to the organization may not come in through its connection, empty if they may."""
    if membership.status is not MembershipStatus.ACTIVE:
        return "suspended"
    return "owner_not_linked" if membership.role == OWNER and by is not LinkedBy.PERSON else ""


def _name(told: str | None, address: str) -> str:
    try:
        return parse_name(told or "")
    except ValueError:
        return address.rpartition("@")[0][:200] or address
