# Generated from src/ctsec/sso/_async_identities.py by tools/twin.py; edit that file.
"""Whose account identities at providers are: shown, and unlinked by their person or by who manages the connection (async source).

Rules that this module keeps:

- an administrator unlinks what is linked through the organization's own connections, of a member whom they may remove; what somebody is at
  other organizations, and how they sign in to their account, is never shown there and never touched: it is answered as what is not there;
- a person unlinks an identity of their own from a session of the account, with a fresh second factor if they have one, and only if the
  account has a password or a passkey; an owner keeps a link through which an organization that requires its provider is entered;
- sessions that rest on the identity end with it, also one that has proved the provider's word and waits for its second step;
- to unlink keeps nobody out: the provider's next sign-in is judged as that of somebody unknown. Who is to stay out is removed or suspended.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Protocol

from ctsec.ambient import Ambient
from ctsec.audit._sync_ports import Recorder
from ctsec.audit.event import EventName, Target
from ctsec.errors import StoreBusy
from ctsec.ids import OrganizationId, UserId
from ctsec.mail.message import Letters, Message
from ctsec.outcome import Outcome, Reason, Refusal
from ctsec.principal import CredentialKind, Principal
from ctsec.rbac.entrance import SSO_MANAGE
from ctsec.rbac.role import OWNER
from ctsec.sso._sync_grants import Grants
from ctsec.sso._sync_ports import SsoAccounts, SsoEpochs, SsoMemberships, SsoOrganizations, SsoRights
from ctsec.sso._sync_record_ports import ConnectionRecords, EntranceRecords, GrantRecords, IdentityRecords
from ctsec.sso.record import LinkedIdentity

_NO_IDENTITY: Final = Refusal(Reason.NOT_FOUND, "there is no such identity")
_NO_SESSION: Final = Refusal(Reason.NOT_AUTHENTICATED, "sign in with your own account first")
_STEP_UP: Final = Refusal(Reason.STEP_UP_REQUIRED, "prove your second factor again to unlink an identity")
_NOTHING_ELSE: Final = Refusal(Reason.CONFLICT, "set a password or add a passkey first: there is no other way to sign in to this account")
_LOCKED_OUT: Final = Refusal(
    Reason.CONFLICT, "the organization is entered through its provider only; link another identity of yours first, or relax that"
)
UNLINKED: Final = "identity_unlinked"


class UnlinkRights(SsoRights, Protocol):
    """Who may unlink others, answered by the roles feature."""

    def may_touch(self, actor: Principal, *, organization: OrganizationId, user: UserId, lock: bool = True) -> Refusal | None:
        """Return why `actor` may not remove this member, or None."""
        ...


class OwnWays(Protocol):
    """Ways to sign in to an account that are nobody's but its person's."""

    def any(self, user_id: UserId) -> bool:
        """Say whether there is a password, or a passkey."""
        ...

    def second_factor(self, user_id: UserId) -> bool:
        """Say whether a second factor is enrolled."""
        ...


class IdentityPost(Protocol):
    """Where mail is put."""

    def post(self, message: Message) -> None:
        """Put a message into the outbox, in this transaction."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentityParts:
    """What identities are kept in, and judged and told with."""

    identities: IdentityRecords
    connections: ConnectionRecords
    grants: GrantRecords
    entrances: EntranceRecords
    organizations: SsoOrganizations
    memberships: SsoMemberships
    accounts: SsoAccounts
    rights: UnlinkRights
    ways: OwnWays
    epochs: SsoEpochs
    leaving: Grants
    post: IdentityPost
    letters: Letters


