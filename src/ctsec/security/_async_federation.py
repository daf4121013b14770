"""What a unit of work has for organizations' providers: connections, who comes in through them, and what that rests on (async source)."""

from __future__ import annotations

from ctsec.authn._async_federated import AsyncFederatedSignIn
from ctsec.directory._async_alarm import AsyncOwnerAlarm
from ctsec.encryption._async_secrets import AsyncSecrets
from ctsec.security._async_people import AsyncPeople
from ctsec.sso._async_arrivals import AsyncArrivalParts, AsyncArrivals
from ctsec.sso._async_checks import AsyncCheckParts, AsyncChecks
from ctsec.sso._async_connections import AsyncConnectionParts, AsyncConnections
from ctsec.sso._async_domain_claims import AsyncDomainClaimParts, AsyncDomainClaims
from ctsec.sso._async_entrances import AsyncEntranceParts, AsyncEntrances
from ctsec.sso._async_glass import AsyncGlass, AsyncGlassParts
from ctsec.sso._async_grants import AsyncGrantParts, AsyncGrants
from ctsec.sso._async_notices import AsyncNotices
from ctsec.sso._async_pending import AsyncPendingParts, AsyncPendingSignIns
from ctsec.sso._async_provisioning import AsyncProvisioning, AsyncProvisioningParts


class AsyncFederation(AsyncPeople):
    """The services of single sign-on, and the sealer of secrets that they and others share."""

    __slots__ = ()

    @property
    def secrets(self) -> AsyncSecrets:
        """What belongs to an organization, sealed and opened."""
        return AsyncSecrets(
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
    def connections(self) -> AsyncConnections:
        """Connections to identity providers."""
        parts = AsyncConnectionParts(
            records=self._store.connections,
            entrances=self._store.entrances,
            domains=self._store.domains,
            rights=self._authority,
            sealer=self.secrets,
            epochs=self._store.epochs,
            policy=self._parts.settings.single_sign_on,
            base_url=self._parts.settings.base_url,
        )
        return AsyncConnections(parts, audit=self.audit, ambient=self._ambient)

    @property
    def domain_claims(self) -> AsyncDomainClaims:
        """Claims of domains; `security.domain_proofs` proves them."""
        store = self._store
        parts = AsyncDomainClaimParts(
            claims=store.domain_claims,
            domains=store.domains,
            organizations=store.organizations,
            rights=self._authority,
            alarm=AsyncOwnerAlarm(users=store.users, roster=store.roster, post=self._outbox, letters=self._parts.letters),
        )
        return AsyncDomainClaims(parts, audit=self.audit, ambient=self._ambient)

    @property
    def sso_entrance(self) -> AsyncEntrances:
        """Whether organizations are entered through their provider only."""
        store = self._store
        parts = AsyncEntranceParts(
            records=store.entrances,
            codes=store.glass_codes,
            identities=store.identities,
            memberships=store.memberships,
            organizations=store.organizations,
            rights=self._authority,
            epochs=store.epochs,
            proofs=self._guard.proofs,
        )
        return AsyncEntrances(parts, audit=self.audit, ambient=self._ambient)

    @property
    def sso_glass(self) -> AsyncGlass:
        """Break-glass codes of owners."""
        store = self._store
        parts = AsyncGlassParts(
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
            alarm=AsyncOwnerAlarm(users=store.users, roster=store.roster, post=self._outbox, letters=self._parts.letters),
        )
        return AsyncGlass(parts, audit=self.audit, ambient=self._ambient)

    @property
    def sso_pending(self) -> AsyncPendingSignIns:
        """Sign-ins on their way to a provider and back; `security.sso` calls it."""
        parts = AsyncPendingParts(
            connections=self._store.connections, proofs=self._guard.proofs, sealer=self._engines.secrets, throttle=self._throttle
        )
        return AsyncPendingSignIns(parts, audit=self.audit, ambient=self._ambient)

    @property
    def sso(self) -> AsyncArrivals:
        """Who comes in through connections; `security.sso` calls it, and hosts ask it for the ways in."""
        store = self._store
        parts = AsyncArrivalParts(
            connections=store.connections,
            identities=store.identities,
            domains=store.domains,
            accounts=store.users,
            organizations=store.organizations,
            memberships=store.memberships,
            passwords=self.accounts,
            epochs=store.epochs,
            provisioning=self.provisioning,
            journey=AsyncFederatedSignIn(self._sign_in, audit=self.audit, ambient=self._ambient),
            grants=self.sso_grants,
        )
        return AsyncArrivals(parts, audit=self.audit, ambient=self._ambient)

    @property
    def provisioning(self) -> AsyncProvisioning:
        """What providers tell of their people, carried out; hosts ask it for attributes."""
        store = self._store
        parts = AsyncProvisioningParts(
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
        return AsyncProvisioning(parts, audit=self.audit, ambient=self._ambient)

    @property
    def sso_grants(self) -> AsyncGrants:
        """What sessions through connections rest on."""
        return AsyncGrants(self._grants, audit=self.audit, ambient=self._ambient)

    @property
    def sso_notices(self) -> AsyncNotices:
        """What providers said is over."""
        return AsyncNotices(self._guard.proofs, audit=self.audit, ambient=self._ambient)

    @property
    def sso_checks(self) -> AsyncChecks:
        """Sessions through connections, as the worker asks their providers about them."""
        parts = AsyncCheckParts(identities=self._store.identities, clients=self.connections, refreshed=self.provisioning)
        return AsyncChecks(self._grants, more=parts, grants=self.sso_grants, ambient=self._ambient)

    @property
    def _grants(self) -> AsyncGrantParts:
        return AsyncGrantParts(
            grants=self._store.grants,
            connections=self._store.connections,
            sessions=self._store.sessions,
            leaving=self.sessions,
            sealer=self.secrets,
            epochs=self._store.epochs,
            policy=self._parts.settings.single_sign_on,
            base_url=self._parts.settings.base_url,
        )
