# Generated from src/ctsec/sso/_async_grants.py by tools/twin.py; edit that file.
"""What sessions through providers rest on: kept at a sign-in, asked for at each request, given up at a sign-out (async source).

Rules that this module keeps:

- a grant is written in the transaction of the sign-in, under the id that the session will have; one that never began is given up later;
- whoever signs out is signed out here first; where the browser signs out at the provider is known without asking it;
- sessions end in one transaction with the event that says why; what was kept to ask with is handed to the worker, to be given back.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from ctsec.ambient import Ambient
from ctsec.audit._sync_ports import Recorder
from ctsec.audit.event import EventName, Target
from ctsec.authn.record import Session
from ctsec.authn.ticket import Passage
from ctsec.ids import SessionId, UserId, new_id
from ctsec.outcome import Outcome, Refusal
from ctsec.principal import Principal, system
from ctsec.sso._sync_ports import SsoEpochs, SsoSealer, SsoSessionRecords, SsoSignOut
from ctsec.sso._sync_record_ports import ConnectionRecords, GrantRecords
from ctsec.sso._sync_saml_departures import SamlDepartures
from ctsec.sso.grant import Grant, Held, grant_context, next_due, pack
from ctsec.sso.oidc.identity import ExternalIdentity
from ctsec.sso.oidc.logout import end_session_url
from ctsec.sso.policy import SsoPolicy
from ctsec.sso.record import Connection, identity_digest
from ctsec.sso.sign_out import SignOutRedirect
from ctsec.user import User


class CarriedSessions:
    """Until when sessions through connections count; the gate asks it."""

    __slots__ = ("_connections", "_grants", "_policy")

    def __init__(self, connections: ConnectionRecords, *, grants: GrantRecords, policy: SsoPolicy) -> None:
        self._connections = connections
        self._grants = grants
        self._policy = policy

    def carried_until(self, session: Session) -> datetime | None:
        """Return when a session ends for want of its provider's word, None if its connection carries it no more."""
        connection = self._connections.get(session.connection_id) if session.connection_id is not None else None
        grant = self._grants.get(session.id) if connection is not None else None
        # From the provider's word on: the session itself may begin ten minutes later, with a second factor, and under another connection.
        carried = connection is not None and grant is not None and connection.carries(grant.began_at)
        return grant.counts_until(self._policy) if grant is not None and carried else None


@dataclass(frozen=True, slots=True, kw_only=True)
class GrantParts:
    """What grants are kept with."""

    grants: GrantRecords
    connections: ConnectionRecords
    sessions: SsoSessionRecords
    leaving: SsoSignOut
    sealer: SsoSealer
    epochs: SsoEpochs
    departures: SamlDepartures
    policy: SsoPolicy
    base_url: str


class Grants:
    """The grants of sessions."""

    __slots__ = ("_ambient", "_audit", "_parts")

    def __init__(self, parts: GrantParts, *, audit: Recorder, ambient: Ambient) -> None:
        self._parts = parts
        self._audit = audit
        self._ambient = ambient

    def keep(self, connection: Connection, user: User, identity: ExternalIdentity, *, held: Held) -> Passage:
        """Write the grant of a session that is to begin, and return the way in that leads to it."""
        now, policy, organization = self._ambient.now(), self._parts.policy, connection.organization_id
        session = new_id(SessionId, now=now, random=self._ambient.random)
        sealed, ends_at, due_at = b"", now + policy.unasked, now + policy.unasked
        if held.token is not None:
            sealed = self._parts.sealer.seal(pack(held.token), context=grant_context(organization, session))
            ends_at = datetime.max.replace(tzinfo=now.tzinfo)
            due_at = next_due(now=now, policy=policy, random=self._ambient.random)
        ends_at = ends_at if held.until is None else min(ends_at, held.until)
        grant = Grant(
            session_id=session,
            connection_id=connection.id,
            organization_id=organization,
            user_id=user.id,
            identity=identity_digest(*identity.key),
            provider_subject=held.subject,
            provider_session=held.provider_session,
            end_session=held.end_session,
            sign_out_name=held.sign_out_name,
            sealed=sealed,
            began_at=now,
            checked_at=now,
            due_at=due_at,
        )
        self._parts.grants.add(grant)
        return Passage(connection=connection.id, organization=organization, session=session, ends_at=ends_at)

    def leave(self, principal: Principal) -> Outcome[SignOutRedirect | None]:
        """End the session that this request came with, and return where the browser signs out at the provider (None: nowhere).

        Reasons: NOT_AUTHENTICATED for what is no session.
        """
        done = self._parts.leaving.sign_out(principal)
        if isinstance(done, Refusal):
            return done
        grant = self._parts.grants.get(SessionId(principal.credential.id))
        if grant is None:
            return None
        self._parts.grants.hasten(grant.session_id, at=self._ambient.now())
        connection = self._parts.connections.get(grant.connection_id)
        if connection is not None and connection.provider.saml:
            return self._parts.departures.begin(connection, name=grant.sign_out_name)
        if connection is None or not grant.end_session:
            return None
        url = end_session_url(grant.end_session, client_id=connection.client_id, back_to=self.back_to, hint=grant.sign_out_name)
        return SignOutRedirect(url=url)

    @property
    def back_to(self) -> str:
        """Where a browser goes on that has signed out at its provider, empty for nowhere."""
        return self._parts.policy.back_to(self._parts.base_url)

    def notified(self, connection: Connection, *, subject: bytes | None, provider_sessions: Iterable[bytes | None]) -> int:
        """End the sessions that a connection's provider says are over, those that `subject` and one of the others name; return how many."""
        found = {
            each.session_id: each
            for session in provider_sessions
            for each in self._parts.grants.named(subject=subject, provider_session=session)
            if each.connection_id == connection.id
        }
        return self.end(found.values(), why="provider_logout")

    def end(self, grants: Iterable[Grant], *, why: str) -> int:
        """End the sessions of grants for one reason, with an event for each person; return how many were live."""
        now, ended = self._ambient.now(), dict[UserId, tuple[Grant, int]]()
        for grant in grants:
            count = self._parts.sessions.revoke(grant.user_id, grant.session_id, keep=None, now=now)
            self._parts.grants.hasten(grant.session_id, at=now)
            if count:
                ended[grant.user_id] = (grant, count + ended.get(grant.user_id, (grant, 0))[1])
        for user, (grant, count) in ended.items():
            self._parts.epochs.bump(user)
            self._audit.note(
                EventName.SSO_SESSIONS_ENDED,
                actor=system("single sign-on"),
                targets=(Target("user", user),),
                subject=user,
                organization=grant.organization_id,
                details={"connection": grant.connection_id, "why": why, "ended": count},
            )
        return sum(count for _, count in ended.values())
