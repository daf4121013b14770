# Generated from src/ctsec/security/_async_sso_services.py by tools/twin.py; edit that file.
"""A unit of work: the services of single sign-on and of provisioning (async source)."""

from __future__ import annotations

from abc import abstractmethod

from ctsec.ambient import Ambient
from ctsec.audit._sync import AuditLog
from ctsec.authn._sync import SignInParts
from ctsec.authn._sync_accounts import Accounts
from ctsec.authn._sync_federated import FederatedSignIn
from ctsec.authn._sync_sessions import Sessions
from ctsec.directory._sync_alarm import OwnerAlarm
from ctsec.directory._sync_departures import Departures
from ctsec.encryption._sync_secrets import Secrets
from ctsec.guard._sync import Throttle
from ctsec.guard._sync_ports import GuardStore
from ctsec.lazy import kept
from ctsec.mail._sync import Outbox
from ctsec.mfa._sync import Mfa
from ctsec.mfa._sync_parts import MfaParts
from ctsec.mfa._sync_removal import FactorRemoval
from ctsec.rbac._sync_authority import Authority
from ctsec.rbac._sync_custom import Policies
from ctsec.security._sync_engines import Engines
from ctsec.security._sync_federation import (
    arrival_parts,
    connection_parts,
    entrance_parts,
    glass_parts,
    identity_parts,
    provisioning_parts,
    trial_parts,
    watch_parts,
)
from ctsec.security._sync_scim_parts import Scim, scim_people_parts, scim_services
from ctsec.security.parts import Parts
from ctsec.sso._sync_arrivals import Arrivals
from ctsec.sso._sync_checks import CheckParts, Checks
from ctsec.sso._sync_connections import Connections
from ctsec.sso._sync_domain_claims import DomainClaimParts, DomainClaims
from ctsec.sso._sync_entrances import Entrances
from ctsec.sso._sync_glass import Glass
from ctsec.sso._sync_grants import GrantParts, Grants
from ctsec.sso._sync_identities import Identities
from ctsec.sso._sync_notices import Notices
from ctsec.sso._sync_own_keys import OwnKeys
from ctsec.sso._sync_pending import PendingParts, PendingSignIns
from ctsec.sso._sync_provisioning import Provisioning
from ctsec.sso._sync_ready import Ready
from ctsec.sso._sync_saml_departures import SamlDepartures
from ctsec.sso._sync_saml_messages import SamlMessages
from ctsec.sso._sync_saml_watch import SamlWatch
from ctsec.sso._sync_trials import Trials
from ctsec.storage._sync_ports import Store


