"""A unit of work: the services of single sign-on and of provisioning (async source)."""

from __future__ import annotations

from abc import abstractmethod

from ctsec.ambient import Ambient
from ctsec.audit._async import AsyncAuditLog
from ctsec.authn._async import AsyncSignInParts
from ctsec.authn._async_accounts import AsyncAccounts
from ctsec.authn._async_federated import AsyncFederatedSignIn
from ctsec.authn._async_sessions import AsyncSessions
from ctsec.directory._async_alarm import AsyncOwnerAlarm
from ctsec.directory._async_departures import AsyncDepartures
from ctsec.encryption._async_secrets import AsyncSecrets
from ctsec.guard._async import AsyncThrottle
from ctsec.guard._async_ports import AsyncGuardStore
from ctsec.lazy import kept
from ctsec.mail._async import AsyncOutbox
from ctsec.mfa._async import AsyncMfa
from ctsec.mfa._async_parts import AsyncMfaParts
from ctsec.mfa._async_removal import AsyncFactorRemoval
from ctsec.rbac._async_authority import AsyncAuthority
from ctsec.rbac._async_custom import AsyncPolicies
from ctsec.security._async_engines import AsyncEngines
from ctsec.security._async_federation import (
    arrival_parts,
    connection_parts,
    entrance_parts,
    glass_parts,
    identity_parts,
    provisioning_parts,
    trial_parts,
    watch_parts,
)
from ctsec.security._async_scim_parts import AsyncScim, scim_people_parts, scim_services
from ctsec.security.parts import Parts
from ctsec.sso._async_arrivals import AsyncArrivals
from ctsec.sso._async_checks import AsyncCheckParts, AsyncChecks
from ctsec.sso._async_connections import AsyncConnections
from ctsec.sso._async_domain_claims import AsyncDomainClaimParts, AsyncDomainClaims
from ctsec.sso._async_entrances import AsyncEntrances
from ctsec.sso._async_glass import AsyncGlass
from ctsec.sso._async_grants import AsyncGrantParts, AsyncGrants
from ctsec.sso._async_identities import AsyncIdentities
from ctsec.sso._async_notices import AsyncNotices
from ctsec.sso._async_own_keys import AsyncOwnKeys
from ctsec.sso._async_pending import AsyncPendingParts, AsyncPendingSignIns
from ctsec.sso._async_provisioning import AsyncProvisioning
from ctsec.sso._async_ready import AsyncReady
from ctsec.sso._async_saml_departures import AsyncSamlDepartures
from ctsec.sso._async_saml_messages import AsyncSamlMessages
from ctsec.sso._async_saml_watch import AsyncSamlWatch
from ctsec.sso._async_trials import AsyncTrials
from ctsec.storage._async_ports import AsyncStore


