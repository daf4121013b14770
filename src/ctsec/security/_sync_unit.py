# Generated from src/ctsec/security/_async_unit.py by tools/twin.py; edit that file.
"""A unit of work: every service over one transaction (async source)."""

from __future__ import annotations

from ctsec.audit._sync import Sequencer
from ctsec.audit._sync_managers import Managers
from ctsec.audit.alerts._sync import Alerts
from ctsec.audit.erasure._sync import Erasures
from ctsec.audit.retention._sync import Retention, RetentionParts
from ctsec.directory._sync import Directory
from ctsec.directory._sync_alarm import OwnerAlarm
from ctsec.encryption._sync_columns import Columns
from ctsec.encryption._sync_customer_keys import CustomerKeyParts, CustomerKeys
from ctsec.encryption._sync_data_keys import DataKeys
from ctsec.encryption._sync_secrets import Secrets
from ctsec.lazy import kept
from ctsec.rbac._sync import Roles
from ctsec.rbac._sync_break_glass import BreakGlass
from ctsec.rbac._sync_custom import CustomRoles
from ctsec.rbac._sync_elevations import Elevations
from ctsec.rbac._sync_lists import Lists
from ctsec.recovery._sync import MfaResets
from ctsec.residency._sync import Residency, ResidencyParts
from ctsec.security._sync_people import People
from ctsec.security._sync_programs import Programs
from ctsec.security._sync_sso_services import SsoServices
from ctsec.vault._sync import Vault, VaultParts


class Unit(People, Programs, SsoServices):
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
    def residency(self) -> Residency:
        """Moves of workspaces between regions."""
        parts = ResidencyParts(moves=self._store.moves, pins=self._store.workspaces, rights=self._authority)
        return Residency(self._parts.settings.regions, parts=parts, audit=self.audit, ambient=self._ambient)
