# Generated from src/ctsec/sso/_async_ports.py by tools/twin.py; edit that file.
"""What single sign-on needs from outside (async source; the sync colour is generated from it)."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from ctsec.authn.journey import SignInStep
from ctsec.authn.record import Session
from ctsec.authn.ticket import Passage
from ctsec.directory.lifecycle import Cause, Leaving
from ctsec.directory.record import Membership, VerifiedDomain, Workspace
from ctsec.encryption.context import Context
from ctsec.ids import ConnectionId, OrganizationId, Random, SessionId, UserId, WorkspaceId
from ctsec.outcome import Outcome, Refusal
from ctsec.principal import Principal
from ctsec.sso.grant import Held
from ctsec.sso.oidc.client import OidcClient
from ctsec.sso.oidc.identity import ExternalIdentity
from ctsec.sso.record import Connection
from ctsec.sso.saml.peer import SamlPeer
from ctsec.transport.reach import Reach
from ctsec.transport.request import HttpAnswer, HttpRequest
from ctsec.user import User


class Fetches(Protocol):
    """Fetches over https, guarded as `ctsec.transport.fetch` is."""

    def fetch(self, request: HttpRequest, *, reach: Reach, hosts: frozenset[str] | None) -> HttpAnswer:
        """Return the answer; raise a FetchError if there is none, or the address may not be asked."""
        ...


class SsoDomains(Protocol):
    """Domains that organizations have verified, answered by the directory's records."""

    def get(self, name: str) -> VerifiedDomain | None:
        """Return a verified domain."""
        ...

    def of_organization(self, organization_id: OrganizationId) -> tuple[VerifiedDomain, ...]:
        """Return the domains of an organization."""
        ...


class SsoRights(Protocol):
    """Who may change connections, answered by the roles feature."""

    def may_destroy(self, actor: Principal, *, organization: OrganizationId) -> Refusal | None:
        """Return None for an owner with a whole credential, or why not."""
        ...

    def may(self, actor: Principal, *, organization: OrganizationId, permission: str, lock: bool = True) -> Refusal | None:
        """Return why `actor` may not use an organization permission, or None."""
        ...

    def may_admit(
        self,
        actor: Principal,
        *,
        organization: OrganizationId,
        role: str,
        workspace: WorkspaceId | None,
        workspace_role: str | None,
        permission: str | None = None,
    ) -> Refusal | None:
        """Return why `actor` may not bring a person into the organization with these roles, or None."""
        ...


class GlassSessions(Protocol):
    """The sessions that break-glass codes are redeemed in."""

    def get(self, session_id: SessionId) -> Session | None:
        """Return a session."""
        ...

    def replace(self, session: Session) -> bool:
        """Write if the stored version is one less; True if written."""
        ...


class GlassStretcher(Protocol):
    """The slow hash of look-up secrets."""

    def new_salt(self, *, random: Random) -> bytes:
        """Return a fresh salt."""
        ...

    def stretch(self, secret: bytes, salt: bytes) -> bytes:
        """Return the slow hash."""
        ...


class GlassAlarm(Protocol):
    """Tells owners, answered by the directory."""

    def code_presented(self, organization: OrganizationId, *, user: UserId, until: datetime | None) -> None:
        """Tell every owner who used a break-glass code, until when it counts; None: it was refused."""
        ...

    def requirement_relaxed(self, organization: OrganizationId, *, reason: str) -> None:
        """Tell every owner that an operator let sessions of accounts in again, and why."""
        ...


class SsoSealer(Protocol):
    """Seals what belongs to an organization."""

    def seal(self, plaintext: bytes, *, context: Context) -> bytes:
        """Return the sealed bytes."""
        ...

    def open(self, blob: bytes, *, context: Context) -> bytes:
        """Return the plaintext."""
        ...


class SsoEpochs(Protocol):
    """Counters that change with what caches hold."""

    def bump(self, scope: str) -> None:
        """Change the epoch of `scope` in this transaction."""
        ...


class SsoAccounts(Protocol):
    """The accounts that identities lead to."""

    def add(self, user: User) -> bool:
        """Insert `user`; False if its e-mail key is taken."""
        ...

    def get(self, user_id: UserId) -> User | None:
        """Return the account."""
        ...

    def by_email(self, email_key: str) -> User | None:
        """Return the account with this key."""
        ...

    def replace(self, user: User) -> bool:
        """Write `user` if the stored version is one less."""
        ...


