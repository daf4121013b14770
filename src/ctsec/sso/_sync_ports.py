# Generated from src/ctsec/sso/_async_ports.py by tools/twin.py; edit that file.
"""What single sign-on needs from outside (async source; the sync colour is generated from it)."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from ctsec.authn.journey import SignInStep
from ctsec.authn.record import Session
from ctsec.authn.ticket import Passage
from ctsec.directory.record import Membership, VerifiedDomain, Workspace
from ctsec.encryption.context import Context
from ctsec.ids import ConnectionId, OrganizationId, Random, SessionId, UserId, WorkspaceId
from ctsec.outcome import Outcome, Refusal
from ctsec.principal import Principal
from ctsec.sso.entrance import GlassCodeSet
from ctsec.sso.grant import Grant, Held
from ctsec.sso.oidc.client import OidcClient
from ctsec.sso.oidc.identity import ExternalIdentity
from ctsec.sso.record import Connection, LinkedIdentity
from ctsec.transport.reach import Reach
from ctsec.transport.request import HttpAnswer, HttpRequest
from ctsec.user import User


class Fetches(Protocol):
    """Fetches over https, guarded as `ctsec.transport.fetch` is."""

    def fetch(self, request: HttpRequest, *, reach: Reach, hosts: frozenset[str] | None) -> HttpAnswer:
        """Return the answer; raise a FetchError if there is none, or the address may not be asked."""
        ...


class ConnectionRecords(Protocol):
    """Connections of organizations."""

    def add(self, connection: Connection) -> None:
        """Insert a connection."""
        ...

    def get(self, connection_id: ConnectionId) -> Connection | None:
        """Return a connection; the caller compares its organization."""
        ...

    def of_organization(self, organization_id: OrganizationId) -> tuple[Connection, ...]:
        """Return the connections of an organization, in the order of ids."""
        ...

    def replace(self, connection: Connection) -> bool:
        """Write if the stored version is one less; True if written."""
        ...

    def remove(self, organization_id: OrganizationId, connection_id: ConnectionId) -> bool:
        """Delete a connection of an organization with every identity and grant of it; True if there was one."""
        ...


class IdentityRecords(Protocol):
    """Whose account an identity at a provider is."""

    def add(self, identity: LinkedIdentity) -> bool:
        """Insert an identity; False if it has an account already (nothing is written)."""
        ...

    def get(self, digest: bytes) -> LinkedIdentity | None:
        """Return the identity with this digest."""
        ...

    def of_user(self, user_id: UserId) -> tuple[LinkedIdentity, ...]:
        """Return the identities of a person, in the order of digests."""
        ...

    def describe(self, digest: bytes, attributes: str) -> None:
        """Write what was read of the person of an identity."""
        ...

    def remove(self, user_id: UserId, digest: bytes) -> bool:
        """Delete an identity of a person; True if there was one."""
        ...


class EntranceRecords(Protocol):
    """From when on organizations are entered through their provider only."""

    def required_from(self, organization_id: OrganizationId, *, fresh: bool = False) -> datetime | None:
        """Return the date of an organization, or None; `fresh` reads what is committed now, behind a lock."""
        ...

    def require(self, organization_id: OrganizationId, at: datetime | None) -> None:
        """Write the date, or None; no version changes."""
        ...

    def of_user(self, user_id: UserId) -> tuple[tuple[OrganizationId, datetime], ...]:
        """Return the organizations of a person that have a date, in the order of ids."""
        ...

    def enabled(self, organization_id: OrganizationId) -> frozenset[ConnectionId]:
        """Return the enabled connections of an organization, as they are committed now."""
        ...


class GlassCodeRecords(Protocol):
    """The break-glass codes of owners: one set for each organization and person."""

    def put(self, codes: GlassCodeSet) -> None:
        """Insert a set, or replace the one that the person has in the organization."""
        ...

    def get(self, organization_id: OrganizationId, user_id: UserId) -> GlassCodeSet | None:
        """Return the set of a person in an organization."""
        ...

    def of_organization(self, organization_id: OrganizationId) -> tuple[GlassCodeSet, ...]:
        """Return the sets of an organization, in the order of persons."""
        ...

    def remove(self, organization_id: OrganizationId, user_id: UserId) -> bool:
        """Delete the set of a person in an organization; True if there was one."""
        ...


class GrantRecords(Protocol):
    """What sessions through a provider rest on."""

    def add(self, grant: Grant) -> None:
        """Insert a grant."""
        ...

    def get(self, session_id: SessionId) -> Grant | None:
        """Return the grant of a session."""
        ...

    def replace(self, grant: Grant) -> bool:
        """Write if the stored version is one less; True if written."""
        ...

    def remove(self, session_id: SessionId) -> bool:
        """Delete the grant of a session; True if there was one."""
        ...

    def hasten(self, session_id: SessionId, *, at: datetime) -> bool:
        """Make a grant that no worker has claimed due at a moment; True if written."""
        ...

    def due(self, *, now: datetime, limit: int) -> tuple[Grant, ...]:
        """Return grants that are due and not claimed, or whose claim is over, those that have waited longest first."""
        ...

    def of_identity(self, identity: bytes) -> tuple[Grant, ...]:
        """Return the grants of an identity, in the order of sessions."""
        ...

    def named(self, *, subject: bytes | None, provider_session: bytes | None) -> tuple[Grant, ...]:
        """Return the grants that both names fit, in the order of sessions; none for no name."""
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

    def end(self, actor: Principal, membership: Membership, *, connection: ConnectionId | None = None) -> None:
        """End a membership and what hangs on it."""
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
    """The clients of connections, answered by `Connections`."""

    def client(self, connection: Connection) -> OidcClient:
        """Return the client of a connection, with its secret opened."""
        ...
