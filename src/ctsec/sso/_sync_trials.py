# Generated from src/ctsec/sso/_async_trials.py by tools/twin.py; edit that file.
"""What there is to know of a connection before people sign in through it, and what a sign-in would come to (async source).

Rules that this module keeps:

- it reads, and writes two things only: that a dry run was made, as an event, and that one of these very settings passed, for 90 days;
- whether somebody would come in is judged in the order and in the words of a sign-in (`_sync_arrivals`);
- a secret that can not be opened is told, in one word, and stops nothing else.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from ctsec.ambient import Ambient
from ctsec.audit._sync_ports import Recorder
from ctsec.audit.event import EventName, Target
from ctsec.errors import CtsecError
from ctsec.guard._sync_ports import ProofRecords
from ctsec.guard.proof import Proof, Purpose, mint_token
from ctsec.ids import ConnectionId, OrganizationId, SessionId, UserId
from ctsec.outcome import Outcome, Reason, Refusal
from ctsec.principal import Principal
from ctsec.sso._sync_arrivals import barring
from ctsec.sso._sync_entrances import Entrances
from ctsec.sso._sync_ports import (
    SsoAccounts,
    SsoClients,
    SsoDepartures,
    SsoDomains,
    SsoMemberships,
)
from ctsec.sso._sync_provisioning import Provisioning
from ctsec.sso._sync_record_ports import ConnectionRecords, EntranceRecords, IdentityRecords
from ctsec.sso.oidc.identity import ExternalIdentity
from ctsec.sso.own_checks import OwnSide
from ctsec.sso.policy import SsoPolicy
from ctsec.sso.record import Connection, LinkedBy, identity_digest
from ctsec.sso.scim._sync_same import SamePeople
from ctsec.sso.settings import ConnectionSettings
from ctsec.sso.trial import TRIED_LIFE, Account, Arrival, SecondFactor, tried_settings
from ctsec.user import UserStatus, parse_email


class Enrolments(Protocol):
    """Second factors of people."""

    def enrolled(self, user_id: UserId) -> Collection[object]:
        """Return the second factors that a person has confirmed."""
        ...


class StandingSessions(Protocol):
    """What sessions stand for."""

    def principal(self, session_id: SessionId) -> Principal | None:
        """Return the principal that a session stands for now, or None."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialParts:
    """What trials read."""

    connections: ConnectionRecords
    clients: SsoClients
    entrances: EntranceRecords
    entrance: Entrances
    domains: SsoDomains
    identities: IdentityRecords
    accounts: SsoAccounts
    memberships: SsoMemberships
    provisioning: Provisioning
    invitations: SsoDepartures
    same: SamePeople
    factors: Enrolments
    standings: StandingSessions
    proofs: ProofRecords
    policy: SsoPolicy
    base_url: str


