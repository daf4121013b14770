"""Record families of the store that belong together: single sign-on, life cycle, log (async source)."""

from __future__ import annotations

from typing import Protocol

from ctsec.audit.alerts._async_ports import AsyncAlertRecords
from ctsec.audit.erasure._async_ports import AsyncErasureRecords
from ctsec.audit.retention._async_ports import AsyncRetentionRecords
from ctsec.audit.streams._async_ports import AsyncPositionRecords
from ctsec.connections._async_ports import AsyncAppRecords
from ctsec.directory._async_lifecycle_ports import AsyncLifecycleRecords, AsyncParkedRecords
from ctsec.directory._async_service_ports import AsyncServiceAccountRecords
from ctsec.keys._async_owner_ports import AsyncKeyLists, AsyncKeyPolicyRecords
from ctsec.keys._async_workload_ports import AsyncWorkloadRuleRecords
from ctsec.sso._async_domain_ports import AsyncDomainClaimRecords
from ctsec.sso._async_record_ports import (
    AsyncConnectionRecords,
    AsyncEntranceRecords,
    AsyncGlassCodeRecords,
    AsyncGrantRecords,
    AsyncIdentityRecords,
)
from ctsec.sso.scim._async_ports import (
    AsyncScimConnectionRecords,
    AsyncScimGroupRecords,
    AsyncScimMemberRecords,
    AsyncScimUserRecords,
)


class AsyncSsoFamilies(Protocol):
    """What is kept of organizations' providers."""

    @property
    def domain_claims(self) -> AsyncDomainClaimRecords:
        """Claims of domains."""
        ...

    @property
    def connections(self) -> AsyncConnectionRecords:
        """Connections to identity providers."""
        ...

    @property
    def identities(self) -> AsyncIdentityRecords:
        """Whose account an identity at a provider is."""
        ...

    @property
    def entrances(self) -> AsyncEntranceRecords:
        """From when on organizations are entered through their provider only."""
        ...

    @property
    def glass_codes(self) -> AsyncGlassCodeRecords:
        """Break-glass codes of owners."""
        ...

    @property
    def grants(self) -> AsyncGrantRecords:
        """What sessions through providers rest on."""
        ...

    @property
    def scim_connections(self) -> AsyncScimConnectionRecords:
        """SCIM connections and their credentials."""
        ...

    @property
    def scim_users(self) -> AsyncScimUserRecords:
        """Users that providers pushed."""
        ...

    @property
    def scim_groups(self) -> AsyncScimGroupRecords:
        """Groups that providers pushed."""
        ...

    @property
    def scim_members(self) -> AsyncScimMemberRecords:
        """Who is in which of them."""
        ...


class AsyncPeopleFamilies(Protocol):
    """What is kept of people's coming and going."""

    @property
    def lifecycle(self) -> AsyncLifecycleRecords:
        """What organizations say of people who leave or are not there."""
        ...

    @property
    def parked(self) -> AsyncParkedRecords:
        """Workspace roles of people who left."""
        ...


class AsyncKeyFamilies(Protocol):
    """What is kept of the owners of API keys, and of what organizations ask of keys."""

    @property
    def service_accounts(self) -> AsyncServiceAccountRecords:
        """Service accounts."""
        ...

    @property
    def key_lists(self) -> AsyncKeyLists:
        """API keys of whole organizations."""
        ...

    @property
    def key_policies(self) -> AsyncKeyPolicyRecords:
        """What organizations ask of API keys."""
        ...

    @property
    def workload_rules(self) -> AsyncWorkloadRuleRecords:
        """Rules of workload identity."""
        ...


class AsyncAppFamilies(Protocol):
    """What is kept of connected apps, beside their tokens."""

    @property
    def apps(self) -> AsyncAppRecords:
        """Connections."""
        ...


class AsyncLogFamilies(Protocol):
    """What is kept of what is done with the logs, beside the logs themselves (`ctsec.audit.ports.AsyncSealedStore`)."""

    @property
    def retention(self) -> AsyncRetentionRecords:
        """The plans of the logs, and the holds on them."""
        ...

    @property
    def erasures(self) -> AsyncErasureRecords:
        """Erasures of persons."""
        ...

    @property
    def positions(self) -> AsyncPositionRecords:
        """How far streams and anchors of the logs are."""
        ...

    @property
    def alerts(self) -> AsyncAlertRecords:
        """What fired over the logs."""
        ...
