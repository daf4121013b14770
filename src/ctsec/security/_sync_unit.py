# Generated from src/ctsec/security/_async_unit.py by tools/twin.py; edit that file.
"""A unit of work: every service over one transaction (async source)."""

from __future__ import annotations

from ctsec.audit._sync import Sequencer
from ctsec.audit._sync_managers import Managers
from ctsec.audit.alerts._sync import Alerts
from ctsec.audit.erasure._sync import Erasures
from ctsec.audit.retention._sync import Retention, RetentionParts
from ctsec.authn._sync_federated import FederatedSignIn
from ctsec.directory._sync import Directory
from ctsec.directory._sync_alarm import OwnerAlarm
from ctsec.encryption._sync_columns import Columns
from ctsec.encryption._sync_customer_keys import CustomerKeyParts, CustomerKeys
from ctsec.encryption._sync_data_keys import DataKeys
from ctsec.encryption._sync_secrets import Secrets
from ctsec.lazy import kept
from ctsec.mfa._sync_removal import FactorRemoval
from ctsec.rbac._sync import Roles
from ctsec.rbac._sync_break_glass import BreakGlass
from ctsec.rbac._sync_custom import CustomRoles
from ctsec.rbac._sync_elevations import Elevations
from ctsec.rbac._sync_lists import Lists
from ctsec.recovery._sync import MfaResets
from ctsec.residency._sync import Residency, ResidencyParts
from ctsec.security._sync_federation import (
    arrival_parts,
    connection_parts,
    entrance_parts,
    glass_parts,
    provisioning_parts,
    trial_parts,
    watch_parts,
)
from ctsec.security._sync_people import People
from ctsec.security._sync_programs import Programs
from ctsec.security._sync_scim_parts import Scim, scim_people_parts, scim_services
from ctsec.sso._sync_arrivals import Arrivals
from ctsec.sso._sync_checks import CheckParts, Checks
from ctsec.sso._sync_connections import Connections
from ctsec.sso._sync_domain_claims import DomainClaimParts, DomainClaims
from ctsec.sso._sync_entrances import Entrances
from ctsec.sso._sync_glass import Glass
from ctsec.sso._sync_grants import GrantParts, Grants
from ctsec.sso._sync_notices import Notices
from ctsec.sso._sync_own_keys import OwnKeys
from ctsec.sso._sync_pending import PendingParts, PendingSignIns
from ctsec.sso._sync_provisioning import Provisioning
from ctsec.sso._sync_ready import Ready
from ctsec.sso._sync_saml_departures import SamlDepartures
from ctsec.sso._sync_saml_messages import SamlMessages
from ctsec.sso._sync_saml_watch import SamlWatch
from ctsec.sso._sync_trials import Trials
from ctsec.vault._sync import Vault, VaultParts


