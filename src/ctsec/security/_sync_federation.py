# Generated from src/ctsec/security/_async_federation.py by tools/twin.py; edit that file.
"""What a unit of work has for organizations' providers: connections, who comes in through them, and what that rests on (async source)."""

from __future__ import annotations

from ctsec.authn._sync_federated import FederatedSignIn
from ctsec.directory._sync_alarm import OwnerAlarm
from ctsec.encryption._sync_secrets import Secrets
from ctsec.security._sync_people import People
from ctsec.sso._sync_arrivals import ArrivalParts, Arrivals
from ctsec.sso._sync_checks import CheckParts, Checks
from ctsec.sso._sync_connections import ConnectionParts, Connections
from ctsec.sso._sync_domain_claims import DomainClaimParts, DomainClaims
from ctsec.sso._sync_entrances import EntranceParts, Entrances
from ctsec.sso._sync_glass import Glass, GlassParts
from ctsec.sso._sync_grants import GrantParts, Grants
from ctsec.sso._sync_notices import Notices
from ctsec.sso._sync_pending import PendingParts, PendingSignIns
from ctsec.sso._sync_provisioning import Provisioning, ProvisioningParts


class Federation(People):
    """The services of single sign-on, and the sealer of secrets that they and others share."""

    __slots__ = ()

    @property
    def secrets(self) -> Secrets:
        """What belongs to an organization, sealed and opened."""
        return Secrets(
            self._engines.secrets,
            records=self._store.deks,
            customer_keys=self._store.customer_keys,
            organizations=self._store.organizations,
            epochs=self._store.epochs,
            made=self._made,
            audit=self.audit,
            ambient=self._ambient,
        )

    @property
    def connections(self) -> Connections:
        """Connections to identity providers."""
        parts = ConnectionParts(
            records=self._store.connections,
            entrances=self._store.entrances,
            domains=self._store.domains,
            rights=self._authority,
            sealer=self.secrets,
            epochs=self._store.epochs,
            policy=self._parts.settings.single_sign_on,
            base_url=self._parts.settings.base_url,
        )
        return Connections(parts, audit=self.audit, ambient=self._ambient)

    @property
    def domain_claims(self) -> DomainClaims:
        """Claims of domains; `security.domain_proofs` proves them."""
        store = self._store
        parts = DomainClaimParts(
            claims=store.domain_claims,
            domains=store.domains,
            organizations=store.organizations,
            rights=self._authority,
            alarm=OwnerAlarm(users=store.users, roster=store.roster, post=self._outbox, letters=self._parts.letters),
        )
        return DomainClaims(parts, audit=self.audit, ambient=self._ambient)

    @property
    def sso_entrance(self) -> Entrances:
        """Whether organizations are entered through their provider only."""
        store = self._store
        parts = EntranceParts(
            records=store.entrances,
            codes=store.glass_codes,
            identities=store.identities,
            memberships=store.memberships,
            organizations=store.organizations,
            rights=self._authority,
            epochs=store.epochs,
            proofs=self._guard.proofs,
        )
        return Entrances(parts, audit=self.audit, ambient=self._ambient)

    @property
    def sso_glass(self) -> Glass:
        """Break-glass codes of owners."""
        store = self._store
        parts = GlassParts(
            entrances=store.entrances,
            codes=store.glass_codes,
            sessions=store.sessions,
            memberships=store.memberships,
            organizations=store.organizations,
            rights=self._authority,
            epochs=store.epochs,
            proofs=self._guard.proofs,
            stretcher=self._engines.slow_hash,
            throttle=self._throttle,
            alarm=OwnerAlarm(users=store.users, roster=store.roster, post=self._outbox, letters=self._parts.letters),
        )
        return Glass(parts, audit=self.audit, ambient=self._ambient)

    @property
    def sso_pending(self) -> PendingSignIns:
        """Sign-ins on their way to a provider and back; `security.sso` calls it."""
        parts = PendingParts(
            connections=self._store.connections, proofs=self._guard.proofs, sealer=self._engines.secrets, throttle=self._throttle
        )
        return PendingSignIns(parts, audit=self.audit, ambient=self._ambient)

    @property
    def sso(self) -> Arrivals:
        """Who comes in through connections; `security.sso` calls it, and hosts ask it for the ways in."""
        store = self._store
        parts = ArrivalParts(
            connections=store.connections,
            identities=store.identities,
            domains=store.domains,
            accounts=store.users,
            organizations=store.organizations,
            memberships=store.memberships,
            passwords=self.accounts,
            epochs=store.epochs,
            provisioning=self.provisioning,
            journey=FederatedSignIn(self._sign_in, audit=self.audit, ambient=self._ambient),
            grants=self.sso_grants,
        )
        return Arrivals(parts, audit=self.audit, ambient=self._ambient)

    @property
    def provisioning(self) -> Provisioning:
        """What providers tell of their people, carried out; hosts ask it for attributes."""
        store = self._store
        parts = ProvisioningParts(
            identities=store.identities,
            accounts=store.users,
            domains=store.domains,
            organizations=store.organizations,
            memberships=store.memberships,
            workspaces=store.workspaces,
            assignments=store.assignments,
            standings=store.standings,
            policies=self._policies,
            departures=self._departures,
            epochs=store.epochs,
        )
        return Provisioning(parts, audit=self.audit, ambient=self._ambient)

    @property
    def sso_grants(self) -> Grants:
        """What sessions through connections rest on."""
        return Grants(self._grants, audit=self.audit, ambient=self._ambient)

    @property
    def sso_notices(self) -> Notices:
        """What providers said is over."""
        return Notices(self._guard.proofs, audit=self.audit, ambient=self._ambient)

    @property
    def sso_checks(self) -> Checks:
        """Sessions through connections, as the worker asks their providers about them."""
        parts = CheckParts(identities=self._store.identities, clients=self.connections, refreshed=self.provisioning)
        return Checks(self._grants, more=parts, grants=self.sso_grants, ambient=self._ambient)

    @property
    def _grants(self) -> GrantParts:
        return GrantParts(
            grants=self._store.grants,
            connections=self._store.connections,
            sessions=self._store.sessions,
            leaving=self.sessions,
            sealer=self.secrets,
            epochs=self._store.epochs,
            policy=self._parts.settings.single_sign_on,
            base_url=self._parts.settings.base_url,
        )