class AsyncSsoServices:
    """Connections, who comes in through them, and what is pushed; a part of `AsyncUnit`, over the same transaction."""

    __slots__ = ()

    _store: AsyncStore
    _guard: AsyncGuardStore
    _engines: AsyncEngines
    _parts: Parts
    _ambient: Ambient

    @kept
    def connections(self) -> AsyncConnections:
        """Connections to identity providers."""
        parts = connection_parts(self._store, rights=self._authority, sealer=self.secrets, settings=self._parts.settings)
        return AsyncConnections(parts, audit=self.audit, ambient=self._ambient)

    @kept
    def sso_ready(self) -> AsyncReady:
        """Connections with their secrets opened; `security.sso` calls it."""
        return AsyncReady(connection_parts(self._store, rights=self._authority, sealer=self.secrets, settings=self._parts.settings))

    @kept
    def domain_claims(self) -> AsyncDomainClaims:
        """Claims of domains; `security.domain_proofs` proves them."""
        store = self._store
        parts = AsyncDomainClaimParts(
            claims=store.domain_claims,
            domains=store.domains,
            organizations=store.organizations,
            rights=self._authority,
            alarm=self._alarm,
        )
        return AsyncDomainClaims(parts, audit=self.audit, ambient=self._ambient)

    @kept
    def sso_entrance(self) -> AsyncEntrances:
        """Whether organizations are entered through their provider only."""
        parts = entrance_parts(self._store, rights=self._authority, proofs=self._guard.proofs, alarm=self._alarm)
        return AsyncEntrances(parts, audit=self.audit, ambient=self._ambient)

    @kept
    def sso_glass(self) -> AsyncGlass:
        """Break-glass codes of owners."""
        parts = glass_parts(
            self._store,
            rights=self._authority,
            guard=self._guard,
            throttle=self._throttle,
            stretcher=self._engines.slow_hash,
            alarm=self._alarm,
        )
        return AsyncGlass(parts, audit=self.audit, ambient=self._ambient)

    @kept
    def sso_pending(self) -> AsyncPendingSignIns:
        """Sign-ins on their way to a provider and back; `security.sso` calls it."""
        parts = AsyncPendingParts(
            connections=self._store.connections, proofs=self._guard.proofs, sealer=self._engines.secrets, throttle=self._throttle
        )
        return AsyncPendingSignIns(parts, audit=self.audit, ambient=self._ambient)

    @kept
    def saml_messages(self) -> AsyncSamlMessages:
        """Requests of SAML on their way, and assertions that came; `security.sso` calls it."""
        return AsyncSamlMessages(self._guard.proofs, throttle=self._throttle, ambient=self._ambient)

    @kept
    def saml_departures(self) -> AsyncSamlDepartures:
        """Requests of SAML to sign out at providers; `security.sso` calls it."""
        return AsyncSamlDepartures(self.sso_ready, proofs=self._guard.proofs, ambient=self._ambient)

    @kept
    def sso(self) -> AsyncArrivals:
        """Who comes in through connections; `security.sso` calls it, and hosts ask it for the ways in."""
        journey = AsyncFederatedSignIn(self._sign_in, audit=self.audit, ambient=self._ambient)
        factors = AsyncFactorRemoval(self._factors, mfa=self.mfa)
        parts = arrival_parts(self, self._store, passwords=self.accounts, factors=factors, journey=journey)
        return AsyncArrivals(parts, audit=self.audit, ambient=self._ambient)

    @kept
    def sso_identities(self) -> AsyncIdentities:
        """Whose account identities at providers are, and how they are unlinked."""
        parts = identity_parts(self, self._store, rights=self._authority, post=self._outbox, letters=self._parts.letters)
        return AsyncIdentities(parts, audit=self.audit, ambient=self._ambient)

    @kept
    def provisioning(self) -> AsyncProvisioning:
        """What providers tell of their people, carried out; hosts ask it for attributes."""
        parts = provisioning_parts(self._store, policies=self._policies, departures=self._departures)
        return AsyncProvisioning(parts, audit=self.audit, ambient=self._ambient)

    @kept
    def sso_grants(self) -> AsyncGrants:
        """What sessions through connections rest on."""
        return AsyncGrants(self._grants, audit=self.audit, ambient=self._ambient)

    @kept
    def sso_notices(self) -> AsyncNotices:
        """What providers said is over."""
        return AsyncNotices(self._guard.proofs, audit=self.audit, ambient=self._ambient)

    @kept
    def sso_checks(self) -> AsyncChecks:
        """Sessions through connections, as the worker asks their providers about them."""
        parts = AsyncCheckParts(identities=self._store.identities, clients=self.sso_ready, refreshed=self.provisioning)
        return AsyncChecks(self._grants, more=parts, grants=self.sso_grants, ambient=self._ambient)

    @kept
    def own_keys(self) -> AsyncOwnKeys:
        """Our keys of connections that speak SAML."""
        parts = connection_parts(self._store, rights=self._authority, sealer=self.secrets, settings=self._parts.settings)
        return AsyncOwnKeys(parts, audit=self.audit, ambient=self._ambient)

    @kept
    def saml_watch(self) -> AsyncSamlWatch:
        """Metadata of providers beside what is believed; `security.sso.saml_metadata` calls it."""
        parts = watch_parts(self._store, rights=self._authority, proofs=self._guard.proofs, alarm=self._alarm)
        return AsyncSamlWatch(parts, audit=self.audit, ambient=self._ambient)

    @kept
    def sso_trials(self) -> AsyncTrials:
        """What a sign-in would come to; `security.sso` calls it."""
        settings, departures = self._parts.settings, self._departures
        parts = trial_parts(self, self._store, departures=departures, proofs=self._guard.proofs, settings=settings, ambient=self._ambient)
        return AsyncTrials(parts, audit=self.audit, ambient=self._ambient)

    @kept
    def _grants(self) -> AsyncGrantParts:
        return AsyncGrantParts(
            grants=self._store.grants,
            connections=self._store.connections,
            sessions=self._store.sessions,
            leaving=self.sessions,
            sealer=self.secrets,
            epochs=self._store.epochs,
            departures=self.saml_departures,
            policy=self._parts.settings.single_sign_on,
            base_url=self._parts.settings.base_url,
        )

    @kept
    def scim(self) -> AsyncScim:
        """What providers push, and the connections that they push it through."""
        parts = scim_people_parts(self._store, provisioning=self.provisioning, departures=self._departures)
        return scim_services(parts, self._store, rights=self._authority, audit=self.audit, ambient=self._ambient)

    @property
    @abstractmethod
    def audit(self) -> AsyncAuditLog:
        """The audit log."""

    @property
    @abstractmethod
    def accounts(self) -> AsyncAccounts:
        """Sign-up, verification, password change and reset."""

    @property
    @abstractmethod
    def mfa(self) -> AsyncMfa:
        """Second factors."""

    @property
    @abstractmethod
    def sessions(self) -> AsyncSessions:
        """Sessions of people."""

    @property
    @abstractmethod
    def secrets(self) -> AsyncSecrets:
        """What belongs to an organization, sealed and opened."""

    @property
    @abstractmethod
    def _authority(self) -> AsyncAuthority: ...

    @property
    @abstractmethod
    def _alarm(self) -> AsyncOwnerAlarm: ...

    @property
    @abstractmethod
    def _throttle(self) -> AsyncThrottle: ...

    @property
    @abstractmethod
    def _outbox(self) -> AsyncOutbox: ...

    @property
    @abstractmethod
    def _sign_in(self) -> AsyncSignInParts: ...

    @property
    @abstractmethod
    def _factors(self) -> AsyncMfaParts: ...

    @property
    @abstractmethod
    def _policies(self) -> AsyncPolicies: ...

    @property
    @abstractmethod
    def _departures(self) -> AsyncDepartures: ...