class Unit(People, Programs):
    """Every service over one transaction; what they change is committed or rolled back together, with its audit events."""

    __slots__ = ()

    @kept
    def directory(self) -> Directory:
        """Organizations, workspaces and accounts."""
        return Directory(
            users=self._store.users,
            organizations=self._store.organizations,
            workspaces=self._store.workspaces,
            memberships=self._store.memberships,
            roster=self._store.roster,
            epochs=self._store.epochs,
            devices=self._store.devices,
            authority=self._authority,
            audit=self.audit,
            ambient=self._ambient,
            regions=self._parts.settings.regions.names if self._parts.settings.regions is not None else (),
        )

    @kept
    def roles(self) -> Roles:
        """Roles and decisions."""
        return Roles(acting=self._acting, assignments=self._store.assignments)

    @kept
    def lists(self) -> Lists:
        """The workspaces in which somebody has a permission."""
        store = self._store
        return Lists(
            policies=self._policies, standings=store.standings, methods=self._parts.methods, records=store.lists, ambient=self._ambient
        )

    @kept
    def custom_roles(self) -> CustomRoles:
        """Organizations' own workspace roles."""
        return CustomRoles(base=self._parts.policy, acting=self._acting, records=self._store.custom_roles, epochs=self._store.epochs)

    @kept
    def elevations(self) -> Elevations:
        """Roles for a time, asked for and approved."""
        return Elevations(acting=self._acting, records=self._store.elevations, policy=self._parts.settings.elevations)

    @kept
    def _alarm(self) -> OwnerAlarm:
        return OwnerAlarm(users=self._store.users, roster=self._store.roster, post=self._outbox, letters=self._parts.letters)

    @kept
    def break_glass(self) -> BreakGlass:
        """Roles taken in an emergency."""
        return BreakGlass(
            acting=self._acting,
            permits=self._store.break_glass,
            elevations=self._store.elevations,
            alarm=self._alarm,
            policy=self._parts.settings.elevations,
        )

    @kept
    def mfa_resets(self) -> MfaResets:
        """Second factors of members, reset by their administrators."""
        return MfaResets(self._recovery, audit=self.audit, ambient=self._ambient)

    @kept
    def sequencer(self) -> Sequencer:
        """What moves committed events into the log; the worker's job calls it."""
        return Sequencer(inbox=self._store.inbox, log=self._store.log, aside=self._guard.events)

    @kept
    def _managers(self) -> Managers:
        return Managers(self._authority, audit=self.audit, ambient=self._ambient)

    @kept
    def retention(self) -> Retention:
        """How long the log is kept, and legal holds on it."""
        store = self._store
        parts = RetentionParts(
            records=store.retention, purges=store.purges, log=store.log, managers=self._managers, policy=self._parts.settings.retention
        )
        return Retention(parts, audit=self.audit, ambient=self._ambient)

    @kept
    def erasures(self) -> Erasures:
        """Persons whose traces in the log become unreadable, as operators ask for it."""
        return Erasures(self._store.erasures, audit=self.audit, ambient=self._ambient)

    @kept
    def alerts(self) -> Alerts:
        """What rules found in the logs: seen, acknowledged, muted."""
        return Alerts(
            self._store.alerts, managers=self._managers, policy=self._parts.settings.alerts, audit=self.audit, ambient=self._ambient
        )

    @kept
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

    @kept
    def columns(self) -> Columns:
        """Encrypted columns of the host's own rows."""
        return Columns(self.secrets, records=self._store.index_keys, keys=self._index_keys, audit=self.audit, ambient=self._ambient)

    @kept
    def data_keys(self) -> DataKeys:
        """The data keys of organizations."""
        return DataKeys(
            self._engines.secrets,
            records=self._store.deks,
            customer_keys=self._store.customer_keys,
            rights=self._authority,
            epochs=self._store.epochs,
            reencryptions=self._store.reencryptions,
            places=self._engines.places,
            audit=self.audit,
            ambient=self._ambient,
        )

    @kept
    def customer_keys(self) -> CustomerKeys:
        """The keys of organizations' own at their key services."""
        return CustomerKeys(
            self._engines.secrets,
            parts=CustomerKeyParts(
                records=self._store.customer_keys, deks=self._store.deks, rights=self._authority, epochs=self._store.epochs
            ),
            policy=self._parts.settings.customer_keys,
            audit=self.audit,
            ambient=self._ambient,
        )

    @kept
    def vault(self) -> Vault:
        """Credentials of organizations."""
        return Vault(
            VaultParts(
                records=self._store.credentials,
                places=self._store.workspaces,
                rights=self._authority,
                sealer=self.secrets,
                uses=self._parts.memory.credential_uses,
            ),
            audit=self.audit,
            ambient=self._ambient,
        )

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

    @kept
    def residency(self) -> Residency:
        """Moves of workspaces between regions."""
        parts = ResidencyParts(moves=self._store.moves, pins=self._store.workspaces, rights=self._authority)
        return Residency(self._parts.settings.regions, parts=parts, audit=self.audit, ambient=self._ambient)