class SsoOrganizations(Protocol):
    """The organizations whose members people become."""

    def lock(self, organization_id: OrganizationId) -> bool:
        """Lock the row until the transaction ends; False if there is none."""
        ...

    def advance_roles(self, organization_id: OrganizationId) -> None:
        """Raise the version of the organization's roles by one."""
        ...


class SsoFactors(Protocol):
    """The second factors of people."""

    def remove_all(self, user_id: UserId, *, actor: Principal) -> object:
        """Remove every second factor of a person."""
        ...


class SsoMemberships(Protocol):
    """What people are in organizations."""

    def add(self, membership: Membership) -> bool:
        """Insert; False if the person is a member already."""
        ...

    def get(self, organization_id: OrganizationId, user_id: UserId, *, fresh: bool = False) -> Membership | None:
        """Return a membership."""
        ...

    def replace(self, membership: Membership) -> bool:
        """Write if the stored version is one less; True if written."""
        ...


class SsoWorkspaces(Protocol):
    """The workspaces that rules speak of."""

    def get(self, workspace_id: WorkspaceId) -> Workspace | None:
        """Return a workspace; the caller compares its organization."""
        ...


class SsoDepartures(Protocol):
    """How somebody leaves, answered by the directory."""

    def force(self, actor: Principal, membership: Membership, *, cause: Cause, connection: ConnectionId | None = None) -> Leaving:
        """End a membership and what hangs on it, an owner's too."""
        ...

    def end_sessions(self, actor: Principal, *, organization: OrganizationId, user: UserId, connection: ConnectionId | None = None) -> int:
        """End the sessions of a person that came through a connection; return how many."""
        ...

    def departed(self, organization: OrganizationId, user: UserId) -> bool:
        """Tell whether somebody left, and was not admitted since."""
        ...

    def invited(self, organization: OrganizationId, email_key: str) -> bool:
        """Tell whether an address has an open invitation."""
        ...

    def lift(self, organization: OrganizationId, user: UserId) -> None:
        """Forget that somebody left."""
        ...


class SsoPasswords(Protocol):
    """Passwords that others may know."""

    def withdraw_password(self, user_id: UserId, *, reason: str) -> Outcome[object]:
        """Make a password useless, end the sessions and tell the person."""
        ...


class SsoJourney(Protocol):
    """The end of every way in, answered by the sign-in feature."""

    def arrive(self, user: User, *, passage: Passage, second_factor: bool) -> SignInStep:
        """Return the step that a sign-in through a connection ends in."""
        ...


class SsoGrants(Protocol):
    """Where what a sign-in leaves behind is kept, before its session begins."""

    def keep(self, connection: Connection, user: User, identity: ExternalIdentity, *, held: Held) -> Passage:
        """Write the grant of a session that is to begin, and return the way in that leads to it."""
        ...


class Refreshed(Protocol):
    """What is done with what a provider says anew of somebody who has a session: the place of groups and names."""

    def refreshed(self, connection: Connection, user: UserId, identity: ExternalIdentity) -> None:
        """Take what the provider says now, in the transaction that notes the check; what it does not say is None."""
        ...


class SsoSessionRecords(Protocol):
    """The sessions that grants are of, answered by the sign-in feature's records."""

    def get(self, session_id: SessionId) -> Session | None:
        """Return a session, live or not."""
        ...

    def revoke(self, user_id: UserId, session_id: SessionId | None, *, keep: SessionId | None, now: datetime) -> int:
        """Revoke one session of a person; return how many were live."""
        ...


class SsoSignOut(Protocol):
    """Ends the session that a request came with, answered by the sign-in feature."""

    def sign_out(self, principal: Principal) -> Outcome[bool]:
        """End it."""
        ...


class SsoClients(Protocol):
    """The clients and peers of connections, answered by `Ready`."""

    def client(self, connection: Connection) -> OidcClient:
        """Return the client of a connection, with its secret opened."""
        ...

    def peer(self, connection: Connection) -> SamlPeer:
        """Return the peer of a connection that speaks SAML, with its keys opened."""
        ...