class Trials:
    """Looks at connections, drafts too. What it is told of identities is believed: `security.sso` has asked the provider."""

    __slots__ = ("_ambient", "_audit", "_parts")

    def __init__(self, parts: TrialParts, *, audit: Recorder, ambient: Ambient) -> None:
        self._parts = parts
        self._audit = audit
        self._ambient = ambient

    def found(self, connection: ConnectionId, *, organization: OrganizationId | None) -> Outcome[Connection]:
        """Return a connection in whatever state, of an organization or (None) of any; NOT_FOUND if there is none."""
        found = self._parts.connections.get(connection)
        if found is None or (organization is not None and found.organization_id != organization):
            return Refusal(Reason.NOT_FOUND, "there is no such connection")
        return found

    def who_began(self, session_id: SessionId) -> Principal | None:
        """Return who began a dry run in a session, None if that session counts no more."""
        return self._parts.standings.principal(session_id)

    def goes_on(self, session_id: str, *, person: UserId) -> bool:
        """Tell whether the session in which a person began to link an identity counts still: a link is of who is signed in."""
        found = self._parts.standings.principal(SessionId(session_id)) if session_id else None
        return found is not None and found.id == person

    def own_side(self, connection: Connection) -> OwnSide:
        """Return what stands here of a connection, with its client if it can be made."""
        organization, client, peer, problem, unopened = connection.organization_id, None, None, "", ""
        try:
            if connection.provider.saml:
                peer = self._parts.clients.peer(connection)
            else:
                client = self._parts.clients.client(connection)
        except ValueError as error:
            problem = str(error)
        except CtsecError as error:
            unopened = error.code
        entrance = self._parts.entrance.entrance(organization)
        return OwnSide(
            connection=connection,
            client=client,
            peer=peer,
            problem=problem,
            unopened=unopened,
            redirect_uri=peer.trust.acs_url if peer is not None else self._parts.policy.redirect_uri(self._parts.base_url, connection.id),
            domains=frozenset(each.name for each in self._parts.domains.of_organization(organization)),
            tried_at=self.passed_at(connection),
            required_from=entrance.required_from,
            codes_left=entrance.codes_left,
            only_way=self._parts.entrances.enabled(organization) == frozenset({connection.id}),
        )

    def passed_at(self, connection: Connection) -> datetime | None:
        """Return when a dry run of these very settings passed last, within 90 days; None if none did."""
        live = self._parts.proofs.live(Purpose.SSO_DRY_RUN, connection.id, now=self._ambient.now())
        wanted = tried_settings(connection)
        return max((each.issued_at for each in live if each.claims.get("settings") == wanted), default=None)

    def tried(self, actor: Principal, connection: Connection, *, problem: str) -> None:
        """Record how a dry run ended, in one word (empty: it passed)."""
        now = self._ambient.now()
        if not problem:
            self._parts.proofs.void(Purpose.SSO_DRY_RUN, connection.id, now=now)
            proof = Proof(
                purpose=Purpose.SSO_DRY_RUN,
                digest=mint_token(random=self._ambient.random)[1],
                subject=connection.id,
                issued_at=now,
                expires_at=now + TRIED_LIFE,
                claims={"settings": tried_settings(connection)},
            )
            self._parts.proofs.issue((proof,))
        self._audit.note(
            EventName.SSO_CONNECTION_TRIED,
            actor=actor,
            targets=(Target("sso_connection", connection.id),),
            organization=connection.organization_id,
            details={"passed": not problem, "problem": problem or None},
        )

    def judge(self, connection: Connection, identity: ExternalIdentity, *, domains: frozenset[str]) -> Arrival:
        """Return what a sign-in of somebody would come to; nothing changes. `domains` are the organization's."""
        linked = self._parts.identities.get(identity_digest(*identity.key))
        user: UserId | None
        if linked is not None:
            why, user = self._known(connection, identity, linked.user_id, by=linked.linked_by), linked.user_id
            account = Account.LINKED
        else:
            why, account, user = self._newcomer(connection, identity)
        trusted = ConnectionSettings.read(connection.settings).trusts(identity)
        own = user is not None and bool(self._parts.factors.enrolled(user))
        own_address = (identity.email or "").rpartition("@")[2].lower() in domains
        return Arrival(
            why=why,
            account=account,
            user=user,
            second_factor=SecondFactor.PROVIDER if trusted else SecondFactor.OWN if own else SecondFactor.NONE,
            own_address=own_address,
            foreseen=self._parts.provisioning.foresee(connection, identity, may_link=identity.email_verified),
        )

    def _known(self, connection: Connection, identity: ExternalIdentity, user_id: UserId, *, by: LinkedBy) -> str:
        user, provisioning = self._parts.accounts.get(user_id), self._parts.provisioning
        membership = self._parts.memberships.get(connection.organization_id, user_id, fresh=True)
        if user is None:
            return "no_account"
        if membership is None:
            invited = self._parts.invitations.invited(connection.organization_id, user.email_key)
            why = provisioning.barred(connection, identity) if invited else "not_a_member"
        else:
            why = barring(membership, by) or provisioning.barred(connection, identity)
        return why or ("account_disabled" if user.status is not UserStatus.ACTIVE else "")

    def _newcomer(self, connection: Connection, identity: ExternalIdentity) -> tuple[str, Account, UserId | None]:
        try:
            key = parse_email(identity.email or "")[1]
        except ValueError:
            return "no_address", Account.NONE, None
        domain = self._parts.domains.get(key.rpartition("@")[2])
        if domain is None or domain.organization_id != connection.organization_id:
            return "address_of_another_domain", Account.NONE, None
        user, provisioning = self._parts.accounts.by_email(key), self._parts.provisioning
        if user is None:
            return provisioning.barred(connection, identity), Account.NEW, None
        if not identity.email_verified and not self._parts.same.pushed(connection, identity.subject, user=user.id):
            return "address_not_verified", Account.NONE, user.id
        if user.status is not UserStatus.ACTIVE:
            return "account_disabled", Account.NONE, user.id
        membership = self._parts.memberships.get(connection.organization_id, user.id, fresh=True)
        why = barring(membership, LinkedBy.ADDRESS) if membership is not None else provisioning.departed(connection, user)
        if not why and membership is not None and identity.email_verified and user.email_verified_at is not None:
            why = "another_subject" if self._parts.same.another(connection, identity, user=user.id) else ""
        return why or provisioning.barred(connection, identity), Account.ADDRESS, user.id
