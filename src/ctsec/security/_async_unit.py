"""A unit of work: every service over one transaction (async source)."""

from __future__ import annotations

from ctsec.audit._async import AsyncSequencer
from ctsec.audit._async_managers import AsyncManagers
from ctsec.audit.alerts._async import AsyncAlerts
from ctsec.audit.erasure._async import AsyncErasures
from ctsec.audit.retention._async import AsyncRetention, AsyncRetentionParts
from ctsec.directory._async import AsyncDirectory
from ctsec.directory._async_alarm import AsyncOwnerAlarm
from ctsec.encryption._async_columns import AsyncColumns
from ctsec.encryption._async_customer_keys import AsyncCustomerKeyParts, AsyncCustomerKeys
from ctsec.encryption._async_data_keys import AsyncDataKeys
from ctsec.encryption._async_secrets import AsyncSecrets
from ctsec.lazy import kept
from ctsec.rbac._async import AsyncRoles
from ctsec.rbac._async_break_glass import AsyncBreakGlass
from ctsec.rbac._async_custom import AsyncCustomRoles
from ctsec.rbac._async_elevations import AsyncElevations
from ctsec.rbac._async_lists import AsyncLists
from ctsec.recovery._async import AsyncMfaResets
from ctsec.residency._async import AsyncResidency, AsyncResidencyParts
from ctsec.security._async_people import AsyncPeople
from ctsec.security._async_programs import AsyncPrograms
from ctsec.security._async_sso_services import AsyncSsoServices
from ctsec.vault._async import AsyncVault, AsyncVaultParts


class AsyncUnit(AsyncPeople, AsyncPrograms, AsyncSsoServices):
    """Every service over one transaction; what they change is committed or rolled back together, with its audit events."""

    __slots__ = ()

    @kept
    def directory(self) -> AsyncDirectory:
        """Organizations, workspaces and accounts."""
        return AsyncDirectory(
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
    def roles(self) -> AsyncRoles:
        """Roles and decisions."""
        return AsyncRoles(acting=self._acting, assignments=self._store.assignments)

    @kept
    def lists(self) -> AsyncLists:
        """The workspaces in which somebody has a permission."""
        store = self._store
        return AsyncLists(
            policies=self._policies, standings=store.standings, methods=self._parts.methods, records=store.lists, ambient=self._ambient
        )

    @kept
    def custom_roles(self) -> AsyncCustomRoles:
        """Organizations' own workspace roles."""
        return AsyncCustomRoles(base=self._parts.policy, acting=self._acting, records=self._store.custom_roles, epochs=self._store.epochs)

    @kept
    def elevations(self) -> AsyncElevations:
        """Roles for a time, asked for and approved."""
        return AsyncElevations(acting=self._acting, records=self._store.elevations, policy=self._parts.settings.elevations)

    @kept
    def _alarm(self) -> AsyncOwnerAlarm:
        return AsyncOwnerAlarm(users=self._store.users, roster=self._store.roster, post=self._outbox, letters=self._parts.letters)

    @kept
    def break_glass(self) -> AsyncBreakGlass:
        """Roles taken in an emergency."""
        return AsyncBreakGlass(
            acting=self._acting,
            permits=self._store.break_glass,
            elevations=self._store.elevations,
            alarm=self._alarm,
            policy=self._parts.settings.elevations,
        )

    @kept
    def mfa_resets(self) -> AsyncMfaResets:
        """Second factors of members, reset by their administrators."""
        return AsyncMfaResets(self._recovery, audit=self.audit, ambient=self._ambient)

    @kept
    def sequencer(self) -> AsyncSequencer:
        """What moves committed events into the log; the worker's job calls it."""
        return AsyncSequencer(inbox=self._store.inbox, log=self._store.log, aside=self._guard.events)

    @kept
    def _managers(self) -> AsyncManagers:
        return AsyncManagers(self._authority, audit=self.audit, ambient=self._ambient)

    @kept
    def retention(self) -> AsyncRetention:
        """How long the log is kept, and legal holds on it."""
        store = self._store
        parts = AsyncRetentionParts(
            records=store.retention, purges=store.purges, log=store.log, managers=self._managers, policy=self._parts.settings.retention
        )
        return AsyncRetention(parts, audit=self.audit, ambient=self._ambient)

    @kept
    def erasures(self) -> AsyncErasures:
        """Persons whose traces in the log become unreadable, as operators ask for it."""
        return AsyncErasures(self._store.erasures, audit=self.audit, ambient=self._ambient)

    @kept
    def alerts(self) -> AsyncAlerts:
        """What rules found in the logs: seen, acknowledged, muted."""
        return AsyncAlerts(
            self._store.alerts, managers=self._managers, policy=self._parts.settings.alerts, audit=self.audit, ambient=self._ambient
        )

    @kept
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

    @kept
    def columns(self) -> AsyncColumns:
        """Encrypted columns of the host's own rows."""
        return AsyncColumns(self.secrets, records=self._store.index_keys, keys=self._index_keys, audit=self.audit, ambient=self._ambient)

    @kept
    def data_keys(self) -> AsyncDataKeys:
        """The data keys of organizations."""
        return AsyncDataKeys(
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
    def customer_keys(self) -> AsyncCustomerKeys:
        """The keys of organizations' own at their key services."""
        return AsyncCustomerKeys(
            self._engines.secrets,
            parts=AsyncCustomerKeyParts(
                records=self._store.customer_keys, deks=self._store.deks, rights=self._authority, epochs=self._store.epochs
            ),
            policy=self._parts.settings.customer_keys,
            audit=self.audit,
            ambient=self._ambient,
        )

    @kept
    def vault(self) -> AsyncVault:
        """Credentials of organizations."""
        return AsyncVault(
            AsyncVaultParts(
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
    def residency(self) -> AsyncResidency:
        """Moves of workspaces between regions."""
        parts = AsyncResidencyParts(moves=self._store.moves, pins=self._store.workspaces, rights=self._authority)
        return AsyncResidency(self._parts.settings.regions, parts=parts, audit=self.audit, ambient=self._ambient)