class Identities:
    """Identities at providers, of members and one's own."""

    __slots__ = ("_ambient", "_audit", "_parts")

    def __init__(self, parts: IdentityParts, *, audit: Recorder, ambient: Ambient) -> None:
        self._parts = parts
        self._audit = audit
        self._ambient = ambient

    def of_member(self, user: UserId, *, organization: OrganizationId) -> tuple[LinkedIdentity, ...]:
        """Return what is linked to a person's account through connections of an organization; nothing for who is no member."""
        if self._parts.memberships.get(organization, user) is None:
            return ()
        return tuple(each for each in self._parts.identities.of_user(user) if each.organization_id == organization)

    def own(self, principal: Principal) -> Outcome[tuple[LinkedIdentity, ...]]:
        """Return what is linked to the caller's own account, in every organization; NOT_AUTHENTICATED without a session of the account."""
        if principal.credential.kind is not CredentialKind.SESSION:
            return _NO_SESSION
        return self._parts.identities.of_user(UserId(principal.id))

    def unlink(self, actor: Principal, *, organization: OrganizationId, user: UserId, identity: bytes) -> Outcome[LinkedIdentity]:
        """Unlink an identity of a member, given its digest.

        Reasons: what `sso:manage` and the removal of this member refuse, STEP_UP_REQUIRED, NOT_FOUND; of oneself what `unlink_own` refuses.
        """
        refusal = self._parts.rights.may(actor, organization=organization, permission=SSO_MANAGE)
        if refusal is None and not actor.credential.second_factor_fresh(now=self._ambient.now()):
            refusal = _STEP_UP
        if refusal is None:
            refusal = self._parts.rights.may_touch(actor, organization=organization, user=user)
        found = self._parts.identities.get(identity) if refusal is None else None
        if refusal is None and (found is None or found.organization_id != organization or found.user_id != user):
            refusal = _NO_IDENTITY
        if refusal is None and found is not None and user == actor.id:
            refusal = self._bereft(found)
        if refusal is not None or found is None:
            return self._refuse(actor, _NO_IDENTITY if refusal is None else refusal, organization=organization, user=user)
        return self._end(actor, found)

    def unlink_own(self, principal: Principal, *, identity: bytes) -> Outcome[LinkedIdentity]:
        """Unlink an identity of the caller's own account, given its digest.

        Reasons: NOT_AUTHENTICATED, NOT_FOUND, STEP_UP_REQUIRED; CONFLICT where it is the last way in.
        """
        if principal.credential.kind is not CredentialKind.SESSION:
            return _NO_SESSION
        user = UserId(principal.id)
        found = self._parts.identities.get(identity)
        if found is None or found.user_id != user or not self._parts.organizations.lock(found.organization_id):
            return _NO_IDENTITY
        refusal = None
        if self._parts.ways.second_factor(user) and not principal.credential.second_factor_fresh(now=self._ambient.now()):
            refusal = _STEP_UP
        if refusal is None:
            refusal = self._bereft(found)
        if refusal is not None:
            return self._refuse(principal, refusal, organization=None, user=user)
        return self._end(principal, found)

    def _bereft(self, identity: LinkedIdentity) -> Refusal | None:
        """Return why somebody who unlinks this identity of their own would be locked out, or None; the organization is locked."""
        user, organization = identity.user_id, identity.organization_id
        if not self._parts.ways.any(user):
            return _NOTHING_ELSE
        seat = self._parts.memberships.get(organization, user, fresh=True)
        if seat is None or seat.role != OWNER or self._parts.entrances.required_from(organization, fresh=True) is None:
            return None
        enabled = self._parts.entrances.enabled(organization)
        others = [each for each in self._parts.identities.of_user(user) if _key(each) != _key(identity)]
        return None if any(each.connection_id in enabled for each in others) else _LOCKED_OUT

    def _end(self, actor: Principal, identity: LinkedIdentity) -> Outcome[LinkedIdentity]:
        user = identity.user_id
        if not self._parts.identities.remove(user, identity.digest):
            return _NO_IDENTITY
        grants = self._parts.grants.of_identity(identity.digest)
        for each in grants:
            if not self._parts.grants.replace(each.void()):
                raise StoreBusy("the provider is being asked about a session of this identity; try again")
        self._parts.leaving.end(grants, why=UNLINKED)
        self._parts.epochs.bump(user)
        self._audit.note(
            EventName.SSO_IDENTITY_UNLINKED,
            actor=actor,
            targets=(Target("user", user),),
            subject=user,
            organization=identity.organization_id,
            details={"connection": identity.connection_id, "own": user == actor.id},
            personal={"issuer": identity.issuer, "identity": identity.subject},
        )
        self._tell(actor, identity)
        return identity

    def _tell(self, actor: Principal, identity: LinkedIdentity) -> None:
        account = self._parts.accounts.get(identity.user_id)
        connection = self._parts.connections.get(identity.connection_id)
        if account is not None:
            who = "you" if actor.id == identity.user_id else "an administrator of its organization"
            name = connection.name if connection is not None else "a provider"
            what = f"an identity at the provider {name} was unlinked by {who}"
            self._parts.post.post(self._parts.letters.notice(account.email, what=what))

    def _refuse(self, actor: Principal, refusal: Refusal, *, organization: OrganizationId | None, user: UserId) -> Refusal:
        self._audit.note_aside(
            EventName.ACCESS_DENIED,
            actor=actor,
            targets=(Target("user", user),),
            refused=refusal.reason,
            organization=organization,
            details={"attempted": "sso_identity.unlink"},
        )
        return refusal


def _key(identity: LinkedIdentity) -> tuple[str, str, str]:
    return identity.connection_id, identity.issuer, identity.subject