class SsoServices:
    """Connections, who comes in through them, and what is pushed; a part of `Unit`, over the same transaction."""

    __slots__ = ()

    _store: Store
    _guard: GuardStore
    _engines: Engines
    _parts: Parts
    _ambient: Ambient

    @kept
    def connections(self) -> Connections:
        """Connections to identity providers."""
        parts = connection_parts(self._store, rights=self._authority, sealer=self.secrets, settings=self._parts.settings)
        return Connections(parts, audit=self.audit, ambient=self._ambient)

    @kept
    def sso_ready(self) -> Ready:
        """Connections with their secrets opened; `security.sso` calls it."""
        return Ready(connection_parts(self._store, rights=self._authority, sealer=self.secrets, settings=self._parts.settings))

    @kept
    def domain_claims(self) -> DomainClaims:
        """Claims of domains; `security.domain_proofs` proves them."""
        store = self._store
        parts = DomainClaimParts(
            claims=store.domain_claims,
            domains=store.domains,
            organizations=store.organizations,
            rights=self._authority,
            alarm=self._alarm,
        )
        return DomainClaims(parts, audit=self.audit, ambient=self._ambient)

    @kept
    def sso_entrance(self) -> Entrances:
        """Whether organizations are entered through their provider only."""
        parts = entrance_parts(self._store, rights=self._authority, proofs=self._guard.proofs, alarm=self._alarm)
        return Entrances(parts, audit=self.audit, ambient=self._ambient)

    @kept
    def sso_glass(self) -> Glass:
        """Break-glass codes of owners."""
        parts = glass_parts(
            self._store,
            rights=self._authority,
            guard=self._guard,
            throttle=self._throttle,
            stretcher=self._engines.slow_hash,
            alarm=self._alarm,
        )
        return Glass(parts, audit=self.audit, ambient=self._ambient)

    @kept
    def sso_pending(self) -> PendingSignIns:
        """Sign-ins on their way to a provider and back; `security.sso` calls it."""
        parts = PendingParts(
            connections=self._store.connections, proofs=self._guard.proofs, sealer=self._engines.secrets, throttle=self._throttle
        )
        return PendingSignIns(parts, audit=self.audit, ambient=self._ambient)

    @kept
    def saml_messages(self) -> SamlMessages:
        """Requests of SAML on their way, and assertions that came; `security.sso` calls it."""
        return SamlMessages(self._guard.proofs, throttle=self._throttle, ambient=self._ambient)

    @kept
    def saml_departures(self) -> SamlDepartures:
        """Requests of SAML to sign out at providers; `security.sso` calls it."""
        return SamlDepartures(self.sso_ready, proofs=self._guard.proofs, ambient=self._ambient)

    @kept
    def sso(self) -> Arrivals:
        """Who comes in through connections; `security.sso` calls it, and hosts ask it for the ways in."""
        journey = FederatedSignIn(self._sign_in, audit=self.audit, ambient=self._ambient)
        factors = FactorRemoval(self._factors, mfa=self.mfa)
        parts = arrival_parts(self, self._store, passwords=self.accounts, factors=factors, journey=journey)
        return Arrivals(parts, audit=self.audit, ambient=self._ambient)

    @kept
    def sso_identities(self) -> Identities:
        """Whose account identities at providers are, and how they are unlinked."""
        parts = identity_parts(self, self._store, rights=self._authority, post=self._outbox, letters=self._parts.letters)
        return Identities(parts, audit=self.audit, ambient=self._ambient)

    @kept
    def provisioning(self) -> Provisioning:
        """What providers tell of their people, carried out; hosts ask it for attributes."""
        parts = provisioning_parts(self._store, policies=self._policies, departures=self._departures)
        return Provisioning(parts, audit=self.audit, ambient=self._ambient)

    @kept
    def sso_grants(self) -> Grants:
        """What sessions through connections rest on."""
        return Grants(self._grants, audit=self.audit, ambient=self._ambient)

    @kept
    def sso_notices(self) -> Notices:
        """What providers said is over."""
        return Notices(self._guard.proofs, audit=self.audit, ambient=self._ambient)

    @kept
    def sso_checks(self) -> Checks:
        """Sessions through connections, as the worker asks their providers about them."""
        parts = CheckParts(identities=self._store.identities, clients=self.sso_ready, refreshed=self.provisioning)
        return Checks(self._grants, more=parts, grants=self.sso_grants, ambient=self._ambient)

    @kept
    def own_keys(self) -> OwnKeys:
        """Our keys of connections that speak SAML."""
        parts = connection_parts(self._store, rights=self._authority, sealer=self.secrets, settings=self._parts.settings)
        return OwnKeys(parts, audit=self.audit, ambient=self._ambient)

    @kept
    def saml_watch(self) -> SamlWatch:
        """Metadata of providers beside what is believed; `security.sso.saml_metadata` calls it."""
        parts = watch_parts(self._store, rights=self._authority, proofs=self._guard.proofs, alarm=self._alarm)
        return SamlWatch(parts, audit=self.audit, ambient=self._ambient)

    @kept
    def sso_trials(self) -> Trials:
        """What a sign-in would come to; `security.sso` calls it."""
        settings, departures = self._parts.settings, self._departures
        parts = trial_parts(self, self._store, departures=departures, proofs=self._guard.proofs, settings=settings, ambient=self._ambient)
        return Trials(parts, audit=self.audit, ambient=self._ambient)

    @kept
    def _grants(self) -> GrantParts:
        return GrantParts(
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
    def scim(self) -> Scim:
        """What providers push, and the connections that they push it through."""
        parts = scim_people_parts(self._store, provisioning=self.provisioning, departures=self._departures)
        return scim_services(parts, self._store, rights=self._authority, audit=self.audit, ambient=self._ambient)

    @property
    @abstractmethod
    def audit(self) -> AuditLog:
        """The audit log."""

    @property
    @abstractmethod
    def accounts(self) -> Accounts:
        """Sign-up, verification, password change and reset."""

    @property
    @abstractmethod
    def mfa(self) -> Mfa:
        """Second factors."""

    @property
    @abstractmethod
    def sessions(self) -> Sessions:
        """Sessions of people."""

    @property
    @abstractmethod
    def secrets(self) -> Secrets:
        """What belongs to an organization, sealed and opened."""

    @property
    @abstractmethod
    def _authority(self) -> Authority: ...

    @property
    @abstractmethod
    def _alarm(self) -> OwnerAlarm: ...

    @property
    @abstractmethod
    def _throttle(self) -> Throttle: ...

    @property
    @abstractmethod
    def _outbox(self) -> Outbox: ...

    @property
    @abstractmethod
    def _sign_in(self) -> SignInParts: ...

    @property
    @abstractmethod
    def _factors(self) -> MfaParts: ...

    @property
    @abstractmethod
    def _policies(self) -> Policies: ...

    @property
    @abstractmethod
    def _departures(self) -> Departures: ...
